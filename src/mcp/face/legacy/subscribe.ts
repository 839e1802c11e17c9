import type { FaceContext, PostedRequest } from "../context.ts"
import { codes, fail, resultText } from "../errors.ts"
import { refusalFail } from "../refusal-words.ts"
import type { Session } from "../sessions.ts"
import { isAgreed, Subscriptions, updatedText } from "../subscriptions.ts"
import { messageOf, traceOf } from "../trace.ts"
import { admit, sessionEvidence } from "./session.ts"
import { streamOf } from "./session-stream.ts"

/** `resources/subscribe`: from now on the session's GET stream tells when the resource changes. */
export async function subscribeInSession(
  context: FaceContext,
  posted: PostedRequest,
  session: Session,
): Promise<void> {
  const { exchange, headers, message } = posted
  const { id, method, params } = message
  const uri = params?.["uri"]
  if (typeof uri !== "string") return exchange.fail(badUri, id)
  session.subscriptions ??= new Subscriptions(context.gateway, (part, told) => {
    streamOf(session).send(updatedText(part, told))
  })
  const { subscriptions } = session
  const { subscriptionsMax } = context.limits
  if (!subscriptions.has(uri) && subscriptions.size >= subscriptionsMax)
    return exchange.fail(tooMany(subscriptionsMax), id)
  const evidence = sessionEvidence(posted, session)
  const trace = traceOf(undefined, headers)
  const subscribed = await subscriptions.add(uri, {
    era: "legacy",
    method,
    evidence,
    trace,
    message: messageOf(posted),
  })
  if (!subscribed.ok) return exchange.fail(refusalFail(subscribed.refusal, context.speaker), id)
  if (await isAgreed(subscribed.value.agreed)) return exchange.finish(resultText(id, "{}"))
  subscriptions.remove(uri)
  exchange.fail(notTold, id)
}

/** `resources/unsubscribe`: also of what was never subscribed to. */
export async function unsubscribeInSession(
  context: FaceContext,
  posted: PostedRequest,
  session: Session,
): Promise<void> {
  const { exchange, message } = posted
  const uri = message.params?.["uri"]
  if (typeof uri !== "string") return exchange.fail(badUri, message.id)
  const refused = await admit(context, posted, session, message.method)
  if (refused !== undefined) return exchange.fail(refused, message.id)
  session.subscriptions?.remove(uri)
  exchange.finish(resultText(message.id, "{}"))
}

const badUri = fail(200, codes.invalidParams, "Invalid params: uri: expected a string")

const tooMany = (max: number) =>
  fail(200, codes.internal, `Too many subscriptions: ${max} (limits.subscriptions)`)

const notTold = fail(
  200,
  codes.internal,
  "The server of this resource does not tell of its changes; read it again when it is needed",
)
