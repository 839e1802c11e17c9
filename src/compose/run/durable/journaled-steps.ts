import type { StepSummary } from "../report.ts"
import type { RunState } from "./state.ts"
import type { StepState } from "./step-state.ts"

/** The steps of a durable run as its journal has them: what was undone is, and what nobody knows stays said. */
export const journaledSteps = (
  steps: readonly StepSummary[],
  state: RunState,
): readonly StepSummary[] => steps.map((step) => journaled(step, state))

function journaled(step: StepSummary, state: RunState): StepSummary {
  const own = statesOf(step.id, state)
  if (own.length === 0)
    return step.status === "aborted" && step.attempts === 0 && step.effect === "none"
      ? { ...bare(step), status: "not_started" }
      : step
  const undone = own.filter(({ undo }) => undo?.standing === "undone").length
  const isUnclear = own.some(({ settled }) => settled?.by === "assumption")
  const effect = isUnclear ? "unknown" : undone === own.length ? "none" : step.effect
  if (own.some(({ undo }) => undo?.standing === "stuck"))
    return { ...step, status: "stuck", effect }
  return undone === own.length ? { ...step, status: "undone", effect } : { ...step, effect }
}

/** Of the step, or of its items. */
function statesOf(id: string, state: RunState): readonly Readonly<StepState>[] {
  const own = state.step(id)
  if (own !== undefined) return [own]
  return [...state.steps].flatMap(([path, one]) => (path.startsWith(`${id}[`) ? one : []))
}

const bare = ({ error: _, ...step }: StepSummary): StepSummary => step
