import type { Json, JsonObject } from "../../schema/json.ts"
import type { Schemas } from "../../schema/validator.ts"
import type { Plan } from "../plan/plan.ts"
import type { Cancellation } from "./cancellation.ts"
import { runGraph } from "./graph.ts"
import { defaultRunLimits, type RunLimits } from "./limits.ts"
import type { Result, StepError } from "./outcome.ts"
import type { Ports } from "./ports.ts"
import { beginTally, type RunNote, type StepEvent, type StepSummary } from "./report.ts"
import { Run } from "./run.ts"
import type { PolicyState } from "./state/policy-state.ts"
import { refusalOf } from "./supported.ts"
import { fail, type Site, startTimer, stopped } from "./work.ts"

export interface RunOptions {
  /** Unguessable and never used before: the keys of calls begin with it. */
  readonly runId: string
  /** Whose values a cache may give: the agent, and the subject of its credentials. */
  readonly callerScope: string
  /** Of the gateway; shared by all runs. */
  readonly state: PolicyState
  /** For what compositions that are called inside take and give. */
  readonly schemas: Schemas
  readonly limits?: RunLimits
  /** Of the caller. Nobody else listens to it while the run lasts. */
  readonly cancellation?: Cancellation
  /** When the caller's patience ends, on the clock's scale. */
  readonly deadlineMs?: number
  /** Told what happens, as it happens, and nothing after the run's end. Must not throw. */
  readonly onStep?: (event: StepEvent) => void
  /**
   * `input` has been held to the schema of the composition, and the value of every call is held to that of its tool, or is
   * no value. Then what is proved of an input is not checked once more. Default: false.
   */
  readonly isChecked?: boolean
}

/** What comes of a run. */
export type RunOutcome = RunReport &
  (
    | {
        readonly ok: true
        readonly value: Json
        /** The result of the last call as it came, where the composition makes nothing else of it. */
        readonly raw?: JsonObject
      }
    | { readonly ok: false; readonly error: StepError }
  )

interface RunReport {
  /** Of every step, in the order of the document, each followed by those inside it; none where nothing was begun. */
  readonly steps: readonly StepSummary[]
  readonly notes: readonly RunNote[]
}

/**
 * Runs a plan that needs no journal, from beginning to end in this process. `input` has been checked against the schema
 * of the composition. What goes wrong is an outcome; it rejects only when a port or `onStep` throws, which is a bug, and
 * not before everything that was under way has been given up. What was started has ended or been cancelled when it
 * resolves, but for detached steps, which belong to the state.
 */
export async function runPlan(
  plan: Plan,
  input: Json,
  ports: Ports,
  options: RunOptions,
): Promise<RunOutcome> {
  const { runId, callerScope, state, schemas, limits = defaultRunLimits, onStep } = options
  const parts = { ports, state, schemas, limits, runId, callerScope, onStep, runGraph }
  const run = new Run(parts, { isTrusted: options.isChecked === true })
  const site = siteOf(plan, input, run, options.deadlineMs)
  const result = await guarded(plan, site, options)
  run.end()
  return outcomeOf(result, { steps: site.tally.inner, notes: run.notes })
}

/** Of the outermost graph. */
export function siteOf({ tool, root }: Plan, input: Json, run: Run, deadlineMs?: number): Site {
  return {
    run,
    path: "",
    scope: { frame: { input, steps: new Map() }, self: input },
    stop: run.stop,
    deadlineMs,
    authority: { tool, depends: root.boundary?.depends ?? [] },
    tally: beginTally(),
    saga: undefined,
  }
}

/** Runs it as long as the caller waits for it. */
async function guarded(plan: Plan, site: Site, options: RunOptions): Promise<Result> {
  const { run } = site
  const { cancellation, deadlineMs, limits = defaultRunLimits } = options
  const refusal = refusalOf(plan, limits, { durable: false })
  if (refusal !== undefined) return fail(site, refusal)
  const cancelled = { class: "cancelled", message: "cancelled by the caller" } as const
  if (cancellation?.isCancelled) return stopped(site, cancelled)
  const { clock } = run.parts.ports
  const late = { class: "deadline", message: "not done before the deadline of the call" } as const
  if (deadlineMs !== undefined && deadlineMs <= clock.now()) return stopped(site, late)
  const timer =
    deadlineMs === undefined
      ? undefined
      : startTimer(clock, deadlineMs - clock.now(), () => run.stop.abort(late))
  cancellation?.listen({ cancelled: () => run.stop.abort(cancelled) })
  try {
    return await runGraph(plan.root, site)
  } finally {
    cancellation?.release()
    timer?.cancel()
  }
}

function outcomeOf(result: Result, report: RunReport): RunOutcome {
  if (!result.ok) return { ...report, ok: false, error: result.error }
  const { value = null, raw } = result
  return { ...report, ok: true, value, ...(raw !== undefined && { raw }) }
}
