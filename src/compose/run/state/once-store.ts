import type { Result } from "../outcome.ts"
import { Flights } from "./flights.ts"

export interface OnceEntry {
  /** Whose it is: nobody else is given its value. */
  readonly scope: string
  readonly result: Result
  /** Undefined: for ever. */
  readonly untilMs: number | undefined
}

/** Outcomes by the digest of their key, as long as this process lasts. */
export class OnceStore {
  readonly flights = new Flights()
  readonly #max: number
  readonly #entries = new Map<string, OnceEntry>()

  constructor(max: number) {
    this.#max = max
  }

  get(key: string, nowMs: number): OnceEntry | undefined {
    const entry = this.#entries.get(key)
    if (entry?.untilMs === undefined || nowMs < entry.untilMs) return entry
    this.#entries.delete(key)
    return
  }

  /** Whether one more could be remembered; what is over is thrown out first. */
  hasRoom(nowMs: number): boolean {
    if (this.#isFull())
      for (const [key, { untilMs }] of this.#entries)
        if (untilMs !== undefined && nowMs >= untilMs) this.#entries.delete(key)
    return !this.#isFull()
  }

  #isFull(): boolean {
    return this.#entries.size + this.flights.size >= this.#max
  }

  set(key: string, entry: OnceEntry): void {
    this.#entries.set(key, entry)
  }
}
