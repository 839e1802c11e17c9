import { isObject, type Json, type JsonObject } from "../../schema/json.ts"
import type { BackendReply } from "../backends.ts"
import { inBoth, redact, takenOut, unlooked, unread } from "./redact.ts"
import type { Redacting } from "./redaction.ts"

/** Members that tell one notification from another; the rest is what they say. */
const ofNotices = new Set(
  "progressToken progress total level taskId status requestId elicitationId uri".split(" "),
)

/** Undefined for what cannot be looked through to its end: it is not told. */
export function redactNotice(
  notification: JsonObject,
  redacting: Redacting,
): JsonObject | undefined {
  const { params } = notification
  if (!isObject(params)) return notification
  const said = Object.keys(params).filter((key) => !ofNotices.has(key))
  const told = withoutIn(params, said, (value) => takenOut(value, redacting, tokens))
  return told && (told === params ? notification : { ...notification, params: told })
}

/** By which who asked hears how far it is. */
const tokens: ReadonlySet<string> = new Set(["progressToken"])

/** By which a question is told from others and answered; addresses that are changed lead nowhere. */
const ofQuestions = new Set(["mode", "url", "elicitationId"])
const inQuestions: ReadonlySet<string> = new Set([...tokens, ...unread])

/** The parameters of a question; undefined for what cannot be looked through to its end: it is not asked. */
export function redactQuestion(params: JsonObject, redacting: Redacting): JsonObject | undefined {
  const said = Object.keys(params).filter((key) => !ofQuestions.has(key))
  return withoutIn(params, said, (value) => takenOut(value, redacting, inQuestions))
}

/**
 * What a result says of a task, and what it asks; and errors, since some become a question or the end of a task. The result
 * of a tool itself is another matter.
 */
export function redactReply(
  reply: BackendReply,
  subject: string,
  redacting: Redacting,
): BackendReply {
  if (reply.kind === "refusal") return reply
  if (reply.kind === "error") {
    const { forms, charsMax } = redacting
    const { answer, warnings } = redact(reply, forms, { tool: subject, charsMax })
    for (const warning of warnings) redacting.found(warning)
    return answer
  }
  let isCutOff = false
  const told = inBoth(reply, (result) => {
    const made = withoutIn(result, saidIn(result), (value, key) => inReply(key, value, redacting))
    isCutOff ||= made === undefined
    return made === result ? undefined : made
  })
  return isCutOff ? unlooked(subject, "it asks or says too much (limit resultText)") : told
}

/** Members that identify a task, and its outcome, which is looked through where its tool is known. */
const ofTasks = new Set(
  "resultType requestState taskId status createdAt lastUpdatedAt ttl ttlMs pollInterval pollIntervalMs result error".split(
    " ",
  ),
)
const isOfTask = (key: string) => ofTasks.has(key)
const inTasks: ReadonlySet<string> = new Set([...tokens, "taskId"]) // as in `_meta`

/** All that a task says; of another result what is none of a tool's. */
const saidIn = (result: JsonObject): readonly string[] =>
  typeof result["taskId"] === "string" && result["content"] === undefined
    ? Object.keys(result).filter((key) => !isOfTask(key))
    : ["task", "inputRequests"]

function inReply(key: string, value: Json, redacting: Redacting): Json | undefined {
  if (key !== "task" && key !== "inputRequests") return takenOut(value, redacting, inTasks)
  if (!isObject(value)) return value
  if (key === "task")
    return withoutIn(value, saidIn(value), (said) => takenOut(said, redacting, inTasks))
  return withoutIn(value, Object.keys(value), (one) => {
    const params = isObject(one) ? one["params"] : undefined
    if (!isObject(one) || !isObject(params)) return one
    const told = redactQuestion(params, redacting)
    return told && (told === params ? one : { ...one, params: told })
  })
}

/** An object with some members changed, the very same where none was; undefined where one of them became undefined. */
function withoutIn(
  object: JsonObject,
  keys: readonly string[],
  change: (value: Json, key: string) => Json | undefined,
): JsonObject | undefined {
  const made: [string, Json][] = []
  for (const key of keys) {
    const value = object[key]
    if (value === undefined) continue
    const told = change(value, key)
    if (told === undefined) return
    if (told !== value) made.push([key, told])
  }
  return made.length === 0 ? object : { ...object, ...Object.fromEntries(made) }
}
