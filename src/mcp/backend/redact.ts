import { createRecent } from "../../call/identity/recent.ts"
import { isObject, type Json, type JsonObject } from "../../schema/json.ts"
import type { Address } from "./address.ts"
import { secretsOfAuthorization } from "./credentials/authorization.ts"
import { namesSecret } from "./echo.ts"
import type { SecretText } from "./secret-text.ts"

/** Shorter values would hit ordinary words. */
const secretLengthMin = 8
/** Old values of files and old tokens that are still known. */
const readMax = 1_000
const tokensMax = 20_000

/** Replaces every secret value that is known by `[secret]`, in texts that a backend wrote about an error. */
export class Redactor {
  #configured: readonly string[] = []
  /** From files, which are read again and again. */
  readonly #read = new Set<string>()
  /** All that are looked for one by one; longest first, so that a secret which contains another is replaced whole. */
  #secrets: readonly string[] = []
  /** There may be one for each caller: they are looked up, not looked for. */
  readonly #tokens = createRecent<true>(tokensMax)
  #hasTokens = false

  /** In place of those that were learned before in this way. */
  learn(secrets: Iterable<string>): void {
    this.#configured = [...secrets]
    this.#order()
  }

  learnAlso(secret: string): void {
    if (this.#read.has(secret)) return
    const [oldest] = this.#read
    if (this.#read.size >= readMax && oldest !== undefined) this.#read.delete(oldest)
    this.#read.add(secret)
    this.#order()
  }

  /** In the alphabet of bearer tokens (RFC 6750 §2.1). */
  learnToken(token: string): void {
    this.#tokens.set(bare(token), true)
    this.#hasTokens = true
  }

  #order(): void {
    const known = [...new Set([...this.#configured, ...this.#read])]
    this.#secrets = known
      .filter((secret) => secret.length >= secretLengthMin)
      .sort((a, b) => b.length - a.length)
  }

  text(text: string): string {
    let clean = text
    for (const secret of this.#secrets) clean = clean.replaceAll(secret, "[secret]")
    if (!this.#hasTokens) return clean
    return clean.replace(tokens, (run) => (this.#isToken(run) ? "[secret]" : run))
  }

  #isToken = (run: string): boolean => this.#tokens.get(bare(run)) === true

  /** The same value where nothing was found. Keys are cleaned, too. */
  json<T extends Json>(value: T): T {
    if (this.#secrets.length === 0 && !this.#hasTokens) return value
    const text = JSON.stringify(value)
    const isClean =
      !this.#secrets.some((secret) => text.includes(escaped(secret))) &&
      !(this.#hasTokens && text.match(tokens)?.some(this.#isToken))
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

const tokens = /[\w\-.~+/]{8,}=*/g
const bare = (token: string): string => token.replace(/=+$/, "")

/** The values in an address that must not be seen: headers, the query, and variables that sound like secrets. */
export function secretsOf(address: Address): string[] {
  const env = [...(address.process?.env ?? [])]
  const found = env.filter(([name]) => namesSecret(name)).map(([, value]) => value)
  if (address.kind === "stdio") return found.filter(isText)
  for (const value of address.headers.values()) found.push(value, ...value.split(" ").slice(1))
  const { authorization, url } = address
  if (authorization !== undefined) found.push(...secretsOfAuthorization(authorization))
  const { searchParams, username, password } = new URL(url)
  return [...found.filter(isText), ...searchParams.values(), username, password]
}

/** What stands in a file is learned when it is read. */
const isText = (secret: SecretText): secret is string => typeof secret === "string"
