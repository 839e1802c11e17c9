import type { Evidence } from "../../../call/caller.ts"
import { firstModern } from "../../revisions.ts"
import { EventStream, writeEmpty, writeFail } from "../answer.ts"
import type { FaceContext, Posted } from "../context.ts"
import { codes, errorText, fail, httpFail } from "../errors.ts"
import { header } from "../headers.ts"
import type { Lost } from "../resume/replays.ts"
import { isPrimed } from "../resume/resumption.ts"
import type { Session } from "../sessions.ts"
import { fullWords } from "../stream-places.ts"
import type { View } from "../streams.ts"
import { Watch } from "../watch.ts"
import { admit, sessionEvidence, sessionNotFound, sessionOf } from "./session.ts"
import { changedText, streamOf } from "./session-stream.ts"

/**
 * `GET`: the stream of a session, for what belongs to no request; a second one takes the place of the first. With
 * `Last-Event-ID`, the rest of the stream that the event was on, be it this one or the answer to a request.
 */
export async function openSessionStream(context: FaceContext, posted: Posted): Promise<void> {
  const { outgoing } = posted.exchange
  if (isModern(posted)) return writeFail(outgoing, postOnly)
  if (!posted.accepts.stream) return writeFail(outgoing, streamsOnly)
  const found = sessionOf(context, posted)
  if (found.session === undefined) return writeFail(outgoing, found.fail)
  const { session } = found
  const refused = await admit(context, posted, session, "GET")
  if (refused !== undefined) return writeFail(outgoing, refused)
  const last = header(posted.headers, "last-event-id")
  const lost: Lost = last === undefined ? { kind: "nothing" } : session.replay.find(last)
  if (lost.kind === "answer") {
    // Silence would be taken for "not yet".
    connectionOf(context, posted, session).finish(errorText(answerIsLost, lost.id))
  } else if (lost.kind === "stream" && lost.stream !== session.stream) {
    lost.stream.connect(connectionOf(context, posted, session), lost.after)
  } else {
    await openStream(context, posted, session, lost.kind === "stream" ? lost.after : undefined)
  }
}

async function openStream(
  context: FaceContext,
  posted: Posted,
  session: Session,
  after: number | undefined,
): Promise<void> {
  const { outgoing } = posted.exchange
  const isAnother = session.endStream !== undefined
  const full = context.streams.reserve(session.token.principal, outgoing, isAnother)
  if (full !== undefined) return writeFail(outgoing, busy(fullWords(full)))
  const evidence = sessionEvidence(posted, session)
  const view = await context.viewOf(evidence, "legacy")
  if (outgoing.destroyed) return // the stream that is there stays
  if (session.isOver) return writeFail(outgoing, sessionNotFound)
  if (view === undefined) return writeFail(outgoing, gone)
  session.endStream?.()
  const stream = streamOf(session)
  watchFor(context, session, evidence, view)
  const end = context.streams.open({
    outgoing,
    era: "legacy",
    evidence,
    untilMs: view.caller.untilMs,
    digest: view.digest,
    headers: headersOf(session),
    through(connection) {
      stream.connect(connection, after)
      if (isPrimed(session)) stream.prime(context.limits.streamRetryMs)
      if (session.listDigest !== undefined && session.listDigest !== view.digest)
        stream.send(changedText("tools")) // the list that the client knows is older than this stream
      return stream
    },
    refreshed(now) {
      session.watch?.refresh(now.caller, now.catalog)
      void session.subscriptions?.refresh({ ...now, evidence })
    },
    changed: changedText("tools"),
    closing: undefined,
    ended: () => {
      if (session.endStream === end) session.endStream = undefined
    },
  })
  if (end === undefined) return writeFail(outgoing, busy("The gateway is stopping"))
  session.endStream = end
}

/** The lists are watched from the first stream on, also while no stream is open: it will be. */
function watchFor(context: FaceContext, session: Session, evidence: Evidence, view: View): void {
  if (session.watch === undefined) {
    session.watch = new Watch(context.gateway, {
      evidence,
      lists: ["tools", "prompts", "resources"],
      eagerness: "when connected",
      changed: (of) => streamOf(session).send(changedText(of)),
    })
    session.watch.begin(view.caller, view.catalog)
  } else session.watch.refresh(view.caller, view.catalog)
}

const headersOf = ({ sealed }: Session) => ({ "mcp-session-id": sealed })

const connectionOf = ({ limits }: FaceContext, { exchange }: Posted, session: Session) =>
  new EventStream(exchange.outgoing, limits.streamBufferBytesMax, headersOf(session))

/** `DELETE`: ends the session for this process, and its stream with it. */
export async function endSession(context: FaceContext, posted: Posted): Promise<void> {
  const { outgoing } = posted.exchange
  if (isModern(posted)) return writeFail(outgoing, postOnly)
  const found = sessionOf(context, posted)
  if (found.session === undefined) return writeFail(outgoing, found.fail)
  const refused = await admit(context, posted, found.session, "DELETE", "end")
  if (refused !== undefined) return writeFail(outgoing, refused)
  context.sessions.end(found.session)
  writeEmpty(outgoing, 200)
}

/** Modern revisions know neither sessions nor other verbs than POST. */
const isModern = ({ headers }: Posted): boolean =>
  (header(headers, "mcp-protocol-version") ?? "") >= firstModern &&
  header(headers, "mcp-session-id") === undefined

const postOnly = httpFail(405, "Method not allowed", { allow: "POST" })
const streamsOnly = httpFail(406, "Not acceptable: a GET answers text/event-stream")
const gone = httpFail(403, "Forbidden: the caller is no longer known")
const busy = (words: string) => httpFail(503, words, { "retry-after": "30" })
const answerIsLost = fail(
  200,
  codes.internal,
  "The answer to this request is lost: the gateway restarted, or kept it for as long as it could. It may have been carried out",
)
