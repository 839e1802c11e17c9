import { type OpenQuestion, openQuestions } from "../answering.ts"
import type { RunState } from "../state.ts"

interface Waiting {
  readonly state: RunState
  readonly nowMs: number
}

/** What can be answered now, in the order in which it was asked. */
export const answerable = ({ state, nowMs }: Waiting): readonly OpenQuestion[] =>
  openQuestions(state).filter(({ untilMs }) => untilMs > nowMs)

/** The question of this step, or without a step the only one; or why there is none, with those that there are. */
export function questionFor(step: string | undefined, waiting: Waiting): OpenQuestion | string {
  const isMeant = ({ path }: OpenQuestion) => step === undefined || path === step
  const open = answerable(waiting)
  const [question, ...others] = open.filter(isMeant)
  if (question !== undefined && others.length === 0) return question
  const asking = open.map(({ path }) => path).join(", ")
  if (question !== undefined) return `more than one step asks; say which: ${asking}`
  const late = openQuestions(waiting.state).find(isMeant)
  if (late !== undefined)
    return `step ${late.path} could be answered until ${new Date(late.untilMs).toISOString()}, and counts as not answered`
  return asking === ""
    ? "nothing is asked any more"
    : `step ${step} asks nothing now; what asks is ${asking}`
}
