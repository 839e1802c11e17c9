import type { RunRecord } from "../../../compose/run/durable/record.ts"
import { RunState } from "../../../compose/run/durable/state.ts"
import type { Caller } from "../../caller.ts"
import { questionsOf } from "../../composition/durable/answer.ts"
import { type Approver, askable } from "../../composition/durable/approver.ts"
import type { Facts } from "../../facts.ts"
import type { Gateway } from "../../gateway.ts"
import type { TaskRequest } from "../task-request.ts"
import { capabilitiesOf, type Standing } from "./run-task.ts"

/** A request about a task that is a durable run, of whoever the run is for. */
export interface RunAsking {
  readonly request: TaskRequest
  readonly run: RunRecord
  readonly caller: Caller
  readonly gateway: Gateway
  readonly facts: Facts
  readonly approver: Approver
}

/** A run, and what of it this caller can answer. */
export async function standingOf(
  run: RunRecord,
  { era, respondent }: TaskRequest,
  { compositions }: Gateway,
): Promise<Standing> {
  const { durable } = compositions
  const { id, status } = run
  const open = status === "waiting" ? await questionsOf(durable, id) : []
  const questions = askable(open ?? [], capabilitiesOf(respondent))
  // Its events are read only where its status hangs on them.
  const mayBe = status === "compensated" || status === "failed" || era === "legacy"
  const isCancelled =
    mayBe && RunState.of(await durable.journal.events(id)).cancelled?.by === "caller"
  return { run, questions, isCancelled }
}
