import { soundsSecret } from "../../registry/secret-names.ts"

/** Names of headers and variables whose values are secrets. */
const sounds = /key|token|secret|pass|auth|cred|private|cookie/i

export const namesSecret = (name: string): boolean => sounds.test(name)

/** A shorter one could be a word of an honest answer, which must arrive as it was sent. */
const lengthMin = 16

/**
 * What of these names and values a server must not tell its callers: the secrets, each in every way in which JSON may
 * write it. Not what could be a number: cutting it out of one would break the text.
 */
export function secretsIn(pairs: Iterable<readonly [name: string, value: string]>): string[] {
  const secrets = [...pairs].flatMap(([name, value]) =>
    namesSecret(name) ? [bare(value)] : passwordIn(value),
  )
  const known = secrets.filter(
    (secret) => secret.length >= lengthMin && !/^[-+.\deE]+$/.test(secret),
  )
  return [...new Set(known.flatMap(written))]
}

/**
 * The arguments of a command with the flags before them, or the names in them, where those surely name a secret: what a
 * person tells a program is mostly what its answers are about.
 */
export const namedArguments = (args: readonly string[]): (readonly [string, string])[] =>
  args.map((arg, index) => {
    const [, own, value = arg] = /^([\w-]+)=(.+)$/s.exec(arg) ?? []
    const before = args[index - 1] ?? ""
    const name = own ?? (before.startsWith("-") ? before : "")
    return [soundsSecret(name) ? name : "", value]
  })

/** An address with a password in it (RFC 3986 §3.2.1) is a secret, whatever it is called; and so is the password. */
function passwordIn(value: string): readonly string[] {
  const [, password] =
    /^[a-z][a-z0-9+.-]{0,32}:\/\/[^/?#@\s]{0,256}?:([^/?#\s]{1,256})@/i.exec(value) ?? []
  return password === undefined ? [] : [value, password]
}

/** Without the scheme that stands before a credential (RFC 9110 §11.4). */
const bare = (value: string): string => /^[A-Za-z][\w-]* +(.+)$/.exec(value)?.[1] ?? value

function written(secret: string): string[] {
  const text = JSON.stringify(secret).slice(1, -1)
  return [text, text.replaceAll("/", "\\/")]
}

/** A server's text without the secrets that were sent to it: servers echo headers, to debug or to harm. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  let clean = text
  for (const secret of secrets)
    if (clean.includes(secret)) clean = clean.replaceAll(secret, "[secret]")
  return clean
}
