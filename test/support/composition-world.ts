import type { Plan, Target } from "../../src/compose/plan/plan.ts"
import type { ErrorClass } from "../../src/compose/plan/policies.ts"
import { type Cancellable, Cancellation } from "../../src/compose/run/cancellation.ts"
import { codes, type Happened, type Outcome } from "../../src/compose/run/outcome.ts"
import type { CallOptions, Invoke } from "../../src/compose/run/ports.ts"
import { type RunOptions, type RunOutcome, runPlan } from "../../src/compose/run/run-plan.ts"
import type { Report } from "../../src/compose/run/state/background.ts"
import {
  createPolicyState,
  defaultPolicyStateLimits,
  type PolicyState,
  type PolicyStateLimits,
} from "../../src/compose/run/state/policy-state.ts"
import type { Json, JsonObject } from "../../src/schema/json.ts"
import { createSchemas } from "../../src/schema/schemas.ts"
import { VirtualClock } from "./virtual-clock.ts"

/** How a tool answers one call. */
export interface Answer {
  readonly afterMs?: number
  readonly value?: Json
  readonly raw?: JsonObject
  readonly fail?: {
    readonly class: ErrorClass
    readonly code?: string
    readonly message?: string
    readonly effect?: Happened
    readonly data?: Json
    readonly retryAfterMs?: number
  }
  /** Never, and whatever becomes of the call. */
  readonly hangs?: true
  /** A bug of the port. */
  readonly throws?: Error
  /** Answers although the call was cancelled. */
  readonly isDeaf?: true
}

export type Tool = Answer | ((input: Json, call: CallOptions, nth: number) => Answer)

/** One call, as the world saw it. */
export interface Seen {
  readonly tool: string
  readonly input: Json
  readonly call: CallOptions
  readonly atMs: number
  endMs: number | undefined
  cancelledMs: number | undefined
}

/** Tools that answer as they are told, in virtual time. */
export class World {
  readonly clock: VirtualClock
  readonly seen: Seen[] = []
  readonly reports: Report[] = []
  readonly state: PolicyState
  readonly schemas = createSchemas()
  /** The most calls that were under way at a time. */
  mostAtOnce = 0
  readonly #tools: ReadonlyMap<string, Tool>

  constructor(
    tools: Readonly<Record<string, Tool>>,
    limits?: Partial<PolicyStateLimits>,
    clock = new VirtualClock(),
  ) {
    this.clock = clock
    this.#tools = new Map(Object.entries(tools))
    this.state = createPolicyState({
      clock: this.clock,
      limits: { ...defaultPolicyStateLimits, ...limits },
      onDetached: (report) => void this.reports.push(report),
    })
  }

  /** Starts a run; time passes only when somebody waits for something. */
  start(plan: Plan, input: Json = {}, options: Partial<RunOptions> = {}): Promise<RunOutcome> {
    const { clock, state, schemas, invoke } = this
    return runPlan(
      plan,
      input,
      { clock, invoke },
      { runId: "run", callerScope: "agent", state, schemas, ...options },
    )
  }

  run(plan: Plan, input?: Json, options?: Partial<RunOptions>): Promise<RunOutcome> {
    return this.clock.until(this.start(plan, input, options))
  }

  /** The names of the tools that were called, in this order. */
  get called(): readonly string[] {
    return this.seen.map(({ tool }) => tool)
  }

  /** When each tool was called. */
  get times(): Readonly<Record<string, readonly number[]>> {
    return Object.fromEntries(this.called.map((tool) => [tool, this.timesOf(tool)]))
  }

  timesOf(tool: string): readonly number[] {
    return this.seen.filter((one) => one.tool === tool).map(({ atMs }) => atMs)
  }

  readonly invoke: Invoke = async (target, input, call) => {
    const tool = nameOf(target)
    const { cancellation } = call
    const seen: Seen = {
      tool,
      input,
      call,
      atMs: this.clock.now(),
      endMs: undefined,
      cancelledMs: undefined,
    }
    this.seen.push(seen)
    const running = this.seen.filter(({ endMs }) => endMs === undefined).length
    this.mostAtOnce = Math.max(this.mostAtOnce, running)
    const script = this.#tools.get(tool)
    if (script === undefined) throw new Error(`nobody said what ${tool} answers`)
    const answer =
      typeof script === "function" ? script(input, call, this.timesOf(tool).length) : script
    const gate = new Gate(cancellation, () => {
      seen.cancelledMs = this.clock.now()
    })
    if (answer.hangs) await gate.never
    await this.clock.sleep(answer.afterMs ?? 0, answer.isDeaf ? new Gate() : gate)
    seen.endMs = this.clock.now()
    if (answer.throws) throw answer.throws
    return outcomeOf(answer)
  }
}

function outcomeOf({ value = null, raw, fail }: Answer): Outcome {
  if (fail === undefined) return { ok: true, value, ...(raw && { raw }) }
  const { class: errorClass, code = codes[errorClass], message = "broken", data } = fail
  return {
    ok: false,
    error: { class: errorClass, code, message, ...(data !== undefined && { data }) },
    effect: fail.effect ?? "none",
    ...(fail.retryAfterMs !== undefined && { retryAfterMs: fail.retryAfterMs }),
  }
}

function nameOf(target: Target): string {
  return target.kind === "direct" ? target.tool : target.name
}

/** The cancellation of a sleep that ends with that of a call. */
class Gate extends Cancellation {
  readonly never = new Promise<void>(() => {})

  constructor(call?: Cancellation, seen: () => void = () => {}) {
    super()
    const cancelled = () => {
      seen()
      this.cancel()
    }
    call?.listen({ cancelled })
  }
}

/** The cancellation of a caller, which knows whether anybody would hear it. */
export class Caller extends Cancellation {
  isHeard = false

  override listen(listener: Cancellable): void {
    super.listen(listener)
    this.isHeard = true
  }

  override release(): void {
    super.release()
    this.isHeard = false
  }
}

/** Of a tool that only reads, and of one that may be called again. */
export const reading = { annotations: { readOnlyHint: true } }
export const repeatable = { annotations: { idempotentHint: true, readOnlyHint: false } }
export const effectful = { annotations: { readOnlyHint: false } }

/** The value of a run that succeeded. */
export function valueIn(outcome: RunOutcome): Json {
  if (!outcome.ok) throw new Error(`${outcome.error.step}: ${outcome.error.message}`)
  return outcome.value
}

/** The error of a run that did not. */
export function errorIn(outcome: RunOutcome) {
  if (outcome.ok) throw new Error(`it succeeded with ${JSON.stringify(outcome.value)}`)
  return outcome.error
}

/** How each step ended, by its path. */
export const statuses = ({ steps }: RunOutcome): Readonly<Record<string, string>> =>
  Object.fromEntries(steps.map(({ id, status }) => [id, status]))
