import type { Json, JsonObject } from "../../../schema/json.ts"
import type { Schemas } from "../../../schema/validator.ts"
import type { Plan } from "../../plan/plan.ts"
import type { Cancellation } from "../cancellation.ts"
import { runGraph } from "../graph.ts"
import type { RunLimits } from "../limits.ts"
import { type Failure, type Result, whatFailed } from "../outcome.ts"
import type { Ports } from "../ports.ts"
import type { StepEvent } from "../report.ts"
import { Run } from "../run.ts"
import { type RunOutcome, siteOf } from "../run-plan.ts"
import type { PolicyState } from "../state/policy-state.ts"
import type { Reason } from "../stop.ts"
import { fail, type Site, startTimer } from "../work.ts"
import { whatIsAsked } from "./answering.ts"
import type { Creation, Journal, Lease } from "./journal.ts"
import { journaledSteps } from "./journaled-steps.ts"
import { passedPivot } from "./operate/verbs.ts"
import type { RunRecord } from "./record.ts"
import { RunLog } from "./run-log.ts"
import type { Beginning } from "./run-writer.ts"
import { byCaller, type RunState } from "./state.ts"
import type { RunStatus } from "./status.ts"

export interface DriveOptions {
  readonly journal: Journal
  readonly lease: Lease
  readonly record: Pick<RunRecord, "id" | "input" | "deadlineMs" | "recoveries">
  /** What the journal has of it. */
  readonly state: RunState
  /** It was begun before: what is known of it is gone through first. */
  readonly isRecovered: boolean
  /** Of a run that no journal has yet: it is written together with what is known of it first. */
  readonly beginning?: Beginning
  /** Whether nobody else can have the run yet. Default: always. */
  readonly isHeld?: () => boolean
  readonly callerScope: string
  readonly policies: PolicyState
  readonly schemas: Schemas
  readonly limits: RunLimits
  readonly onStep?: (event: StepEvent) => void
  /** What is wrong with the value of the whole: what breaks its promise is undone. */
  readonly faultOf?: (value: Json | undefined) => Failure | undefined
  /** What its callers get; written with its end. */
  readonly resultOf: (outcome: RunOutcome, status: RunStatus) => JsonObject
}

/** How a drive ended: with the run, or before it. */
export type Drive =
  | {
      readonly status: Exclude<RunStatus, "running" | "waiting" | "compensating">
      readonly outcome: RunOutcome
      readonly result: JsonObject
    }
  /** Nothing of it is under way: it goes on when a person has answered. */
  | { readonly status: "waiting" }
  /** Nobody may say anything about it here: another process has it, or this one is about to end. */
  | { readonly status: "left" }

/**
 * What a cancellation came to: `over`, it goes back already, is parked or has ended; `elsewhere`, it waits for somebody, or
 * another process has it.
 */
export type Revoked = "taken" | "over" | "past pivot" | "elsewhere"

type Ended = Extract<Drive, { readonly outcome: RunOutcome }>["status"]

/**
 * Drives one durable run of which this process has the lease, from wherever it stands, until it ends, is parked, or is
 * left to others. The same scheduler runs it as any composition; only that it goes through what the journal knows without
 * calling anybody.
 */
export class DurableRun {
  readonly #plan: Plan
  readonly #options: DriveOptions
  readonly #run: Run
  readonly #log: RunLog
  #timer: Cancellation | undefined
  #bug: { readonly cause: unknown } | undefined

  constructor(plan: Plan, ports: Ports, options: DriveOptions) {
    this.#plan = plan
    this.#options = options
    const { journal, lease, state, isRecovered, record } = options
    this.#log = new RunLog({
      ...{ journal, lease, state, isRecovered, clock: ports.clock, beginning: options.beginning },
      deadlineMs: record.deadlineMs,
      isHeld: options.isHeld ?? (() => true),
      onLost: (reason, bug) => {
        if (bug !== undefined) this.#bug = { cause: bug }
        this.#run.halt.abort(reason)
      },
    })
    const { policies, schemas, limits, callerScope, onStep, faultOf } = options
    this.#run = new Run({
      runId: record.id,
      log: this.#log,
      state: policies,
      ports,
      schemas,
      limits,
      callerScope,
      onStep,
      faultOf,
      runGraph,
    })
  }

  get state(): RunState {
    return this.#log.state
  }

  /** How its beginning went. Rejects where it could not be written: nothing was called then, and nothing is. */
  get begun(): Promise<Creation> {
    return this.#log.begun
  }

  /** False where another run has its key, or the journal cannot be written: its caller is told. */
  hasBegun(): Promise<boolean> {
    return this.#log.hasBegun()
  }

  /** Nobody wants it to go forward any more; before its pivot a saga goes back then. What is under way may end. */
  cancel(reason: Reason): void {
    const { stop, parts } = this.#run
    stop.drain(reason)
    const { ports, limits } = parts
    this.#timer ??= startTimer(ports.clock, limits.drainMs, () => stop.abort(reason))
  }

  /** Whoever began it wants it no more: the journal has that, too, when this resolves. */
  async revoke(who: string): Promise<Revoked> {
    const { state } = this
    if (state.status === "waiting") return "elsewhere"
    if (state.status !== "running") return (await this.#log.durable()) ? "over" : "elsewhere"
    if (passedPivot({ plan: this.#plan, state }) !== undefined) return "past pivot"
    if (state.cancelled === undefined) this.#log.note({ kind: "cancel", step: "", data: { who } })
    this.cancel({ class: "cancelled", message: (state.cancelled ?? byCaller).words })
    return (await this.#log.durable()) ? "taken" : "elsewhere"
  }

  /** Nothing is begun any more; what is under way may end. */
  rest(reason: Reason): void {
    this.#run.halt.drain(reason)
  }

  /** What is under way is given up, too, and nothing is said of it. */
  leave(reason: Reason): void {
    this.#run.halt.abort(reason)
    this.#log.giveUp()
  }

  /** Rejects for a bug alone; the run stays as it is in the journal then. */
  async drive(): Promise<Drive> {
    const { record, limits } = this.#options
    const site = siteOf(this.#plan, record.input, this.#run)
    if (record.recoveries > limits.maxRecoveries) this.#giveUp()
    const { cancelled } = this.state
    if (cancelled !== undefined) this.cancel({ class: "cancelled", message: cancelled.words })
    try {
      const result = this.#checked(await runGraph(this.#plan.root, site), site)
      const drive = await this.#end(result, site)
      if (this.#bug !== undefined)
        throw new Error("a durable run met a fault of the gateway", this.#bug)
      return drive
    } finally {
      this.#timer?.cancel()
      this.#run.end()
    }
  }

  /** A saga has held its value to what the whole promises itself, and has undone what broke it. */
  #checked(result: Result, site: Site): Result {
    if (!result.ok || this.#plan.root.kind === "saga") return result
    const fault = this.#options.faultOf?.(result.value)
    return fault === undefined ? result : fail(site, fault, result.effect)
  }

  /** It has been recovered again and again without getting any further: it may be what ends the process. */
  #giveUp(): void {
    const { recoveries } = this.#options.record
    const reason = `it was recovered ${recoveries} times and got no further (limit recoveries)`
    this.#run.park({ reason, error: undefined })
  }

  async #end(result: Result, { tally }: Site): Promise<Drive> {
    const { parking, halt, notes } = this.#run
    if (parking === undefined && halt.reason !== undefined) return this.#rest()
    const report = { steps: journaledSteps(tally.inner, this.state), notes }
    const outcome: RunOutcome = result.ok
      ? { ...report, ok: true, value: result.value ?? null, ...(result.raw && { raw: result.raw }) }
      : { ...report, ok: false, error: result.error }
    const status = this.#statusOf(result)
    const stored = this.#options.resultOf(outcome, status)
    this.#turn(status, outcome, stored)
    return (await this.#log.durable()) ? { status, outcome, result: stored } : { status: "left" }
  }

  async #rest(): Promise<Drive> {
    const { isAsking, halt } = this.#run
    const isWaiting = isAsking && halt.aborted === undefined
    if (isWaiting && this.state.status !== "waiting")
      this.#log.note(
        { kind: "turn", step: "", data: { to: "waiting" } },
        { status: "waiting", reason: whatIsAsked(this.state) },
      )
    return (await this.#log.durable()) && isWaiting ? { status: "waiting" } : { status: "left" }
  }

  #statusOf(result: Result): Ended {
    if (this.#run.parking !== undefined) return "parked"
    if (result.ok) return "completed"
    return this.state.status === "compensating" ? "compensated" : "failed"
  }

  #turn(to: Ended, outcome: RunOutcome, result: JsonObject): void {
    const { parking } = this.#run
    const { error, reason } = parking ?? {}
    const why = { ...(reason !== undefined && { reason }), ...(error && { error }) }
    // A saga that was undone has had its reason since it went back.
    const failed = to === "failed" && !outcome.ok && { reason: whatFailed(outcome.error) }
    const change = parking === undefined ? { result, ...failed } : { reason: parking.reason }
    this.#log.note({ kind: "turn", step: "", data: { to, ...why } }, { status: to, ...change })
  }
}
