import { writeEmpty, writeFail } from "../answer.ts"
import { firstModern } from "../classify.ts"
import type { FaceContext, Posted } from "../context.ts"
import { httpFail } from "../errors.ts"
import { header } from "../headers.ts"
import { admit, sessionEvidence, sessionOf } from "./session.ts"

/** `GET`: the stream of a session, for what belongs to no request. A second one takes the place of the first. */
export async function openSessionStream(context: FaceContext, posted: Posted): Promise<void> {
  const { outgoing } = posted.exchange
  if (isModern(posted)) return writeFail(outgoing, postOnly)
  if (!posted.accepts.stream) return writeFail(outgoing, streamsOnly)
  const found = sessionOf(context, posted)
  if (found.session === undefined) return writeFail(outgoing, found.fail)
  const { session } = found
  const refused = await admit(context, posted, session, "GET")
  if (refused !== undefined) return writeFail(outgoing, refused)
  const evidence = sessionEvidence(posted, session)
  const digest = session.listDigest ?? (await context.digestOf(evidence, "legacy"))
  if (outgoing.destroyed) return // the stream that is there stays
  session.endStream?.()
  const end = context.streams.open({
    outgoing,
    era: "legacy",
    evidence,
    digest,
    headers: { "mcp-session-id": session.sealed },
    opening: undefined,
    changed: '{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}',
    closing: undefined,
    ended: () => {
      if (session.endStream === end) session.endStream = undefined
    },
  })
  if (end === undefined) return writeFail(outgoing, tooManyStreams)
  session.endStream = end
}

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
const tooManyStreams = httpFail(503, "busy: too many streams", { "retry-after": "30" })
