import type { CatalogServer } from "../../registry/catalog.ts"
import { written } from "../../registry/model.ts"
import type { JsonObject } from "../../schema/json.ts"
import { type BackendReply, type BackendRequest, refused } from "../backends.ts"
import type { Caller } from "../caller.ts"
import type { Gateway } from "../gateway.ts"
import { takesTasks, withoutTasks } from "../interaction/capabilities.ts"
import type { Respondent } from "../interaction/peer.ts"
import type { TaskEra } from "./shape.ts"

/** A server's task on its way to the caller, under an id that says where the task is. */
export function asCallersTask(
  { era, task }: { readonly era: TaskEra; readonly task: JsonObject },
  server: CatalogServer,
  request: BackendRequest,
  { caller, respondent }: { readonly caller: Caller; readonly respondent: Respondent | undefined },
  { interactions }: Pick<Gateway, "interactions">,
): BackendReply {
  const { taskId } = task
  const { subject } = request
  const capabilities = respondent?.kind === "mute" ? undefined : respondent?.capabilities
  const isWanted =
    request.method === "tools/call" && (request.task !== undefined || takesTasks(capabilities))
  if (typeof taskId !== "string" || !isWanted) {
    const reason = "the result is a task, which the caller's client did not ask for"
    return refused({ code: "backend_error", subject, reason })
  }
  const sealed = interactions.taskIds.seal({
    principal: caller.principal,
    tool: subject,
    server: written(server),
    id: taskId,
    era,
    capabilities: withoutTasks(capabilities),
    session:
      respondent === undefined || respondent.kind === "rounds" ? undefined : respondent.session,
  })
  return { kind: "result", result: { ...task, resultType: "task", taskId: sealed } }
}
