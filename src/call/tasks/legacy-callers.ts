import type { JsonObject } from "../../schema/json.ts"
import { type BackendReply, refused } from "../backends.ts"
import { withoutOurMembers, withoutOurMeta } from "../meta.ts"
import { type Asking, awaitedIn, checked } from "./asking.ts"
import { about, awaitTask, lookAt } from "./await-task.ts"
import { flat, isOver, nested, resultOf, statusMethod, taskFault } from "./shape.ts"

/** `tasks/get`, `tasks/result` and `tasks/cancel` of MCP 2025-11-25, whatever era the task's server is of. */
export async function askLegacyCallers(asking: Asking): Promise<BackendReply> {
  switch (asking.request.method) {
    case "tasks/get":
      return told(asking, await lookAt(awaitedIn(asking)))
    case "tasks/cancel":
      return told(asking, await cancel(asking))
    default: {
      const onStatus = statusTeller(asking)
      const made = checked(await awaitTask({ ...awaitedIn(asking), onStatus }), asking)
      return made.kind === "result" ? resultOf(asking.taskId, made) : made
    }
  }
}

/** The task as this era has it, under the caller's id. */
function told({ taskId }: Asking, reply: BackendReply): BackendReply {
  const said = withoutOurMeta(reply)
  if (said.kind !== "result") return said
  return { kind: "result", result: { ...nested(said.result), taskId } }
}

/** Says what becomes of the task while its result is waited for, each time it is another thing. */
export function statusTeller({
  taskId,
  tell,
}: Pick<Asking, "taskId" | "tell">): (task: JsonObject) => void {
  let said: string | undefined
  return (task) => {
    const params: JsonObject = { ...withoutOurMembers(nested(task)), taskId }
    const { status, statusMessage } = params
    const now = JSON.stringify([status, statusMessage])
    if (said !== undefined && now !== said) tell?.({ jsonrpc: "2.0", method: statusMethod, params })
    said = now
  }
}

/** Answered with the task, which a modern server does not do: it says that it will see to it. */
async function cancel(asking: Asking): Promise<BackendReply> {
  const { place, request, send } = asking
  if (place.era === "legacy") return asked(asking)
  const before = await lookAt(awaitedIn(asking))
  if (before.kind !== "result") return before
  const { result: task } = before
  if (isOver(task)) return over(task)
  const said = await send(about(request, "tasks/cancel", place.id))
  return said.kind === "result" ? cancelled(task) : said
}

async function asked({ place: { id }, request, send }: Asking): Promise<BackendReply> {
  const reply = await send(about(request, "tasks/cancel", id))
  if (reply.kind !== "result") return reply
  const reason = taskFault(reply.result, id)
  if (reason === undefined) return { kind: "result", result: flat(reply.result) }
  const { subject } = request
  return refused({ code: "backend_error", subject, reason })
}

const cancelled = ({ inputRequests: _, ...task }: JsonObject): BackendReply => ({
  kind: "result",
  result: { ...task, status: "cancelled" },
})

const over = ({ status }: JsonObject): BackendReply => ({
  kind: "error",
  error: { code: -32602, message: `The task is over: ${String(status)}` },
})
