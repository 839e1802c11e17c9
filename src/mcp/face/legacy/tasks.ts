import { askTask } from "../../../call/tasks/ask-task.ts"
import { isObject, type JsonObject } from "../../../schema/json.ts"
import { badParams, type CallCodec, type Going, relayedError, relayingTask } from "../call-tool.ts"
import type { FaceContext } from "../context.ts"
import { resultText } from "../errors.ts"
import { refusalFail } from "../refusal-words.ts"
import { messageOf, traceOf, withTrace } from "../trace.ts"

/** The methods of tasks in 2025-11-25. `tasks/list` is not among them: a server's list is not one caller's. */
export const taskMethods: readonly string[] = ["tasks/get", "tasks/result", "tasks/cancel"]

/** Answers one of them, under the caller's id of the task. */
export async function answerTask(
  context: FaceContext,
  codec: CallCodec,
  going: Going,
): Promise<void> {
  const { cancellation, evidence, posted, respondent } = going
  const { exchange, exactParams, headers, message } = posted
  const { id, method, params } = message
  const taskId = params?.["taskId"]
  if (typeof taskId !== "string") return exchange.fail(badParams("taskId: expected a string"), id)
  const { _meta: sent, ...exact }: JsonObject = exactParams ?? {}
  const meta = isObject(sent) ? sent : undefined
  exchange.wait()
  const reply = await askTask(
    {
      era: codec.era,
      method,
      evidence,
      trace: traceOf(meta, headers),
      message: messageOf(posted),
      taskId,
      params: exact,
      meta: withTrace(meta && codec.meta(meta), headers),
      cancellation,
      onNotification: relayingTask(going, taskId),
      respondent,
    },
    context.gateway,
  )
  if (reply.kind === "result")
    exchange.finish(resultText(id, textOf(reply.result, method, codec, context)))
  else if (reply.kind === "error") exchange.fail(relayedError(reply.error), id)
  else exchange.fail(refusalFail(reply.refusal, context.speaker), id)
}

/** What a task came to is a tool's result. */
const textOf = (result: JsonObject, method: string, codec: CallCodec, context: FaceContext) =>
  method === "tasks/result"
    ? codec.result({ result }, undefined, context)
    : codec.contentResult(result, false, context)
