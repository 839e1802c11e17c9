import { isObject, type Json, type JsonObject } from "../../schema/json.ts"
import { type BackendReply, type BackendRequest, refused } from "../backends.ts"
import { withoutOurMeta } from "../meta.ts"
import type { Refusal } from "../refusal.ts"
import { type Asking, awaitedIn, checked, type ResultReply, signedAll } from "./asking.ts"
import { about, lookAt } from "./await-task.ts"
import { complete, isOver } from "./shape.ts"

/** `tasks/get`, `tasks/update` and `tasks/cancel` of the extension (SEP-2663), whatever era the task's server is of. */
export async function askModernCallers(asking: Asking): Promise<BackendReply> {
  const { place, request, send } = asking
  if (place.era === "legacy") return askLegacyServer(asking)
  const reply = await send({ ...request, rounds: noRounds })
  return reply.kind === "result" ? told(asking, reply) : reply
}

const noRounds = { responses: undefined, state: undefined } as const

/** What the server says of the task, under the caller's id for it; its result is held to the tool's schema. */
function told(asking: Asking, reply: ResultReply): BackendReply {
  const said = withoutOurMeta(reply)
  if (said.kind !== "result") return said
  const { taskId, place } = asking
  const { error, inputRequests, result } = said.result
  const task = {
    ...said.result,
    ...(said.result["taskId"] === place.id && { taskId }),
    ...(isObject(inputRequests) && { inputRequests: signedAll(inputRequests, place.server) }),
  }
  if (error !== undefined) return failed(task, error, asking)
  if (result === undefined) return { kind: "result", result: task }
  if (!isObject(result)) return refused(broken(asking.request, "its result"))
  const plain = said.plain?.["result"]
  const made = checked({ kind: "result", result, ...(isObject(plain) && { plain }) }, asking)
  return made.kind === "result"
    ? { kind: "result", result: { ...task, result: made.result } }
    : made
}

/** What it failed with, as an error of the server is told. */
function failed({ result: _, ...task }: JsonObject, error: Json, asking: Asking): BackendReply {
  const { code, message, data } = isObject(error) ? error : {}
  if (typeof code !== "number" || typeof message !== "string")
    return refused(broken(asking.request, "its error"))
  const said = { code, message, ...(data !== undefined && { data }) }
  const made = checked({ kind: "error", error: said }, asking)
  return made.kind === "error"
    ? { kind: "result", result: { ...task, error: errorOf(made) } }
    : made
}

const broken = ({ subject }: BackendRequest, what: string): Refusal => ({
  code: "backend_error",
  subject,
  reason: `the server's task: ${what} is none`,
  fate: "malformed",
})

function askLegacyServer(asking: Asking): Promise<BackendReply> {
  switch (asking.request.method) {
    case "tasks/get":
      return get(asking)
    case "tasks/update":
      return update(asking)
    default:
      return cancel(asking)
  }
}

/** The task, with what it came to, which the other era fetches by itself, and what its server asks. */
async function get(asking: Asking): Promise<BackendReply> {
  const { gateway, place, request, responses: _, send, taskId } = asking
  const looked = withoutOurMeta(await lookAt(awaitedIn(asking)))
  if (looked.kind !== "result") return looked
  const task = { ...looked.result, taskId, resultType: "complete" }
  const { status } = looked.result
  if (status === "input_required") {
    const inputRequests = await gateway.interactions.taskQuestions.open(asking)
    return { kind: "result", result: { ...task, inputRequests } }
  }
  if (status !== "completed" && status !== "failed") return { kind: "result", result: task }
  const made = checked(await send(about(request, "tasks/result", place.id)), asking)
  if (made.kind === "refusal") return made
  const end =
    made.kind === "error"
      ? { status: "failed", error: errorOf(made) }
      : { status: "completed", result: complete(made.result) } // a tool that failed has a result, here
  return { kind: "result", result: { ...task, ...end } }
}

const errorOf = ({ error }: Extract<BackendReply, { kind: "error" }>): JsonObject => {
  const { code, message, data } = error
  return { code, message, ...(data !== undefined && { data: data as Json }) } // it was parsed from JSON
}

async function update(asking: Asking): Promise<BackendReply> {
  const fault = asking.gateway.interactions.taskQuestions.answer(asking)
  if (fault === undefined) return acknowledged
  const { subject } = asking.request
  return refused({ code: "invalid_round", subject, words: fault, reason: fault })
}

/** Idempotent: a task that is over is left alone. */
async function cancel(asking: Asking): Promise<BackendReply> {
  const { place, request, send } = asking
  const looked = await lookAt(awaitedIn(asking))
  if (looked.kind !== "result") return looked
  if (isOver(looked.result)) return acknowledged
  const reply = await send(about(request, "tasks/cancel", place.id))
  return reply.kind === "result" ? acknowledged : reply
}

const acknowledged: BackendReply = { kind: "result", result: { resultType: "complete" } }
