import { randomBytes } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import type { Compositions, EndedRun } from "../call/composition/compositions.ts"
import type { Planned } from "../compose/load.ts"
import type { Plan } from "../compose/plan/plan.ts"
import type { RunLimits } from "../compose/run/limits.ts"
import type { Report } from "../compose/run/state/background.ts"
import { createPolicyState, type PolicyState } from "../compose/run/state/policy-state.ts"
import { type Abilities, agentsIn, refusalOf } from "../compose/run/supported.ts"
import type { CatalogTool } from "../registry/catalog.ts"
import { clock } from "./clock.ts"
import type { Config } from "./config/config.ts"
import { policyLimitsOf, runLimitsOf } from "./limits.ts"

export interface RunsOptions {
  readonly onEnded: (run: EndedRun) => void
  readonly onDetached: (report: Report) => void
}

/** A composition that is refused when it is called, or of which a step is. */
export interface NotRunnable {
  readonly name: string
  readonly version: string | undefined
  readonly reason: string
}

/** All that compositions need while they run: made once, so that what policies remember outlives every reload. */
export class Runs implements Compositions {
  readonly clock = clock
  readonly state: PolicyState
  readonly limits: RunLimits
  readonly timeoutMs: number
  readonly once: Abilities["once"]
  readonly #options: RunsOptions
  readonly #max: number
  /** Weak: a plan lives as long as a request, or the catalog in use, knows its tool. */
  readonly #plans = new WeakMap<CatalogTool, Plan>()
  #current: Planned["plans"] = new Map()
  #running = 0

  constructor({ limits, state }: Pick<Config, "limits" | "state">, options: RunsOptions) {
    this.#options = options
    this.#max = limits.runs
    this.limits = runLimitsOf(limits)
    this.timeoutMs = limits.runTimeout
    this.once = state.runs === "memory" ? "memory" : "refuse"
    this.state = createPolicyState({
      clock,
      limits: policyLimitsOf(limits),
      onDetached: options.onDetached,
    })
  }

  /** Those of the catalog in use. */
  use(plans: Planned["plans"]): void {
    this.#current = plans
    for (const [tool, plan] of plans) this.#plans.set(tool, plan)
  }

  planOf(tool: CatalogTool): Plan | undefined {
    return this.#plans.get(tool)
  }

  enter(): boolean {
    if (this.#running >= this.#max) return false
    this.#running++
    return true
  }

  leave(run: EndedRun): void {
    this.#running--
    this.#options.onEnded(run)
  }

  runId(): string {
    return randomBytes(16).toString("base64url")
  }

  get running(): number {
    return this.#running
  }

  /** How many compositions the catalog in use has that can be called. */
  get count(): number {
    return this.#current.size
  }

  /** In the order of the document. */
  notRunnable(): readonly NotRunnable[] {
    const { limits, once } = this
    return [...this.#current].flatMap(([{ name, version }, plan]) => {
      const refused = refusalOf(plan, limits, { once })?.message
      const agents = [...agentsIn(plan)]
      const unspoken = agents.length > 0 ? `agents are not called: ${agents.join(", ")}` : undefined
      const reason = refused ?? unspoken
      return reason === undefined ? [] : [{ name, version, reason }]
    })
  }

  /** Lets detached steps end for so long, then gives them up. */
  async close(graceMs: number): Promise<void> {
    const { background } = this.state
    const late = new AbortController()
    const patience = sleep(graceMs, undefined, { signal: late.signal }).catch(() => undefined) // in time
    await Promise.race([background.idle(), patience])
    late.abort()
    background.close({ class: "cancelled", message: "the gateway is shutting down" })
  }
}
