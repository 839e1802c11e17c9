import type { Result } from "../outcome.ts"
import { bytesOf } from "../size.ts"
import { Flights } from "./flights.ts"

export interface OnceEntry {
  /** Whose it is: nobody else is given its value. */
  readonly scope: string
  readonly result: Result
  /** Undefined: for ever. */
  readonly untilMs: number | undefined
}

interface Held {
  readonly entry: OnceEntry
  readonly bytes: number
}

/** Outcomes by the digest of their key, as long as this process lasts. */
export class OnceStore {
  readonly flights = new Flights()
  readonly #max: number
  readonly #bytesMax: number
  readonly #held = new Map<string, Held>()
  #bytes = 0

  constructor(max: number, bytesMax: number) {
    this.#max = max
    this.#bytesMax = bytesMax
  }

  get(key: string, nowMs: number): OnceEntry | undefined {
    const held = this.#held.get(key)
    if (held === undefined || !isOver(held, nowMs)) return held?.entry
    this.#forget(key, held)
    return
  }

  /** Whether one more could be remembered; what is over is thrown out first. */
  hasRoom(nowMs: number): boolean {
    if (this.#isFull())
      for (const [key, held] of this.#held) if (isOver(held, nowMs)) this.#forget(key, held)
    return !this.#isFull()
  }

  #isFull(): boolean {
    return this.#held.size + this.flights.size >= this.#max || this.#bytes >= this.#bytesMax
  }

  /** What was done is remembered in any case; that it was too much is the next one's concern. */
  set(key: string, entry: OnceEntry): void {
    const known = this.#held.get(key)
    if (known !== undefined) this.#forget(key, known)
    const { result } = entry
    const bytes = result.ok
      ? bytesOf([result.value ?? null, result.raw ?? null], this.#bytesMax)
      : bytesOf({ ...result.error }, this.#bytesMax)
    this.#held.set(key, { entry, bytes })
    this.#bytes += bytes
  }

  #forget(key: string, { bytes }: Held): void {
    this.#held.delete(key)
    this.#bytes -= bytes
  }
}

const isOver = ({ entry: { untilMs } }: Held, nowMs: number): boolean =>
  untilMs !== undefined && nowMs >= untilMs
