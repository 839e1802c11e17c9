import type { Breaker } from "../../plan/policies.ts"
import type { Tally } from "./breaker-state.ts"

/** So many failures within a time, whatever succeeded in between. */
export class FailuresInWindow implements Tally<Breaker> {
  #failedAt: number[] = []

  count(verdict: "success" | "failure", nowMs: number, { failures, windowMs }: Breaker): boolean {
    if (verdict === "success") return false
    this.#failedAt = this.#failedAt.filter((at) => at >= nowMs - windowMs)
    this.#failedAt.push(nowMs)
    return this.#failedAt.length >= failures
  }

  clear(): void {
    this.#failedAt = []
  }
}
