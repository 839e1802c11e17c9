export type Passage = Admission | { readonly isOpen: true; readonly retryInMs: number }

/** Of a call that was let through, to leave with. */
export interface Admission {
  readonly isOpen: false
  readonly isTrial: boolean
  /** Which time of being closed, or of being open, it was let through in. */
  readonly period: number
}

/** What a call that was let through says of its backend; neutral: nothing. */
export type Verdict = "success" | "failure" | "neutral"

/** How an open breaker closes again. */
export interface Recovery {
  readonly resetMs: number
  /** Successes that close it again. */
  readonly successes: number
}

/** What calls came to while a breaker is closed. */
export interface Tally<Policy> {
  /** Counts one; true when it is time to open. */
  count(verdict: "success" | "failure", nowMs: number, policy: Policy): boolean
  clear(): void
}

export type Standing = "closed" | "open" | "halfOpen"

/**
 * A circuit breaker. Closed, everything passes and is counted. Open, nothing passes until the reset time is over. Then one
 * call is let through on trial, and one more each time that the reset time is over without an answer: a server that does
 * not answer the first may be well before that is given up. Enough successes close it, a failure opens it again. Calls that
 * were let through before it last opened or closed say nothing any more.
 */
export class BreakerState<Policy extends Recovery> {
  readonly #tally: Tally<Policy>
  #openUntilMs: number | undefined
  #trialSuccesses = 0
  #trial: { readonly admission: Admission; readonly untilMs: number } | undefined
  #resetMs = 0
  /** What calls are let through with while it is closed. */
  #closed: Admission = { isOpen: false, isTrial: false, period: 0 }

  constructor(tally: Tally<Policy>) {
    this.#tally = tally
  }

  standing(nowMs: number): Standing {
    if (this.#openUntilMs === undefined) return "closed"
    return this.#openUntilMs > nowMs ? "open" : "halfOpen"
  }

  /** Until the next call is let through; undefined while it is closed. */
  retryInMs(nowMs: number): number | undefined {
    return this.#openUntilMs === undefined ? undefined : Math.max(0, this.#openUntilMs - nowMs)
  }

  enter(nowMs: number): Passage {
    if (this.#openUntilMs === undefined) return this.#closed
    const retryInMs = Math.max(0, this.#openUntilMs - nowMs)
    const isTrying = this.#trial !== undefined && this.#trial.untilMs > nowMs
    if (retryInMs > 0 || isTrying) return { isOpen: true, retryInMs }
    const admission = { ...this.#closed, isTrial: true }
    this.#trial = { admission, untilMs: nowMs + this.#resetMs }
    return admission
  }

  leave(admission: Admission, verdict: Verdict, nowMs: number, policy: Policy): void {
    if (this.#trial?.admission === admission) this.#trial = undefined
    if (admission.period !== this.#closed.period) return
    if (admission.isTrial) this.#judgeTrial(verdict, nowMs, policy)
    else if (verdict !== "neutral" && this.#tally.count(verdict, nowMs, policy))
      this.#open(nowMs, policy)
  }

  /** As if nothing had happened. */
  reset(): void {
    this.#begin(undefined)
  }

  #judgeTrial(verdict: Verdict, nowMs: number, policy: Policy): void {
    if (verdict === "failure") this.#open(nowMs, policy)
    if (verdict !== "success") return
    this.#trialSuccesses++
    if (this.#trialSuccesses >= policy.successes) this.#begin(undefined)
  }

  #open(nowMs: number, { resetMs }: Recovery): void {
    this.#resetMs = resetMs
    this.#begin(nowMs + resetMs)
  }

  /** Closed, or open until then. */
  #begin(openUntilMs: number | undefined): void {
    this.#openUntilMs = openUntilMs
    this.#trialSuccesses = 0
    this.#trial = undefined
    this.#closed = { ...this.#closed, period: this.#closed.period + 1 }
    this.#tally.clear()
  }
}
