import { isObject, type Json, type JsonObject } from "../../schema/json.ts"
import type { BackendReply } from "../backends.ts"

/*
 * A task has two shapes: nested, with `ttl` and `pollInterval` (MCP 2025-11-25, Tasks), and flat, with `ttlMs` and
 * `pollIntervalMs` (SEP-2663). Inside the gateway it is flat, whoever's it is.
 */

/** The era of the server that works on a task. */
export type TaskEra = "legacy" | "modern"

type Result = Extract<BackendReply, { kind: "result" }>

/** A task in place of a result, and the era whose form it has; undefined for any other reply. */
export function begun(reply: BackendReply): { era: TaskEra; task: JsonObject } | undefined {
  if (reply.kind !== "result") return
  const { resultType, content, task, _meta: meta } = reply.result
  if (resultType === "task") return { era: "modern", task: reply.result }
  if (resultType !== undefined || content !== undefined || !isObject(task)) return
  if (typeof task["taskId"] !== "string") return
  return { era: "legacy", task: { ...flat(task), ...(isObject(meta) && { _meta: meta }) } }
}

/** A task of 2025-11-25 as the extension writes it. */
export function flat({ ttl, pollInterval, ...task }: JsonObject): JsonObject {
  return {
    ...task,
    ttlMs: ttl ?? null,
    ...(pollInterval !== undefined && { pollIntervalMs: pollInterval }),
  }
}

/** A flat task as 2025-11-25 has it: without what that revision fetches elsewhere, and a failed tool is a failed task. */
export function nested({
  ttlMs,
  pollIntervalMs,
  resultType: _,
  result,
  error: _1,
  inputRequests: _2,
  ...task
}: JsonObject): JsonObject {
  const hasFailed = isObject(result) && result["isError"] === true
  return {
    ...task,
    ttl: ttlMs ?? null,
    ...(pollIntervalMs !== undefined && { pollInterval: pollIntervalMs }),
    ...(hasFailed && { status: "failed" }),
  }
}

const terminal: ReadonlySet<Json | undefined> = new Set(["completed", "failed", "cancelled"])
const statuses: ReadonlySet<Json | undefined> = new Set([...terminal, "working", "input_required"])

export const isOver = ({ status }: JsonObject): boolean => terminal.has(status)

/** A result as it stands in a task of the extension: of that era, too. */
export const complete = (result: JsonObject): JsonObject => ({ resultType: "complete", ...result })

/** `BackendRequest.task` of a request about a task: a modern server hears of the extension each time, a legacy one of nothing. */
export const taskMark = (era: TaskEra): JsonObject | undefined =>
  era === "modern" ? {} : undefined

/** What is wrong with what a server says of a task, in words. */
export function taskFault({ taskId, status }: JsonObject, id: string): string | undefined {
  if (taskId !== id) return "what the server says is about another task"
  return statuses.has(status) ? undefined : "the task has no status that is known"
}

/** Tells of a task's status (MCP 2025-11-25, Tasks). */
export const statusMethod = "notifications/tasks/status"

const relatedKey = "io.modelcontextprotocol/related-task"

/** A message or a result that belongs to a task, under the caller's id of it. */
export function relatedTo(taskId: string, message: JsonObject): JsonObject {
  const meta = message["_meta"]
  if (!isObject(meta) || meta[relatedKey] === undefined) return message
  return { ...message, _meta: { ...meta, [relatedKey]: { taskId } } }
}

/** A result of `tasks/result`, which names its task (MCP 2025-11-25, Tasks, Related Task Metadata). */
export function resultOf(taskId: string, { result, plain }: Result): Result {
  const own = (one: JsonObject): JsonObject => {
    const meta = one["_meta"]
    return { ...one, _meta: { ...(isObject(meta) && meta), [relatedKey]: { taskId } } }
  }
  return { kind: "result", result: own(result), ...(plain && { plain: own(plain) }) }
}

/** The same without the server's own id of the task, for who knows of no task. */
export function unrelated(message: JsonObject): JsonObject {
  const meta = message["_meta"]
  if (!isObject(meta) || meta[relatedKey] === undefined) return message
  const { [relatedKey]: _, ...kept } = meta
  return { ...message, _meta: kept }
}
