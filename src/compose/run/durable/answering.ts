import type { Fault } from "../../../schema/fault.ts"
import { isObject } from "../../../schema/json.ts"
import type { Schemas } from "../../../schema/validator.ts"
import type { PersonsAnswer, Question, StoredEvent } from "./event.ts"
import type { RunChange, RunRecord } from "./record.ts"
import type { RunState } from "./state.ts"

/** What a run waits to be told. */
export interface OpenQuestion extends Question {
  /** Of the step that asks. */
  readonly path: string
}

/** What a person can answer now, in the order in which it was asked: none unless the run waits, and is wanted. */
export const openQuestions = (state: RunState): readonly OpenQuestion[] =>
  state.status !== "waiting" || state.cancelled !== undefined ? [] : unanswered(state)

const unanswered = (state: RunState): readonly OpenQuestion[] =>
  [...state.steps].flatMap(([path, { standing, asked }]) =>
    standing === "waiting" && asked !== undefined ? { ...asked, path } : [],
  )

/** Who is asked what, in short: for lists of runs. */
export const whatIsAsked = (state: RunState): string =>
  unanswered(state)
    .map(({ path, to, message }) => `${path} asks ${whom[to]}: ${shortened(message)}`)
    .join("; ")

const whom = { caller: "its caller", operator: "an operator" }
const messageCharsShown = 200

const shortened = (message: string): string =>
  message.length <= messageCharsShown ? message : `${message.slice(0, messageCharsShown)}…`

/** What is wrong with the content of an answer. */
export function contentFaults(
  { schema }: OpenQuestion,
  { action, content = {} }: Pick<PersonsAnswer, "action" | "content">,
  schemas: Schemas,
): readonly Fault[] | undefined {
  if (action !== "accept" || !isObject(schema)) return
  return schemas.validator(schema).faults(content)
}

export interface Answering {
  readonly events: readonly StoredEvent[]
  readonly change: RunChange
}

/**
 * The answers, by path, as they are written: the run goes on with them, and its time is longer by what it waited. The state
 * has them already. Throws for a question that is not open: a bug.
 */
export function answering(
  answers: ReadonlyMap<string, PersonsAnswer>,
  { state, record, nowMs }: Answered,
): Answering {
  const { waitingSinceMs = nowMs } = state
  const events: StoredEvent[] = []
  const note = (event: StoredEvent) => {
    state.apply(event)
    events.push(event)
  }
  for (const [step, data] of answers)
    note({ kind: "answer", step, data, seq: state.seq + 1, atMs: nowMs })
  note({ kind: "turn", step: "", data: { to: "running" }, seq: state.seq + 1, atMs: nowMs })
  const { deadlineMs } = record
  const waitedMs = Math.max(0, nowMs - waitingSinceMs)
  const later = deadlineMs === undefined ? undefined : { deadlineMs: deadlineMs + waitedMs }
  return { events, change: { status: "running", reason: null, recoveries: 0, ...later } }
}

interface Answered {
  readonly state: RunState
  readonly record: Pick<RunRecord, "deadlineMs">
  readonly nowMs: number
}
