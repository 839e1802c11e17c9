import type { Graph } from "../plan/plan.ts"
import { judge } from "./join.ts"
import { effectOf, type Failed, type Happened, type Result, withEffect, worse } from "./outcome.ts"
import { shortOf } from "./scatter-error.ts"
import type { Reason } from "./stop.ts"
import { type Site, stopped } from "./work.ts"

export type Verdict = "success" | "failure"

/** Why a graph ended before all of its steps had. */
export interface Cut {
  /** Of what holds the graph. */
  readonly outer: Reason | undefined
  /** The graph's own time was up. */
  readonly isLate: boolean
}

/** How the steps of a graph stand, and what the graph comes to. */
export class Standing {
  readonly #graph: Graph
  /** By the index of the step. */
  readonly #failures = new Map<number, Failed>()
  #open: number
  #ok = 0
  #effect: Happened = "none"
  #raw: (Result & { ok: true })["raw"]
  #verdict: Verdict | undefined

  constructor(graph: Graph) {
    this.#graph = graph
    this.#open = graph.steps.length
  }

  get verdict(): Verdict | undefined {
    return this.#verdict
  }

  /** Steps that have not settled. */
  get open(): number {
    return this.#open
  }

  skip(): void {
    this.#open--
  }

  record(index: number, result: Result): void {
    this.#open--
    this.#effect = worse(this.#effect, effectOf(result))
    if (!result.ok) {
      this.#failures.set(index, result)
      return
    }
    this.#ok++
    if (this.#graph.rawOf === this.#graph.steps[index]?.id) this.#raw = result.raw
  }

  /** Decides as soon as it can be decided. */
  decide(): Verdict | undefined {
    this.#verdict ??= judge(this.#graph.join, this.#score(this.#open))
    return this.#verdict
  }

  /** What the graph comes to when nothing runs any more. What has not settled by then has failed. */
  conclude({ outer, isLate }: Cut, site: Site): Result {
    if (this.#verdict === undefined && outer !== undefined && this.#isIncomplete())
      return withEffect(this.#cutShort(outer, site), this.#effect)
    this.#verdict ??= judge(this.#graph.join, this.#score(0))
    if (this.#verdict === "success")
      return { ok: true, value: undefined, raw: this.#raw, effect: this.#effect }
    return withEffect(this.#why(isLate, site), this.#effect)
  }

  #score(open: number) {
    return { ok: this.#ok, failed: this.#failures.size + this.#open - open, open }
  }

  #isIncomplete(): boolean {
    return this.#open > 0 || this.#failures.size > 0
  }

  /** The error of the step that was cut short says more than that of the graph around it. */
  #cutShort(outer: Reason, site: Site): Failed {
    const failed = this.#first()
    if (this.#graph.kind !== "scatter" && failed?.error.class === outer.class) return failed
    return stopped(site, outer)
  }

  #why(isLate: boolean, site: Site): Failed {
    const first = this.#first()
    if (this.#graph.kind !== "scatter" && first !== undefined) return first
    const shortfall = { ok: this.#ok, failures: this.#failures, first, isLate }
    return shortOf(this.#graph, shortfall, site)
  }

  /** The first in time. */
  #first(): Failed | undefined {
    return this.#failures.values().next().value
  }
}
