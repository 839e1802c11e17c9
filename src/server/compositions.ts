import { setTimeout as sleep } from "node:timers/promises"
import type { Compositions, EndedRun } from "../call/composition/compositions.ts"
import { DurableRuns } from "../call/composition/durable/durable-runs.ts"
import type { Gateway } from "../call/gateway.ts"
import { type Full, Shares } from "../call/shares.ts"
import type { Planned } from "../compose/load.ts"
import type { Plan } from "../compose/plan/plan.ts"
import { isJournalTrouble } from "../compose/run/durable/journal.ts"
import type { RunRecord } from "../compose/run/durable/record.ts"
import type { RunStatus } from "../compose/run/durable/status.ts"
import type { RunLimits } from "../compose/run/limits.ts"
import type { Report } from "../compose/run/state/background.ts"
import { createPolicyState, type PolicyState } from "../compose/run/state/policy-state.ts"
import { agentsIn, refusalOf } from "../compose/run/supported.ts"
import type { CatalogTool } from "../registry/catalog.ts"
import { clock } from "./clock.ts"
import type { Config } from "./config/config.ts"
import { policyLimitsOf, runLimitsOf } from "./limit-sets.ts"
import type { Logger } from "./log.ts"
import { RunKeeper } from "./runs/keeper.ts"
import { newRunId } from "./runs/run-id.ts"
import { RunJournal } from "./runs/run-journal.ts"

export interface RunsOptions {
  readonly onEnded: (run: EndedRun) => void
  readonly onDetached: (report: Report) => void
  /** A durable run has ended, was parked, or was left to others (`left`). */
  readonly onDurable: (run: RunRecord, status: RunStatus | "left") => void
  readonly onRecovered: (run: RunRecord) => void
  readonly log: Logger
}

/** A composition that is refused when it is called, or one of whose steps is. */
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
  readonly durable: DurableRuns
  readonly holdMs: number
  readonly runIds: Compositions["runIds"]
  readonly taskAfterMs: number
  readonly retentionMs: number
  readonly journal: RunJournal
  readonly keeper: RunKeeper
  readonly #options: RunsOptions
  readonly #shares: Shares
  /** Weak: a plan lives as long as a request, or the catalog in use, knows its tool. */
  readonly #plans = new WeakMap<CatalogTool, Plan>()
  #current: Planned["plans"] = new Map()
  #isStarted = false

  constructor(
    {
      limits,
      state,
    }: Pick<Config, "limits"> & { readonly state: Pick<Config["state"], "runs" | "runIds"> },
    options: RunsOptions,
  ) {
    this.#options = options
    this.#shares = new Shares(limits.runs, limits.runsPerCaller)
    this.limits = runLimitsOf(limits)
    this.timeoutMs = limits.runTimeout
    this.state = createPolicyState({
      clock,
      limits: policyLimitsOf(limits),
      onDetached: options.onDetached,
    })
    this.holdMs = limits.runHold
    this.runIds = state.runIds
    this.taskAfterMs = limits.runTaskAfter
    this.retentionMs = limits.runRetention
    this.journal = new RunJournal(state.runs, limits)
    this.durable = new DurableRuns({
      journal: () => this.journal.open(),
      isKept: () => this.journal.exists,
      clock,
      policies: this.state,
      limits: this.limits,
      owner: this.runId(),
      ...(this.journal.leaseMs !== undefined && { leaseMs: this.journal.leaseMs }),
      openMax: limits.runsOpen,
      openPerCallerMax: limits.runsOpenPerCaller,
      onEnded: (run, drive) => options.onDurable(run, drive.status),
      onRecovered: options.onRecovered,
      onBug: (id, error) => options.log.error({ event: "composition_bug", run: id, error }),
    })
    this.keeper = new RunKeeper({
      journal: this.journal,
      runs: this.durable,
      log: options.log,
      now: clock.now,
      graceMs: limits.shutdownTimeout,
      retentionMs: limits.runRetention,
      tombstoneMs: limits.runTombstone,
    })
  }

  /**
   * Goes on with the durable runs of processes before, and opens the journal where the catalog in use needs it. Throws a
   * {@link JournalTrouble} when it cannot be opened.
   */
  start(gateway: Gateway): void {
    const isNeeded = [...this.#current.values()].some(({ durable }) => durable)
    this.#isStarted = true
    if (!isNeeded && !this.journal.exists) return
    this.journal.open()
    this.keeper.start(gateway)
  }

  /** Those of the catalog in use. */
  use(plans: Planned["plans"]): void {
    this.#current = plans
    for (const [tool, plan] of plans) this.#plans.set(tool, plan)
  }

  get isStarted(): boolean {
    return this.#isStarted
  }

  planOf(tool: CatalogTool): Plan | undefined {
    return this.#plans.get(tool)
  }

  enter(principal: string): Full | undefined {
    return this.#shares.take(principal)
  }

  leave(principal: string, run: EndedRun): void {
    this.#shares.give(principal)
    this.#options.onEnded(run)
  }

  runId(): string {
    return newRunId(clock.now())
  }

  get running(): number {
    return this.#shares.taken
  }

  /** How many compositions the catalog in use has that can be called. */
  get count(): number {
    return this.#current.size
  }

  /** In the order of the document. */
  notRunnable(): readonly NotRunnable[] {
    const { limits } = this
    return [...this.#current].flatMap(([{ name, version }, plan]) => {
      const refused = refusalOf(plan, limits, { durable: true })?.message
      const agents = [...agentsIn(plan)]
      const unspoken = agents.length > 0 ? `agents are not called: ${agents.join(", ")}` : undefined
      const reason = refused ?? unspoken
      return reason === undefined ? [] : [{ name, version, reason }]
    })
  }

  /**
   * Durable runs begin nothing any more; calls in flight have this long to end. A journal that hangs is not waited for.
   */
  async rest(graceMs: number): Promise<void> {
    const resting = this.keeper.stop().then(() => this.durable.close(graceMs))
    await atMost(graceMs + lastWritesMs, resting)
  }

  /** Lets detached steps end for so long, then gives them up. */
  async close(graceMs: number): Promise<void> {
    const { background } = this.state
    await atMost(graceMs, background.idle())
    background.close({ class: "cancelled", message: "the gateway is shutting down" })
    try {
      await this.journal.close() // whoever comes next takes its runs
    } catch (error) {
      if (!isJournalTrouble(error)) throw error
      const { kind, message: reason } = error
      this.#options.log.error({ event: "run_journal_unavailable", kind, reason })
    }
  }
}

/** After what was under way has been given up. */
const lastWritesMs = 1_000

async function atMost(ms: number, work: Promise<unknown>): Promise<void> {
  const late = new AbortController()
  const patience = sleep(ms, undefined, { signal: late.signal }).catch(() => undefined) // in time
  await Promise.race([work, patience])
  late.abort()
}
