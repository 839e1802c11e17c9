import { Cancellation } from "../../../call/cancellation.ts"
import { askTask } from "../../../call/tasks/ask-task.ts"
import type { JsonObject } from "../../../schema/json.ts"
import { badParams, relayedError } from "../call-tool.ts"
import type { FaceContext, PostedRequest } from "../context.ts"
import { resultText } from "../errors.ts"
import { refusalFail } from "../refusal-words.ts"
import { messageOf, traceOf } from "../trace.ts"
import { evidenceIn } from "./envelope.ts"
import { respondentOf, roundFault } from "./respondent.ts"
import { modernCodec } from "./result.ts"

/** The methods of the tasks extension (SEP-2663). */
export const taskMethods: readonly string[] = ["tasks/get", "tasks/update", "tasks/cancel"]

/** Answers one of them: what the task's server says, under the caller's id of the task. */
export async function answerTask(
  context: FaceContext,
  posted: PostedRequest,
  envelope: JsonObject,
): Promise<void> {
  const { exchange, exactParams, headers, message } = posted
  const { id, method, params } = message
  const taskId = params?.["taskId"]
  const fault = typeof taskId === "string" ? roundFault(params) : "taskId: expected a string"
  if (fault !== undefined || typeof taskId !== "string")
    return exchange.fail(badParams(fault ?? ""), id)
  const { _meta: _, ...exact }: JsonObject = exactParams ?? {}
  exchange.wait()
  const reply = await askTask(
    {
      era: "modern",
      method,
      evidence: evidenceIn(posted, envelope),
      trace: traceOf(envelope, headers),
      message: messageOf(posted),
      taskId,
      params: exact,
      meta: modernCodec.meta(envelope),
      cancellation: new Cancellation(), // hanging up cancels no task: there is a method for that
      onNotification: undefined,
      respondent: respondentOf(posted, envelope),
    },
    context.gateway,
  )
  if (reply.kind === "result")
    exchange.finish(resultText(id, modernCodec.contentResult(reply.result, false, context)))
  else if (reply.kind === "error") exchange.fail(relayedError(reply.error), id)
  else exchange.fail(refusalFail(reply.refusal, context.speaker), id)
}
