import { createPace, type Pace } from "../../compose/run/state/pace.ts"
import { Recent } from "../../compose/run/state/recent.ts"
import type { Count, Full, Rates } from "./rates.ts"

/** Counts of one process. Beyond `keysMax`, the least recently used is forgotten and starts again. */
export class MemoryRates implements Rates {
  readonly #paces: Recent<{ pace: Pace | undefined }>
  readonly #now: () => number

  /** `now`: milliseconds since the epoch, by which days and hours begin. */
  constructor(keysMax: number, now: () => number) {
    this.#paces = new Recent(keysMax, () => ({ pace: undefined }))
    this.#now = now
  }

  take(counts: readonly Count[]): Full | undefined {
    const nowMs = this.#now()
    let longest: Full | undefined
    for (const count of counts) {
      const waitMs = this.#paceOf(count).waitMs(nowMs)
      if (waitMs > (longest?.waitMs ?? 0)) longest = { count, waitMs }
    }
    if (longest !== undefined) return longest
    for (const count of counts) this.#paceOf(count).take(nowMs)
    return
  }

  #paceOf({ key, measure }: Count): Pace {
    const kept = this.#paces.get(key)
    kept.pace ??= createPace(measure)
    return kept.pace
  }
}
