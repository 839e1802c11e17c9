import type { Graph } from "../../plan/plan.ts"
import type { RunLog } from "../durable/run-log.ts"
import type { StepState } from "../durable/step-state.ts"
import type { Failed, Happened } from "../outcome.ts"
import { isInCompensation, isInsideOf } from "../paths.ts"
import type { Site } from "../work.ts"
import type { SagaScope, Undoable } from "./saga-scope.ts"
import { undo } from "./undo.ts"

/**
 * Undoes what a saga has done, one after the other in the reverse order of completion. Neither the caller nor a deadline
 * stops it. What cannot be undone parks the run, after the others have been tried. Gives what is left of the effects.
 */
export async function undoAll(graph: Graph, saga: SagaScope, site: Site): Promise<Happened> {
  const { run } = site
  const { log } = run.parts
  if (log === undefined) return "unknown"
  const { undoables } = saga
  const inOrder = undoables.toSorted((one, other) => seqOf(other, log) - seqOf(one, log))
  const stuck: Failed[] = []
  for (const undoable of inOrder) {
    if (run.halt.reason !== undefined) return "unknown"
    const failed = await undo(undoable, site, log)
    if (failed === undefined) continue
    stuck.push(failed)
    if (graph.saga?.onCompensateFailure === "stop") break
  }
  const [first] = stuck
  if (first !== undefined && run.halt.reason === undefined) park(first, stuck, site)
  return isAnythingLeft(undoables, site, log) ? "done" : "none"
}

const seqOf = ({ path }: Undoable, { state }: RunLog): number => state.endSeq(path) ?? 0

function park({ error }: Failed, stuck: readonly Failed[], { run }: Site): void {
  const steps = stuck.map((failed) => failed.error.step).join(", ")
  run.park({ reason: `cannot undo ${steps}: ${error.message}`, error })
}

/** Whether something that was done inside is neither undone nor inside of what is. */
function isAnythingLeft(
  undoables: readonly Undoable[],
  { path }: Site,
  { state }: RunLog,
): boolean {
  const isUndone = (one: string) => state.step(one)?.undo?.standing === "undone"
  const undone = new Set(undoables.map((one) => one.path).filter(isUndone))
  return [...state.steps].some(
    ([step, known]) =>
      isWithin(step, path) && !isUndone(step) && hasHappened(known) && !isInsideOf(undone, step),
  )
}

function hasHappened({ standing, effect, settled, problem }: Readonly<StepState>): boolean {
  if (standing === "done") return effect === "done"
  return settled?.as === "done" || problem?.error.effect === "done"
}

function isWithin(step: string, path: string): boolean {
  if (isInCompensation(step) || step.includes("?")) return false
  return path === "" || step === path || step.startsWith(`${path}/`) || step.startsWith(`${path}[`)
}
