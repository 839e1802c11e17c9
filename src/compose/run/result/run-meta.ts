import type { Json, JsonObject } from "../../../schema/json.ts"
import type { Plan } from "../../plan/plan.ts"
import type { RunStatus } from "../durable/status.ts"
import type { StepError } from "../outcome.ts"
import type { StepSummary } from "../report.ts"
import type { RunOutcome } from "../run-plan.ts"
import { type Timeline, tenths } from "./timeline.ts"

const runKey = "dev.postern/run"
const scatterKey = "dev.postern/scatter"

/** Of a run with more steps the rest is counted. */
const stepsMax = 200

export interface RunMark {
  readonly runId: string
  readonly status: RunStatus
  /** Where the caller asked how the run went in time. */
  readonly timeline?: Timeline | undefined
}

/** What the `_meta` of a composition's result says of the run (compositions §6.2). */
export function runMeta(
  plan: Plan,
  outcome: RunOutcome,
  { runId, status, timeline }: RunMark,
): JsonObject {
  const { steps, notes } = outcome
  const run: JsonObject = {
    id: runId,
    status,
    steps: steps.slice(0, stepsMax).map((step) => stepMeta(step, timeline)),
    ...(steps.length > stepsMax && { more: steps.length - stepsMax }),
    ...(notes.length > 0 && { notes: notes.map(({ id, note }) => ({ step: id, ...note })) }),
    ...(timeline && { attempts: timeline.attempts() }),
  }
  const targets = scatterMeta(plan, steps)
  return { [runKey]: run, ...(targets && { [scatterKey]: targets }) }
}

function stepMeta(step: StepSummary, timeline: Timeline | undefined): JsonObject {
  const { id, status, attempts, ms, items, error, effect } = step
  const startMs = timeline?.startOf(id)
  return {
    id,
    status,
    attempts,
    ms: tenths(ms),
    ...(startMs !== undefined && { startMs: tenths(startMs) }),
    ...(items && { items: { ...items } }),
    ...(error && { error: { class: error.class, code: error.code } }),
    ...unknownIf(effect),
  }
}

/** How the targets of a scatter-gather ended, in their order. */
function scatterMeta({ root }: Plan, steps: readonly StepSummary[]): Json | undefined {
  if (root.kind !== "scatter" || steps.length === 0) return
  const targets = new Set(root.steps.map(({ id }) => id))
  return steps
    .filter(({ id }) => targets.has(id))
    .map(({ id, status, ms, error, effect }) => ({
      id,
      status: status === "not_started" ? "aborted" : status,
      ms: tenths(ms),
      ...(error && { error: errorMeta(error) }),
      ...unknownIf(effect),
    }))
}

const errorMeta = ({ class: errorClass, code, message }: StepError): JsonObject => ({
  class: errorClass,
  code,
  message,
})

const unknownIf = (effect: StepSummary["effect"]): JsonObject =>
  effect === "unknown" ? { unknownOutcome: true } : {}
