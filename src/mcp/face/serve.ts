import type { IncomingMessage, ServerResponse } from "node:http"
import { isObject } from "../../schema/json.ts"
import type { RpcId } from "../jsonrpc.ts"
import { firstModern } from "../revisions.ts"
import { parseBody, readBody } from "./body.ts"
import { classify } from "./classify.ts"
import type { FaceContext, Posted, Spoken } from "./context.ts"
import { accepts, tooLarge } from "./door.ts"
import { codes, fail, httpFail } from "./errors.ts"
import { Exchange } from "./exchange.ts"
import type { RequestHeaders } from "./headers.ts"
import { answerLegacy, takeLegacy } from "./legacy/methods.ts"
import { endSession, openSessionStream } from "./legacy/session-requests.ts"
import { answerModern } from "./modern/methods.ts"
import { idOf } from "./shape.ts"

/** Answers one request that was let in. Never rejects: a bug is logged and answered as an internal error. */
export async function serve(
  context: FaceContext,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  headers: RequestHeaders,
): Promise<void> {
  const { certificateOf, limits, pulse } = context
  const accepted = accepts(headers)
  const exchange = new Exchange(outgoing, accepted, pulse, limits.streamBufferBytesMax)
  let id: RpcId | undefined
  try {
    const remote = incoming.socket.remoteAddress ?? ""
    const certificate = certificateOf?.(incoming.socket)
    const posted: Posted = { headers, remote, certificate, accepts: accepted, exchange }
    if (incoming.method === "GET") return await openSessionStream(context, posted)
    if (incoming.method === "DELETE") return await endSession(context, posted)
    if (!accepted.json && !accepted.stream) return exchange.fail(notAcceptable, undefined)
    const bytes = await readBody(incoming, limits.bodyBytesMax)
    if (bytes === "gone") return
    if (bytes === "too_large") return exchange.fail(tooLarge(limits.bodyBytesMax), undefined)
    if (context.overload.isTooLate(outgoing)) return
    const body = parseBody(bytes, limits.depthMax, limits.nodesMax)
    if (!body.ok) return exchange.fail(body.fail, undefined)
    id = idOf(body.value)
    await take(context, posted, body.value, body.exact)
  } catch (error) {
    context.log({ event: "bug", where: "mcp_face", words: describe(error) })
    if (!outgoing.writableEnded) exchange.fail(internal, id)
  }
}

/** One posted message goes to the era that answers it. `exact` is `value` with every digit of its numbers. */
function take(
  context: FaceContext,
  posted: Posted,
  value: unknown,
  exact: unknown,
): Promise<void> | void {
  const { exchange, headers } = posted
  const route = classify(headers, value)
  if (route.era === undefined) return exchange.fail(route.fail, route.id)
  const { era, message } = route
  if (message.kind !== "request") {
    // The modern era has no notification that means anything over HTTP, and takes all of them.
    if (era === "modern") return exchange.acknowledge()
    return takeLegacy(context, posted, message, isObject(exact) ? exact : {})
  }
  const params = isObject(exact) ? exact["params"] : undefined
  const exactParams = isObject(params) ? params : undefined
  return era === "modern"
    ? answerModern(context, { ...posted, message, exactParams, spoken: modern }, route.version)
    : answerLegacy(context, { ...posted, message, exactParams, spoken: unsaid })
}

const modern: Spoken = { revision: firstModern, session: undefined }
const unsaid: Spoken = { revision: undefined, session: undefined }

const notAcceptable = httpFail(406, "Not acceptable: accept application/json or text/event-stream")
const internal = fail(200, codes.internal, "Internal error")
const describe = (error: unknown): string =>
  error instanceof Error ? (error.stack ?? error.message) : String(error)
