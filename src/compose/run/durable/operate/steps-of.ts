import { effectOf, type Happened } from "../../outcome.ts"
import type { StepStatus, StepSummary } from "../../report.ts"
import type { RunState } from "../state.ts"
import type { StepState } from "../step-state.ts"

/** What became of the steps of a run that nobody drives, as far as its journal says. */
export const stepsOf = (state: RunState): readonly StepSummary[] =>
  [...state.steps].flatMap(([path, step]) => (/[~?!]/.test(path) ? [] : summaryOf(path, step)))

function summaryOf(id: string, step: Readonly<StepState>): StepSummary {
  const error = step.standing === "failed" ? step.problem?.error : undefined
  const { attempts } = step
  return {
    id,
    status: statusOf(step),
    attempts,
    ms: 0,
    effect: whatHappened(step),
    ...(error && { error }),
  }
}

function statusOf({ standing, undo }: Readonly<StepState>): StepStatus {
  if (undo !== undefined) return undo.standing === "undone" ? "undone" : "stuck"
  switch (standing) {
    case "done":
      return "ok"
    case "failed":
    case "unknown":
    case "started":
      return "failed"
    case "skipped":
      return "skipped"
    default:
      return "not_started"
  }
}

function whatHappened(step: Readonly<StepState>): Happened {
  const { standing, undo, effect, problem } = step
  if (standing === "unknown" || standing === "started") return "unknown"
  if (undo?.standing === "undone") return "none"
  if (standing === "failed" && problem !== undefined)
    return effectOf({ ok: false, error: problem.error })
  return standing === "done" ? effect : "none"
}
