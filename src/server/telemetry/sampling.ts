import type { TraceSettings } from "./settings.ts"

/** Which traces are kept. */
export class Sampling {
  readonly #settings: Pick<TraceSettings, "ratio" | "followsParent" | "forcedPerSecond">
  readonly #now: () => number
  #second = 0
  #forced = 0

  constructor(
    settings: Pick<TraceSettings, "ratio" | "followsParent" | "forcedPerSecond">,
    now: () => number,
  ) {
    this.#settings = settings
    this.#now = now
  }

  /** A new trace: by its id, as all that know the ratio would (`TraceIdRatioBased`). */
  keeps(traceId: string): boolean {
    const { ratio } = this.#settings
    return ratio === 1 || Number.parseInt(traceId.slice(-13), 16) < ratio * 2 ** 52
  }

  /**
   * A trace that a caller began. The caller may have it kept, up to a number per second. Beyond that, and where callers
   * are not followed, chance decides and not the trace's id, which the caller has chosen.
   */
  keepsCallers(isSampled: boolean): boolean {
    const { followsParent, ratio } = this.#settings
    if (followsParent && !isSampled) return false
    return (followsParent && this.#mayForce()) || Math.random() < ratio
  }

  #mayForce(): boolean {
    const second = Math.floor(this.#now() / 1_000)
    if (second !== this.#second) {
      this.#second = second
      this.#forced = 0
    }
    this.#forced += 1
    return this.#forced <= this.#settings.forcedPerSecond
  }
}
