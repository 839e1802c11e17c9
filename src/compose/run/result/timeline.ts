import type { JsonObject } from "../../../schema/json.ts"

/** One attempt at a call, for whoever asked how a run went in time. Milliseconds since the run's beginning. */
export interface Attempt {
  /** The path of the step, of an item `pages[3]`. */
  readonly step: string
  readonly startMs: number
  readonly endMs: number
  /** `ok`, or the class of its error. */
  readonly status: string
}

/** More than anybody looks at: later ones are left out. */
const entriesMax = 1_000

/** When things happened in one run. */
export class Timeline {
  readonly #beganMs: number
  readonly #starts = new Map<string, number>()
  readonly #attempts: Attempt[] = []

  /** `beganMs` and all other times are on the clock's scale. */
  constructor(beganMs: number) {
    this.#beganMs = beganMs
  }

  started(step: string, nowMs: number): void {
    if (this.#starts.size < entriesMax) this.#starts.set(step, nowMs - this.#beganMs)
  }

  attempted({ step, startMs, endMs, status }: Attempt): void {
    if (this.#attempts.length >= entriesMax) return
    const began = this.#beganMs
    this.#attempts.push({ step, startMs: startMs - began, endMs: endMs - began, status })
  }

  /** When the last attempt at the step began; undefined when it never did. */
  startOf(step: string): number | undefined {
    return this.#starts.get(step)
  }

  /** In the order in which they ended. */
  attempts(): readonly JsonObject[] {
    return this.#attempts.map(({ step, startMs, endMs, status }) => ({
      step,
      startMs: tenths(startMs),
      ms: tenths(endMs - startMs),
      status,
    }))
  }
}

/** To a tenth of a millisecond: what is finer is noise. */
export const tenths = (ms: number): number => Math.round(ms * 10) / 10
