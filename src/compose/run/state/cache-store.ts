import type { Json, JsonObject } from "../../../schema/json.ts"
import type { Result } from "../outcome.ts"
import { bytesOf } from "../size.ts"
import { Flights } from "./flights.ts"

export interface CacheEntry {
  readonly value: Json | undefined
  readonly raw: JsonObject | undefined
  readonly freshUntilMs: number
  /** Until then it may be given while it is renewed. */
  readonly staleUntilMs: number
}

interface Held {
  readonly entry: CacheEntry
  readonly bytes: number
}

/** Values by the digest of their key. What was not asked for longest makes room. */
export class CacheStore {
  /** Calls whose value will be kept. */
  readonly flights = new Flights<Result>()
  /** Keys that are being renewed. */
  readonly renewing = new Set<string>()
  readonly #entriesMax: number
  readonly #bytesMax: number
  readonly #held = new Map<string, Held>()
  #bytes = 0

  constructor(entriesMax: number, bytesMax: number) {
    this.#entriesMax = entriesMax
    this.#bytesMax = bytesMax
  }

  get(key: string, nowMs: number): CacheEntry | undefined {
    const held = this.#held.get(key)
    if (held === undefined) return
    this.#remove(key, held)
    if (nowMs >= held.entry.staleUntilMs) return
    this.#insert(key, held)
    return held.entry
  }

  set(key: string, entry: CacheEntry): void {
    const known = this.#held.get(key)
    if (known !== undefined) this.#remove(key, known)
    const bytes = bytesOf([entry.value ?? null, entry.raw ?? null], this.#bytesMax)
    if (bytes > this.#bytesMax) return
    this.#insert(key, { entry, bytes })
    for (const [oldest, held] of this.#held) {
      if (this.#held.size <= this.#entriesMax && this.#bytes <= this.#bytesMax) return
      this.#remove(oldest, held)
    }
  }

  #insert(key: string, held: Held): void {
    this.#held.set(key, held)
    this.#bytes += held.bytes
  }

  #remove(key: string, held: Held): void {
    this.#held.delete(key)
    this.#bytes -= held.bytes
  }
}
