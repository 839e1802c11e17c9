import type { RunRecord } from "../../../compose/run/durable/record.ts"
import type { Caller } from "../../caller.ts"
import type { Approver } from "../../composition/durable/approver.ts"
import type { Facts } from "../../facts.ts"
import type { Gateway } from "../../gateway.ts"
import type { TaskRequest } from "../task-request.ts"

/** A request about a task that is a durable run, of whoever the run is for. */
export interface RunAsking {
  readonly request: TaskRequest
  readonly run: RunRecord
  readonly caller: Caller
  readonly gateway: Gateway
  readonly facts: Facts
  readonly approver: Approver
}
