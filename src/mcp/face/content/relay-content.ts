import type { RpcError } from "../../../call/backends.ts"
import { type RelayRequest, relay, type Wish } from "../../../call/content/relay.ts"
import type { Refusal } from "../../../call/refusal.ts"
import { isObject, type JsonObject } from "../../../schema/json.ts"
import type { Era } from "../../revisions.ts"
import { badParams, type CallCodec, type Going, relayedError, relaying } from "../call-tool.ts"
import type { FaceContext } from "../context.ts"
import { codes, type Fail, fail, resultText } from "../errors.ts"
import { refusalFail, type Speaker } from "../refusal-words.ts"
import { messageOf, traceOf, withTrace } from "../trace.ts"
import { wishes } from "./wish.ts"

/**
 * `resources/read`, `prompts/get`, `completion/complete` or a method that configuration hands to a server, in either era:
 * read the parameters, go the way of a request, say what came of it.
 */
export async function relayContent(
  context: FaceContext,
  codec: CallCodec,
  going: Going,
): Promise<void> {
  const { exchange, message } = going.posted
  const { id, method, params = {} } = message
  const read = wishes.get(method)
  const wish: Wish | string = read === undefined ? { kind: "method", name: method } : read(params)
  if (typeof wish === "string") return exchange.fail(badParams(wish), id)

  exchange.wait()
  const reply = await relay(requestOf(codec, going, wish), context.gateway)
  if (reply.kind === "result") {
    const isCacheable = wish.kind === "resource"
    exchange.finish(resultText(id, codec.contentResult(reply.result, isCacheable, context)))
  } else if (reply.kind === "error") exchange.fail(errorOf(reply.error, wish), id)
  else exchange.fail(refusedFail(reply.refusal, codec.era, context.speaker), id)
}

/** A method beyond a caller's reach is answered as one that does not exist. */
function refusedFail(refusal: Refusal, era: Era, speaker: Speaker): Fail {
  if (refusal.code !== "unknown_method") return refusalFail(refusal, speaker)
  const words = `Method not found: ${refusal.method}`
  return fail(era === "modern" ? 404 : 200, codes.methodNotFound, words)
}

function requestOf(codec: CallCodec, going: Going, wish: Wish): RelayRequest {
  const { posted, evidence, cancellation } = going
  const { exactParams, headers, message } = posted
  const sent = message.params?.["_meta"]
  const meta = isObject(sent) ? sent : undefined
  const {
    _meta: _,
    inputResponses: _1,
    requestState: _2,
    ...params
  }: JsonObject = exactParams ?? {}
  return {
    era: codec.era,
    method: message.method,
    evidence,
    trace: traceOf(meta, headers),
    message: messageOf(posted),
    wish,
    params,
    meta: withTrace(meta && codec.meta(meta), headers),
    cancellation,
    onNotification: relaying(going),
    logs: going.logs,
    respondent: going.respondent,
  }
}

/** What revisions before 2026-07-28 answer for a resource that is not there. */
const legacyNotFound = -32002

/** A server's own error; where it is about a resource, with the URI that the caller knows. */
function errorOf(error: RpcError, wish: Wish): Fail {
  const { code } = error
  if (wish.kind !== "resource" || (code !== legacyNotFound && code !== codes.invalidParams))
    return relayedError(error)
  const data = isObject(error.data) ? error.data : {}
  return relayedError({ ...error, code: codes.invalidParams, data: { ...data, uri: wish.name } })
}
