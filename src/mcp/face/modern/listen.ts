import { greet } from "../../../call/greet.ts"
import { isObject, type JsonObject } from "../../../schema/json.ts"
import type { FaceContext, PostedRequest } from "../context.ts"
import { codes, fail, httpFail, resultText } from "../errors.ts"
import { refusalFail } from "../refusal-words.ts"
import { traceOf } from "../trace.ts"
import { evidenceIn, metaKeys } from "./envelope.ts"

/**
 * `subscriptions/listen`: a stream of the changes asked for, of which this face knows one, the list of tools. First
 * comes what is honoured of the wish; where that is nothing, the end follows at once. Each message names the request.
 */
export async function listen(
  context: FaceContext,
  posted: PostedRequest,
  envelope: JsonObject,
): Promise<void> {
  const { accepts, exchange, headers, message } = posted
  const { id, params } = message
  const wanted = params?.["notifications"]
  if (!isObject(wanted)) return exchange.fail(badParams, id)
  if (!accepts.stream) return exchange.fail(streamsOnly, id)
  const evidence = evidenceIn(posted, envelope)
  const trace = traceOf(envelope, headers)
  const inquiry = { era: "modern", method: message.method, evidence, trace } as const
  const greeting = await greet({ ...inquiry, session: undefined }, context.gateway)
  if (!greeting.ok) return exchange.fail(refusalFail(greeting.refusal, context.speaker), id)

  const honoured = wanted["toolsListChanged"] === true ? { toolsListChanged: true } : {}
  const isListening = honoured.toolsListChanged === true
  const digest = isListening ? await context.digestOf(evidence, "modern") : undefined
  const mark = { [metaKeys.subscriptionId]: id }
  const end = context.streams.open({
    outgoing: exchange.outgoing,
    era: "modern",
    evidence,
    digest,
    headers: {},
    through(connection) {
      const params = { notifications: honoured, _meta: mark }
      connection.send(notification("subscriptions/acknowledged", params))
      return connection
    },
    changed: notification("tools/list_changed", { _meta: mark }),
    closing: resultText(id, goodbye(mark, context.serverInfo)),
    ended: undefined,
  })
  if (end === undefined) return exchange.fail(tooManyStreams, id)
  if (digest === undefined) end()
}

const notification = (name: string, params: object): string =>
  JSON.stringify({ jsonrpc: "2.0", method: `notifications/${name}`, params })

const goodbye = (mark: JsonObject, serverInfo: JsonObject): string =>
  JSON.stringify({
    resultType: "complete",
    _meta: { ...mark, [metaKeys.serverInfo]: serverInfo },
  })

const badParams = fail(
  200,
  codes.invalidParams,
  "Invalid params: notifications: expected an object",
)
const streamsOnly = httpFail(406, "Not acceptable: subscriptions/listen answers text/event-stream")
const tooManyStreams = fail(200, codes.internal, "busy: too many streams")
