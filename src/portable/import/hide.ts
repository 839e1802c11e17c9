import type { Pair } from "./client-server.ts"
import { isSecret, looksSecret } from "./secrets.ts"
import type { Writer } from "./server-entry.ts"
import { variableName } from "./variables.ts"

const withScheme = /^((?:Bearer|Basic|Token|Api-?Key|Key)\s+)?(\S[\s\S]*)$/i

/** A header's value without its secret; the scheme before it stays. */
export function hiddenHeader([name, value]: Pair, writer: Writer): Pair {
  const use = `header ${name}`
  if (!isSecret(name, value)) return [name, writer.plain(value, use)]
  const [, scheme = "", credential = value] = withScheme.exec(value) ?? []
  const wish = name.toLowerCase() === "authorization" ? "token" : name.replace(/^x-/i, "")
  return [name, scheme + own(credential, use, wish, writer)]
}

/** Arguments without their secrets: after a flag, behind a `=`, in a header, or by their looks. */
export function hiddenArguments(args: readonly string[], writer: Writer): readonly string[] {
  return args.map((arg, index) => {
    const flag = /^-{1,2}[A-Za-z][\w-]*$/.exec(args[index - 1] ?? "")?.[0]
    return hiddenArgument(arg, flag, `argument ${index + 1}`, writer)
  })
}

function hiddenArgument(
  arg: string,
  flag: string | undefined,
  position: string,
  writer: Writer,
): string {
  const hidden = hiddenIn(arg, position, writer)
  if (hidden !== undefined) return hidden
  if (/^https?:\/\/[^@]*$/i.test(arg)) return hiddenUrl(arg, writer).url
  const isNamed = flag !== undefined && !arg.startsWith("-") && isSecret(flag, arg)
  if (isNamed) return own(arg, position, flag.replace(/^-+/, ""), writer)
  if (!looksSecret(arg)) return writer.plain(arg, position)
  return own(arg, position, arg.includes("://") ? "url" : "secret", writer)
}

/** `NAME=secret`, `--flag=secret`, `Header: secret` and `--flag=Header: secret`, which go to the server whole. */
function hiddenIn(arg: string, position: string, writer: Writer): string | undefined {
  const [, dashes, name = "", value = ""] = /^(-{0,2})([A-Za-z_][\w.-]*)=([\s\S]+)$/.exec(arg) ?? []
  if (dashes !== undefined && isSecret(name, value)) {
    const wishes = dashes === "" ? [name] : [`${writer.server} ${name}`]
    return `${dashes}${name}=${writer.secret(value, position, wishes)}`
  }
  if (dashes !== "--") return hiddenInHeader(arg, writer)
  const header = hiddenInHeader(value, writer)
  return header && `--${name}=${header}`
}

function hiddenInHeader(text: string, writer: Writer): string | undefined {
  const [, name, gap = "", value = ""] = /^([A-Za-z][\w-]*)(:\s*)([^\s/][\s\S]*)$/.exec(text) ?? []
  if (name === undefined || !isSecret(name, value)) return
  return name + gap + hiddenHeader([name, value], writer)[1]
}

/** An address without user, password and what else is secret in it; `basic` is the header in place of the user. */
export function hiddenUrl(
  written: string,
  writer: Writer,
): { readonly url: string; readonly basic: string | undefined } {
  const url = writer.plain(written, "url")
  const parts = /^([a-z][a-z0-9+.-]*:\/\/)(?:([^/?#]*)@)?([^/?#]*)([^?#]*)(\?[^#]*)?/i.exec(url)
  if (parts === null) return { url, basic: undefined }
  const [, scheme = "", user, host = "", path = "", query = ""] = parts
  const hidden = path
    .split("/")
    .map((part) => (isHere(part, looksSecret) ? own(part, "url", "url secret", writer) : part))
    .join("/")
  return { url: scheme + host + hidden + hiddenQuery(query, writer), basic: basicOf(user, writer) }
}

/** What is a reference already is no secret any more. */
const isHere = (text: string, isOne: (text: string) => boolean) =>
  !text.includes("${") && isOne(text)

function hiddenQuery(query: string, writer: Writer): string {
  return query.replace(/(?<=[?&])([^?&=]{1,256})=([^&]*)/g, (whole, name: string, value: string) =>
    isHere(value, (text) => isSecret(name, text))
      ? `${name}=${own(value, `url parameter ${name}`, name, writer)}`
      : whole,
  )
}

/** RFC 7617 §2. Where the user is a reference itself, what it would be in Base64 is not known. */
function basicOf(user: string | undefined, writer: Writer): string | undefined {
  if (user === undefined) return
  const use = "user:password of the url, in Base64,"
  if (!user.includes("${"))
    return `Basic ${own(Buffer.from(decoded(user)).toString("base64"), use, "basic auth", writer)}`
  const name = variableName(`${writer.server} basic auth`)
  return `Basic ${writer.variables.refer(name, `${use} of ${writer.server}`)}`
}

/** A secret under a name that begins with its server's. */
const own = (value: string, use: string, name: string, writer: Writer): string =>
  writer.secret(value, use, [`${writer.server} ${name}`])

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // a percent sign that stands for itself
  }
}
