import type { BackendReply, BackendRequest, Listed } from "../../call/backends.ts"
import { takesTasks } from "../../call/interaction/capabilities.ts"
import { about, awaitTask } from "../../call/tasks/await-task.ts"
import { begun, taskMark, unrelated } from "../../call/tasks/shape.ts"
import { isList, isObject, type JsonObject } from "../../schema/json.ts"
import type { Outcome } from "./outgoing.ts"

/** What the server that wants a task is asked with. */
export interface TaskPorts {
  tools(): Promise<Listed>
  send(request: BackendRequest): Promise<BackendReply>
}

/**
 * Whether a server has turned a call down, before it ran, because only a task would do: with -32601 (MCP 2025-11-25, Tasks,
 * Tool-Level Negotiation), which the official SDK hands on as a tool's error, or with -32021 for want of the extension.
 */
export function mayWantTask({ method, rounds, task }: BackendRequest, outcome: Outcome): boolean {
  if (outcome.kind === "failure" || method !== "tools/call" || task !== undefined) return false
  if (outcome.kind === "result")
    return outcome.result["isError"] === true && isSdksRefusal(outcome.result)
  const { code, data } = outcome.error
  if (code === methodNotFound) return true
  const needed = isObject(data) ? data["requiredCapabilities"] : undefined
  return code === missingCapability && rounds === undefined && takesTasks(needed)
}

const methodNotFound = -32601
const missingCapability = -32021

function isSdksRefusal({ content }: JsonObject): boolean {
  const [first] = isList(content) ? content : []
  const text = isObject(first) ? first["text"] : undefined
  return typeof text === "string" && /^MCP error -32601:.*\btask/.test(text)
}

/**
 * Makes the call once more, as a task of the gateway's own, and waits for its outcome: its caller does not know tasks.
 * What the server says meanwhile becomes progress. `refused` is the answer where the server wants no task after all.
 */
export async function goAsTask(
  request: BackendRequest,
  refused: BackendReply,
  ports: TaskPorts,
): Promise<BackendReply> {
  if (refused.kind !== "refusal" && !(await isRequired(request, ports))) return refused
  const reply = await ports.send({ ...request, task: {} })
  const made = begun(reply)
  if (made === undefined) return reply
  const id = String(made.task["taskId"])
  const { progressToken: _, ...meta }: JsonObject = request.meta ?? {} // progress is ours to tell
  const { era } = made
  const quiet = { ...request, meta, task: taskMark(era) }
  const outcome = await awaitTask({
    id,
    era,
    request: quiet,
    send: ports.send,
    onStatus: statusTeller(request),
  })
  if (request.cancellation?.isCancelled) {
    void ports.send({ ...about(quiet, "tasks/cancel", id), cancellation: undefined })
  }
  if (outcome.kind !== "result") return outcome
  const { plain, result } = outcome
  return { kind: "result", result: unrelated(result), ...(plain && { plain: unrelated(plain) }) }
}

async function isRequired({ name }: BackendRequest, { tools }: TaskPorts): Promise<boolean> {
  const { plain } = await tools()
  const tool = plain.find((one) => one["name"] === name)
  const execution = tool?.["execution"]
  return isObject(execution) && execution["taskSupport"] === "required"
}

/** Tells a caller that wants progress what the server says of the task, whenever that changes. */
function statusTeller({ meta, onNotification }: BackendRequest): (task: JsonObject) => void {
  const progressToken = meta?.["progressToken"]
  let progress = 0
  let said: unknown
  return ({ statusMessage: message }) => {
    if (progressToken === undefined || typeof message !== "string" || message === said) return
    said = message
    progress++
    const params = { progressToken, progress, message }
    onNotification?.({ jsonrpc: "2.0", method: "notifications/progress", params })
  }
}
