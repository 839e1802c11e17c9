/**
 * How much is worked on requests in one turn of the event loop, once that is late: in processor time, since a loop that waits
 * for a processor has no work. From one request to the next only so much counts that a single pause, of the collector or of a
 * large call, is not taken for a crowd.
 */
export class TurnBudget {
  readonly #targetMs: number
  #workedMs = 0
  #lastMs: number | undefined

  constructor(targetMs: number) {
    this.#targetMs = targetMs
  }

  /** Another turn. */
  begin(): void {
    this.#workedMs = 0
    this.#lastMs = undefined
  }

  /** Whether it is spent when the next request comes, at `nowMs` of the thread's processor time. */
  isSpent(nowMs: number): boolean {
    const sinceMs = nowMs - (this.#lastMs ?? nowMs)
    this.#workedMs += Math.min(sinceMs, this.#targetMs / pausesMin)
    this.#lastMs = nowMs
    return this.#workedMs >= this.#targetMs
  }
}

/** One or two pauses are none of a crowd's doing. */
const pausesMin = 4
