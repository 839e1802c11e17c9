import type { Recovery, Tally } from "../../compose/run/state/breaker-state.ts"

/** When a server is left alone, and for how long. */
export interface ServerBreaker extends Recovery {
  /** So many failures in a row. */
  readonly failures: number
  /** Or this part of the calls in a window, 0 to 1, where there were enough to tell. */
  readonly share: number
  readonly callsMin: number
  readonly windowMs: number
}

/** Failures in a row, and their share of all calls, in one window after the other. */
export class FailureShare implements Tally<ServerBreaker> {
  #inARow = 0
  #failures = 0
  #calls = 0
  #sinceMs = Number.NEGATIVE_INFINITY

  count(verdict: "success" | "failure", nowMs: number, policy: ServerBreaker): boolean {
    if (nowMs - this.#sinceMs >= policy.windowMs) {
      this.#sinceMs = nowMs
      this.#calls = 0
      this.#failures = 0
    }
    this.#calls++
    if (verdict === "success") {
      this.#inARow = 0
      return false
    }
    this.#inARow++
    this.#failures++
    const isTelling = this.#calls >= policy.callsMin
    return (
      this.#inARow >= policy.failures || (isTelling && this.#failures >= this.#calls * policy.share)
    )
  }

  clear(): void {
    this.#inARow = 0
    this.#failures = 0
    this.#calls = 0
    this.#sinceMs = Number.NEGATIVE_INFINITY
  }
}
