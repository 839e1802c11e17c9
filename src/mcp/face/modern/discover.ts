import { capabilitiesFor } from "../../../call/content/offers.ts"
import { greet } from "../../../call/greet.ts"
import { tasksExtension } from "../../../call/interaction/capabilities.ts"
import { hasTasks } from "../../../call/tasks/has-tasks.ts"
import { isObject, type JsonObject } from "../../../schema/json.ts"
import { metaKeys } from "../../meta-keys.ts"
import { modernVersions } from "../../revisions.ts"
import type { FaceContext, PostedRequest } from "../context.ts"
import { resultText } from "../errors.ts"
import { refusalFail } from "../refusal-words.ts"
import { messageOf, traceOf } from "../trace.ts"
import { evidenceIn } from "./envelope.ts"

/** `server/discover`: what this endpoint speaks and carries. No backend is asked. */
export async function discover(
  context: FaceContext,
  posted: PostedRequest,
  envelope: JsonObject,
): Promise<void> {
  const { exchange, headers, message } = posted
  const evidence = evidenceIn(posted, envelope)
  const trace = traceOf(envelope, headers)
  const { method } = message
  const inquiry = { era: "modern", method, evidence, trace, message: messageOf(posted) } as const
  const greeting = await greet({ ...inquiry, session: undefined }, context.gateway)
  if (!greeting.ok) return exchange.fail(refusalFail(greeting.refusal, context.speaker), message.id)
  const { caller, catalog } = greeting.value
  const { instructions, limits, serverInfo } = context
  const result = {
    resultType: "complete",
    supportedVersions: modernVersions,
    capabilities: withTasks(
      capabilitiesFor(catalog, caller, context.gateway),
      hasTasks(catalog, caller, context.gateway),
    ),
    ...(instructions === undefined ? {} : { instructions }),
    ttlMs: limits.listTtlMs,
    cacheScope: "private",
    _meta: { [metaKeys.serverInfo]: serverInfo },
  }
  exchange.finish(resultText(message.id, JSON.stringify(result)))
}

/** The tasks extension, where the caller has a tool that may answer with a task. */
function withTasks(capabilities: JsonObject, has: boolean): JsonObject {
  if (!has) return capabilities
  const { extensions } = capabilities
  return {
    ...capabilities,
    extensions: { ...(isObject(extensions) && extensions), [tasksExtension]: {} },
  }
}
