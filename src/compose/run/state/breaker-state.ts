export type Passage =
  | { readonly isOpen: false; readonly isTrial: boolean }
  | { readonly isOpen: true; readonly retryInMs: number }

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
 * call at a time is let through on trial: enough successes close it, a failure opens it again.
 */
export class BreakerState<Policy extends Recovery> {
  readonly #tally: Tally<Policy>
  #openUntilMs: number | undefined
  #trialSuccesses = 0
  #isTrying = false

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
    if (this.#openUntilMs === undefined) return closed
    const retryInMs = Math.max(0, this.#openUntilMs - nowMs)
    if (retryInMs > 0 || this.#isTrying) return { isOpen: true, retryInMs }
    this.#isTrying = true
    return { isOpen: false, isTrial: true }
  }

  leave(
    { isTrial }: Passage & { isOpen: false },
    verdict: Verdict,
    nowMs: number,
    policy: Policy,
  ): void {
    if (isTrial) this.#judgeTrial(verdict, nowMs, policy)
    else if (verdict !== "neutral" && this.#openUntilMs === undefined)
      if (this.#tally.count(verdict, nowMs, policy)) this.#open(nowMs + policy.resetMs)
  }

  /** As if nothing had happened. */
  reset(): void {
    this.#openUntilMs = undefined
    this.#trialSuccesses = 0
    this.#tally.clear()
  }

  #judgeTrial(verdict: Verdict, nowMs: number, { resetMs, successes }: Recovery): void {
    this.#isTrying = false
    if (this.#openUntilMs === undefined) return // it was reset meanwhile
    if (verdict === "failure") this.#open(nowMs + resetMs)
    if (verdict !== "success") return
    this.#trialSuccesses++
    if (this.#trialSuccesses >= successes) this.#openUntilMs = undefined
  }

  #open(untilMs: number): void {
    this.#openUntilMs = untilMs
    this.#trialSuccesses = 0
    this.#tally.clear()
  }
}

const closed: Passage = { isOpen: false, isTrial: false }
