import { setTimeout as sleep } from "node:timers/promises"
import { isObject, type JsonObject } from "../../schema/json.ts"
import { type BackendReply, type BackendRequest, refused } from "../backends.ts"
import { askAll } from "../interaction/ask-all.ts"
import { readRound } from "../interaction/round-result.ts"
import type { Refusal } from "../refusal.ts"
import { flat, isOver, type TaskEra, taskFault } from "./shape.ts"

type Result = Extract<BackendReply, { kind: "result" }>

/** A task of a server, and how its server is asked about it. */
export interface Awaited {
  readonly id: string
  readonly era: TaskEra
  /** Whose task it is, and what was asked of the server: all but the method and the parameters is the same for its task. */
  readonly request: BackendRequest
  send(request: BackendRequest): Promise<BackendReply>
  /** Told what the server says of the task whenever it says another thing. */
  onStatus?(task: JsonObject): void
}

/** Between two looks at a task; servers say how often they want to be asked. */
const pollMs = { min: 50, usual: 1000, max: 30_000 }
/** From when we begin to wait. What takes longer is told to be late, and its task goes on at the server. */
export const waitMaxMs = 60 * 60_000

/**
 * What a task comes to, looked for until it is there: its result, or the error it ended with. What its server asks meanwhile
 * is asked of `request.peer`. Never rejects.
 */
export async function awaitTask(awaited: Awaited): Promise<BackendReply> {
  const { request, era } = awaited
  const untilMs = performance.now() + waitMaxMs
  while (performance.now() < untilMs) {
    const found = await lookAt(awaited)
    if (found.kind !== "result") return found
    awaited.onStatus?.(found.result)
    const outcome = await (era === "legacy" ? legacyOutcome : modernOutcome)(awaited, found)
    if (outcome !== undefined) return outcome
    await pause(request, found.result)
    if (request.cancellation?.isCancelled) return refused(cancelled)
  }
  return refused({
    code: "backend_timeout",
    subject: request.subject,
    waitedMs: waitMaxMs,
    reason: "its task did not end in time",
    fate: "late",
  })
}

/** What the server says of the task now, flat; a refusal where that is no task, or not this one. */
export async function lookAt({ era, id, request, send }: Awaited): Promise<BackendReply> {
  const reply = await send(about(request, "tasks/get", id))
  if (reply.kind !== "result") return reply
  const fault = taskFault(reply.result, id)
  if (fault !== undefined) return refused(broken(request, fault))
  if (era === "modern") return reply
  return { kind: "result", result: flat(reply.result) }
}

/** A request about the task, from the one that it was begun with. */
export function about(
  { rounds: _, params: _1, onPause: _2, ...request }: BackendRequest,
  method: string,
  id: string,
  params: JsonObject = {},
): BackendRequest {
  return { ...request, method, name: id, params: { ...params, taskId: id } }
}

/** A legacy server asks within `tasks/result`, and answers it when the task is over. */
async function legacyOutcome(
  { id, request, send }: Awaited,
  { result: task }: Result,
): Promise<BackendReply | undefined> {
  if (!isOver(task) && task["status"] !== "input_required") return
  const reply = await send(about(request, "tasks/result", id))
  const isLate = reply.kind === "refusal" && reply.refusal.code === "backend_timeout"
  return isLate && !isOver(task) ? undefined : reply // it works on, and is looked at again
}

/** A modern server asks through its task. */
async function modernOutcome(awaited: Awaited, found: Result): Promise<BackendReply | undefined> {
  if (isOver(found.result)) return endOf(awaited, found)
  const refusal = await answered(awaited, found)
  return refusal && refused(refusal)
}

function endOf({ request }: Awaited, { result: task, plain }: Result): BackendReply {
  const { error, result, status, statusMessage } = task
  const words = typeof statusMessage === "string" ? `: ${statusMessage}` : ""
  if (status === "completed") {
    if (!isObject(result)) return refused(broken(request, "the completed task has no result"))
    const looked = plain?.["result"]
    return { kind: "result", result, ...(isObject(looked) && { plain: looked }) }
  }
  if (status === "cancelled")
    return { kind: "error", error: { code: -32603, message: `The task was cancelled${words}` } }
  const { code, message, data } = isObject(error) ? error : {}
  if (typeof code !== "number" || typeof message !== "string")
    return { kind: "error", error: { code: -32603, message: `The task failed${words}` } }
  return { kind: "error", error: { code, message, ...(data !== undefined && { data }) } }
}

/** Asks what a modern server wants to know before it goes on, and tells it what was answered. */
async function answered(
  { id, request, send }: Awaited,
  reply: Result,
): Promise<Refusal | undefined> {
  const { status, inputRequests } = reply.result
  if (status !== "input_required" || !isObject(inputRequests)) return
  const round = readRound({ kind: "result", result: { inputRequests } })
  if (typeof round === "string") return broken(request, round)
  const answers = await askAll(request, round.questions)
  if (!answers.ok) return answers.refusal
  const told = await send(about(request, "tasks/update", id, { inputResponses: answers.value }))
  if (told.kind === "refusal") return told.refusal
  return told.kind === "error" ? broken(request, told.error.message) : undefined
}

async function pause({ cancellation }: BackendRequest, task: JsonObject): Promise<void> {
  const timer = new AbortController()
  cancellation?.listen({ cancelled: () => timer.abort() })
  await sleep(pollWaitMs(task), undefined, { signal: timer.signal }).catch(() => {}) // cancelled: there is nothing to wait for
  cancellation?.release()
}

/** Until the next look at a task, in milliseconds. */
export function pollWaitMs({ pollIntervalMs: said }: JsonObject): number {
  const wanted = typeof said === "number" && said > 0 ? said : pollMs.usual
  return Math.min(pollMs.max, Math.max(pollMs.min, wanted))
}

const cancelled: Refusal = { code: "cancelled", reason: "while its task was waited for" }

const broken = ({ subject }: BackendRequest, reason: string): Refusal => ({
  code: "backend_error",
  subject,
  reason: `the server's task: ${reason}`,
  fate: "malformed",
})
