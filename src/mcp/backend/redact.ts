import { isObject, type Json, type JsonObject } from "../../schema/json.ts"
import type { Address } from "./address.ts"

/** Shorter values would hit ordinary words. */
const secretLengthMin = 8
const sounds = /key|token|secret|pass|auth|cred|private/i

/** Replaces every secret value that is known by `[secret]`, in texts that a backend wrote about an error. */
export class Redactor {
  #secrets: readonly string[] = []

  /** Longest first, so that a secret which contains another is replaced whole. */
  learn(secrets: Iterable<string>): void {
    const known = [...new Set(secrets)].filter((secret) => secret.length >= secretLengthMin)
    this.#secrets = known.sort((a, b) => b.length - a.length)
  }

  text(text: string): string {
    let clean = text
    for (const secret of this.#secrets) clean = clean.replaceAll(secret, "[secret]")
    return clean
  }

  /** The same value where nothing was found. Keys are cleaned, too. */
  json<T extends Json>(value: T): T {
    if (this.#secrets.length === 0) return value
    const text = JSON.stringify(value)
    const isClean = !this.#secrets.some((secret) => text.includes(escaped(secret)))
    return isClean ? value : (this.#walk(value) as T) // the shape is kept, only strings differ
  }

  #walk(value: Json): Json {
    if (typeof value === "string") return this.text(value)
    if (Array.isArray(value)) return value.map((item: Json) => this.#walk(item))
    if (!isObject(value) || Object.isFrozen(value)) return value // frozen: a raw JSON number
    const entries = Object.entries(value).map(([key, item]) => [this.text(key), this.#walk(item)])
    return Object.fromEntries(entries) as JsonObject
  }
}

const escaped = (text: string): string => JSON.stringify(text).slice(1, -1)

/** The values in an address that must not be seen: headers, the query, and variables that sound like secrets. */
export function secretsOf(address: Address): string[] {
  const env = [...(address.process?.env ?? [])]
  const found = env.filter(([name]) => sounds.test(name)).map(([, value]) => value)
  if (address.kind === "stdio") return found
  for (const value of address.headers.values()) found.push(value, ...value.split(" ").slice(1))
  const { searchParams, username, password } = new URL(address.url)
  return [...found, ...searchParams.values(), username, password]
}
