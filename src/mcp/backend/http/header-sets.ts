import { encodeHeaderValue } from "../../header-value.ts"
import { firstModern } from "../../revisions.ts"
import type { Outgoing } from "../outgoing.ts"

/** Headers that are ours or the connection's to say; configuration does not override them. */
const notConfigurable = new Set([
  "accept",
  "accept-encoding",
  "connection",
  "content-length",
  "content-type",
  "expect",
  "idempotency-key",
  "keep-alive",
  "mcp-method",
  "mcp-name",
  "mcp-protocol-version",
  "mcp-session-id",
  "te",
  "transfer-encoding",
  "upgrade",
])

const setsMax = 10_000

/** Alternating names and values, as undici takes them; made once and used for many requests. */
export class HeaderSets {
  readonly #base: readonly string[]
  readonly #modern = new Map<string, string[]>()

  constructor(configured: ReadonlyMap<string, string>) {
    const extra = [...configured].filter(([name]) => !notConfigurable.has(name.toLowerCase()))
    this.#base = [
      ...["content-type", "application/json"],
      ...["accept", "application/json, text/event-stream"],
      ...["accept-encoding", "identity"], // what is sent compressed cannot be counted before it is unpacked
      ...extra.flat(),
    ]
  }

  /** For `initialize`, which opens a session and therefore names none. */
  get bare(): string[] {
    return [...this.#base]
  }

  inSession(id: string | undefined, version: string): string[] {
    const session = id === undefined ? [] : ["mcp-session-id", id]
    return [...this.#base, "mcp-protocol-version", version, ...session]
  }

  modern({ method, name, paramHeaders }: Outgoing): string[] {
    const key = name === undefined ? method : `${method} ${name}`
    const known = this.#modern.get(key) ?? this.#remember(key, method, name)
    return paramHeaders.length === 0 ? known : [...known, ...paramHeaders]
  }

  #remember(key: string, method: string, name: string | undefined): string[] {
    const standard = ["mcp-protocol-version", firstModern, "mcp-method", method]
    const named = name === undefined ? [] : ["mcp-name", encodeHeaderValue(name)]
    const set = [...this.#base, ...standard, ...named]
    const isBounded = name === undefined || method === "tools/call" // other names are the callers' to invent
    if (isBounded && this.#modern.size < setsMax) this.#modern.set(key, set)
    return set
  }
}
