import type { Breaker } from "../../plan/policies.ts"

export type Passage =
  | { readonly isOpen: false; readonly isTrial: boolean }
  | { readonly isOpen: true; readonly retryInMs: number }

/** What a call that was let through says of its backend; neutral: nothing. */
export type Verdict = "success" | "failure" | "neutral"

/**
 * A circuit breaker. Closed, everything passes and failures are counted in a sliding window. Open, nothing passes until
 * the reset time is over. Then one call at a time is let through on trial: enough successes close it, a failure opens it
 * again.
 */
export class BreakerState {
  #failedAt: number[] = []
  #openUntilMs: number | undefined
  #trialSuccesses = 0
  #isTrying = false

  enter(nowMs: number): Passage {
    if (this.#openUntilMs === undefined) return { isOpen: false, isTrial: false }
    const retryInMs = Math.max(0, this.#openUntilMs - nowMs)
    if (retryInMs > 0 || this.#isTrying) return { isOpen: true, retryInMs }
    this.#isTrying = true
    return { isOpen: false, isTrial: true }
  }

  leave(
    { isTrial }: Passage & { isOpen: false },
    verdict: Verdict,
    nowMs: number,
    policy: Breaker,
  ) {
    if (isTrial) this.#judgeTrial(verdict, nowMs, policy)
    else if (verdict === "failure" && this.#openUntilMs === undefined) this.#count(nowMs, policy)
  }

  #judgeTrial(verdict: Verdict, nowMs: number, { resetMs, successes }: Breaker): void {
    this.#isTrying = false
    if (verdict === "failure") this.#open(nowMs + resetMs)
    if (verdict !== "success") return
    this.#trialSuccesses++
    if (this.#trialSuccesses >= successes) this.#openUntilMs = undefined
  }

  #count(nowMs: number, { failures, windowMs, resetMs }: Breaker): void {
    this.#failedAt = this.#failedAt.filter((at) => at >= nowMs - windowMs)
    this.#failedAt.push(nowMs)
    if (this.#failedAt.length >= failures) this.#open(nowMs + resetMs)
  }

  #open(untilMs: number): void {
    this.#openUntilMs = untilMs
    this.#failedAt = []
    this.#trialSuccesses = 0
  }
}
