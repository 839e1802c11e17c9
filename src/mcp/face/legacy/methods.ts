import type { LogWish } from "../../../call/backends.ts"
import { Cancellation } from "../../../call/cancellation.ts"
import type { ContentKind } from "../../../call/content/list-content.ts"
import { isObject, type JsonObject } from "../../../schema/json.ts"
import { gravity, logLevels } from "../../log-level.ts"
import { badParams, callTool } from "../call-tool.ts"
import { answerContentList, contentLists } from "../content/list-content.ts"
import { relayContent } from "../content/relay-content.ts"
import { wishes } from "../content/wish.ts"
import type { FaceContext, Notification, Posted, PostedRequest, Response } from "../context.ts"
import { codes, fail, resultText } from "../errors.ts"
import { listTools } from "../list-tools.ts"
import { Resumption } from "../resume/resumption.ts"
import type { Session } from "../sessions.ts"
import { initialize } from "./initialize.ts"
import { legacyCodec } from "./result.ts"
import { admit, sessionEvidence, sessionOf, spokenIn } from "./session.ts"
import { respondentIn } from "./session-questions.ts"
import { subscribeInSession, unsubscribeInSession } from "./subscribe.ts"
import { answerTask, taskMethods } from "./tasks.ts"

type Method = (context: FaceContext, posted: PostedRequest, session: Session) => Promise<void>

/** What a legacy session may ask. What is not here does not exist in this era. */
const methods: ReadonlyMap<string, Method> = new Map<string, Method>([
  ["tools/call", callInSession],
  ["tools/list", listInSession],
  ...[...wishes.keys()].map((name) => [name, inSession(relayContent)] as const),
  ...[...contentLists].map(([name, kind]) => [name, listContentInSession(kind)] as const),
  ["resources/subscribe", subscribeInSession],
  ["resources/unsubscribe", unsubscribeInSession],
  ...taskMethods.map((name) => [name, inSession(answerTask)] as const),
  ["ping", ping],
  ["logging/setLevel", setLevel],
])

const calling = inSession(callTool)

function callInSession(
  context: FaceContext,
  posted: PostedRequest,
  session: Session,
): Promise<void> {
  const { exchange, message } = posted
  const task = message.params?.["task"]
  if (task === undefined || isObject(task)) return calling(context, posted, session)
  exchange.fail(badParams("task: expected an object"), message.id)
  return Promise.resolve()
}

/** Answers one legacy request. An unknown method is HTTP 200 here, unlike in the modern era. */
export function answerLegacy(context: FaceContext, request: PostedRequest): Promise<void> | void {
  const { exchange, message } = request
  if (message.method === "initialize") return initialize(context, request)
  const found = sessionOf(context, request)
  if (found.session === undefined) return exchange.fail(found.fail, message.id)
  const posted = { ...request, spoken: spokenIn(found.session) }
  exchange.resumable(new Resumption(found.session, message.id, context.limits.streamRetryMs))
  const method = methods.get(message.method)
  if (method !== undefined) return method(context, posted, found.session)
  const { gateway } = context
  if (gateway.rules(gateway.catalog()).methods.has(message.method))
    return relayInSession(context, posted, found.session)
  return knowNot(context, posted, found.session)
}

/** A method that configuration hands to one server. */
const relayInSession = inSession(relayContent)

async function knowNot(
  context: FaceContext,
  posted: PostedRequest,
  session: Session,
): Promise<void> {
  const { method, id } = posted.message
  const refused = await admit(context, posted, session, method)
  const unknown = fail(200, codes.methodNotFound, `Method not found: ${method}`)
  posted.exchange.fail(refused ?? unknown, id)
}

/** A notification, or the answer to a question; `exact` is the message with every digit of its numbers. */
export async function takeLegacy(
  context: FaceContext,
  posted: Posted,
  message: Notification | Response,
  exact: JsonObject,
): Promise<void> {
  const { exchange } = posted
  const found = sessionOf(context, posted)
  if (found.session === undefined) return exchange.fail(found.fail, undefined)
  const { session } = found
  const method = message.kind === "notification" ? message.method : "response"
  const refused = await admit(context, posted, session, method)
  if (refused !== undefined) return exchange.fail(refused, undefined)
  if (message.kind === "response") answer(session, message, exact)
  else notifications.get(method)?.(session, message.params ?? {}, context)
  exchange.acknowledge()
}

function answer({ questions }: Session, { id, outcome }: Response, exact: JsonObject): void {
  if (id === undefined) return
  const { result } = exact
  if (isObject(result)) questions?.answer(id, { kind: "result", result })
  else if ("error" in outcome) questions?.answer(id, { kind: "error", error: outcome.error })
}

type Taker = (session: Session, params: JsonObject, context: FaceContext) => void

/** What a client's notification brings about. Others are taken, and that is all. */
const notifications: ReadonlyMap<string, Taker> = new Map<string, Taker>([
  ["notifications/cancelled", cancel],
  ["notifications/progress", ({ questions }, params) => questions?.progressed(params)],
  [
    "notifications/roots/list_changed",
    ({ token }, _, { gateway }) => gateway.backends.rootsChanged(token.jti),
  ],
])

/** That a request is unknown or finished is no mistake: the cancellation crossed the answer. */
function cancel({ calls }: Session, { requestId: id }: JsonObject): void {
  if (typeof id === "string" || typeof id === "number") calls.get(id)?.cancel()
}

/** A lost connection cancels nothing in this era: only `notifications/cancelled` does. */
function inSession(answer: typeof callTool): Method {
  return async (context, posted, session) => {
    const { id } = posted.message
    const cancellation = new Cancellation()
    session.calls.set(id, cancellation)
    try {
      await answer(context, legacyCodec, {
        posted,
        evidence: sessionEvidence(posted, session),
        cancellation,
        respondent: respondentIn(session, posted.exchange),
        logs: logWishOf(session),
        relays: ({ method, params }) =>
          method !== "notifications/message" || isLoudEnough(params, session.logLevel),
      })
    } finally {
      if (session.calls.get(id) === cancellation) session.calls.delete(id)
      session.usedMs = context.gateway.now() // the call may have taken longer than a session may be unused
    }
  }
}

const unstated: LogWish = { level: "info", isStated: false }

const logWishOf = ({ logLevel: level }: Session): LogWish =>
  level === undefined ? unstated : { level, isStated: true }

/** A session that never set a level gets all a backend chose to say. */
function isLoudEnough(params: unknown, wanted: string | undefined): boolean {
  if (wanted === undefined || !isObject(params)) return true
  return gravity(params["level"]) >= gravity(wanted)
}

async function listInSession(
  context: FaceContext,
  posted: PostedRequest,
  session: Session,
): Promise<void> {
  const evidence = sessionEvidence(posted, session)
  const digest = await listTools(context, "legacy", posted, evidence)
  session.listDigest = digest ?? session.listDigest
}

function listContentInSession(kind: ContentKind): Method {
  return (context, posted, session) => {
    const evidence = sessionEvidence(posted, session)
    return answerContentList(context, "legacy", kind, posted, evidence, () => "")
  }
}

async function ping(context: FaceContext, posted: PostedRequest, session: Session): Promise<void> {
  const { exchange, message } = posted
  const refused = await admit(context, posted, session, "ping")
  if (refused !== undefined) return exchange.fail(refused, message.id)
  exchange.finish(resultText(message.id, "{}"))
}

async function setLevel(
  context: FaceContext,
  posted: PostedRequest,
  session: Session,
): Promise<void> {
  const { exchange, message } = posted
  const refused = await admit(context, posted, session, message.method)
  if (refused !== undefined) return exchange.fail(refused, message.id)
  const level = message.params?.["level"]
  if (gravity(level) === -1) return exchange.fail(badLevel, message.id)
  session.logLevel = String(level)
  exchange.finish(resultText(message.id, "{}"))
}
const badLevel = fail(
  200,
  codes.invalidParams,
  `Invalid params: level: expected one of ${logLevels.join(", ")}`,
)
