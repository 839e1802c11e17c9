import type { ClientServer, HttpWay, Pair, StdioWay } from "./client-server.ts"
import { hiddenArguments, hiddenHeader, hiddenUrl } from "./hide.ts"
import { type Surroundings, withReferences } from "./placeholders.ts"
import { isSecret } from "./secrets.ts"
import type { Variables } from "./variables.ts"

/** What the configuration says of a server under `servers`: nothing in it is a secret, but for references to some. */
export type ServerEntry = StdioEntry | HttpEntry

export interface StdioEntry {
  readonly command: string
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

export interface HttpEntry {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
}

/** How a text of a server is written in the configuration. */
export interface Writer {
  /** What the server is called, for variables of its own. */
  readonly server: string
  readonly variables: Variables
  /** The text with references; one that cannot be written as it is becomes a variable as a whole. */
  plain(text: string, use: string): string
  /** `text` with a variable in place of what is secret in it; `wishes` are names for that. */
  secret(text: string, use: string, wishes: readonly string[]): string
}

/** A client's entry as an entry of the configuration; what is secret in it goes to `variables`. */
export function serverEntry(
  { name, way }: ClientServer,
  surroundings: Surroundings,
  variables: Variables,
): ServerEntry {
  const writer = writerFor(name, surroundings, variables)
  return way.kind === "stdio" ? stdioEntry(way, writer) : httpEntry(way, writer)
}

function writerFor(server: string, surroundings: Surroundings, variables: Variables): Writer {
  const named = (use: string) => `${use} of ${server}`
  const prefixed = (wish: string) => (wish.startsWith(`${server} `) ? wish : `${server} ${wish}`)
  const plain = (text: string, use: string) =>
    text.includes("${")
      ? (withReferences(text, named(use), surroundings, variables) ??
        variables.replace(text, named(use), [prefixed(use)]))
      : text
  return {
    server,
    variables,
    plain,
    secret: (text, use, wishes) =>
      text.includes("${")
        ? withoutDefaults(plain(text, use))
        : variables.replace(text, named(use), [...wishes, ...wishes.map(prefixed)]),
  }
}

/** A secret has no default in a configuration. */
const withoutDefaults = (text: string): string =>
  text.replaceAll(/\$\{([A-Za-z_]\w*):-[^${}]*\}/g, (_, name: string) => `\${${name}}`)

function stdioEntry({ command, args, cwd, env }: StdioWay, writer: Writer): StdioEntry {
  return {
    command: writer.plain(command, "command"),
    ...(args.length > 0 && { args: hiddenArguments(args, writer) }),
    ...(env.length > 0 && { env: Object.fromEntries(env.map((pair) => variable(pair, writer))) }),
    ...(cwd !== undefined && { cwd: writer.plain(cwd, "cwd") }),
  }
}

function variable([name, value]: Pair, writer: Writer): Pair {
  const use = `env ${name}`
  return [
    name,
    isSecret(name, value) ? writer.secret(value, use, [name]) : writer.plain(value, use),
  ]
}

function httpEntry({ headers, url }: HttpWay, writer: Writer): HttpEntry {
  const address = hiddenUrl(url, writer)
  const sent = headers.map((pair) => hiddenHeader(pair, writer))
  const hasOwn = sent.some(([name]) => name.toLowerCase() === "authorization")
  if (address.basic !== undefined && !hasOwn) sent.push(["Authorization", address.basic])
  return {
    url: address.url,
    ...(sent.length > 0 && { headers: Object.fromEntries(sent) }),
  }
}
