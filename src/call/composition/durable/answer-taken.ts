import type { OpenQuestion } from "../../../compose/run/durable/answering.ts"
import type { PersonsAnswer } from "../../../compose/run/durable/event.ts"
import type { Fault } from "../../../schema/fault.ts"
import { isObject } from "../../../schema/json.ts"
import type { Schemas } from "../../../schema/validator.ts"
import type { LiveRun } from "./durable-runs.ts"

/** What somebody answers to a question of a run. */
export interface ToAnswer {
  readonly id: string
  /** Of the step that asks. */
  readonly path: string
  readonly answer: PersonsAnswer
  readonly schemas: Schemas
}

/** What came of an answer. */
export type AnswerTaken =
  | { readonly is: "taken"; readonly live: LiveRun }
  /** Such a run there is not. */
  | { readonly is: "unknown" }
  /** Nobody is asked that now: it was answered, or its time is up. */
  | { readonly is: "over" }
  /** It is not what was asked for; the run waits on. */
  | { readonly is: "misfit"; readonly faults: readonly Fault[] }

/** What is wrong with the content of an answer. */
export function contentFaults(
  { schema }: OpenQuestion,
  { action, content = {} }: PersonsAnswer,
  schemas: Schemas,
): readonly Fault[] | undefined {
  if (action !== "accept" || !isObject(schema)) return
  return schemas.validator(schema).faults(content)
}
