import type { RunRecord } from "../../../compose/run/durable/record.ts"
import type { Full } from "../../shares.ts"

export interface OpenRunsLimits {
  readonly openMax: number
  readonly openPerCallerMax: number
}

/**
 * Runs that have not ended, and whose they are: those that this process drives, and those that it left waiting for a
 * person.
 */
export class OpenRuns {
  readonly #limits: OpenRunsLimits
  readonly #principals = new Map<string, unknown>()
  readonly #byPrincipal = new Map<unknown, number>()

  constructor(limits: OpenRunsLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#principals.size
  }

  add({ id, principal: { principal } }: Pick<RunRecord, "id" | "principal">): void {
    if (this.#principals.has(id)) return
    this.#principals.set(id, principal)
    this.#byPrincipal.set(principal, this.of(principal) + 1)
  }

  delete(id: string): void {
    if (!this.#principals.has(id)) return
    const principal = this.#principals.get(id)
    this.#principals.delete(id)
    const left = this.of(principal) - 1
    if (left > 0) this.#byPrincipal.set(principal, left)
    else this.#byPrincipal.delete(principal)
  }

  of(principal: unknown): number {
    return this.#byPrincipal.get(principal) ?? 0
  }

  /** What leaves no room for another one of this caller. */
  full(principal: string): Full | undefined {
    const { openMax, openPerCallerMax } = this.#limits
    if (this.#principals.size >= openMax) return "all"
    return this.of(principal) >= openPerCallerMax ? "caller" : undefined
  }
}
