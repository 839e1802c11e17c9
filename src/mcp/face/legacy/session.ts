import type { Evidence } from "../../../call/caller.ts"
import { greet } from "../../../call/greet.ts"
import { legacyVersions } from "../../revisions.ts"
import type { FaceContext, Posted, PostedRequest, Spoken } from "../context.ts"
import { codes, type Fail, fail } from "../errors.ts"
import { evidenceOf, header } from "../headers.ts"
import { refusalFail } from "../refusal-words.ts"
import type { Session } from "../sessions.ts"
import { traceOf } from "../trace.ts"
import { sessionHeader, tooManySessions } from "./initialize.ts"

/** The session a request belongs to, or the answer when there is none. */
export function sessionOf(
  { sessions }: FaceContext,
  { headers }: Posted,
): { readonly session: Session } | { readonly session: undefined; readonly fail: Fail } {
  const version = header(headers, "mcp-protocol-version")
  if (version !== undefined && !legacyVersions.includes(version))
    return { session: undefined, fail: unsupported }
  const sealed = header(headers, sessionHeader)
  if (sealed === undefined) return { session: undefined, fail: noSessionId }
  const found = sessions.find(sealed)
  if (typeof found === "object") return { session: found }
  return { session: undefined, fail: found === "full" ? tooManySessions : sessionNotFound }
}

/** A session is never a credential: each request shows its own, and the session only what it is bound to. */
export const sessionEvidence = (posted: Posted, { token }: Session): Evidence =>
  evidenceOf(posted.headers, posted, token.clientInfo, token.principal)

export const spokenIn = ({ token: { version, jti } }: Session): Spoken => ({
  revision: version,
  session: jti,
})

/**
 * Whether the sender may use this session; answered by the caller of this function. For requests that do not go the way
 * of a call otherwise: what is refused there is refused here.
 */
export async function admit(
  context: FaceContext,
  posted: Posted & Partial<Pick<PostedRequest, "message">>,
  session: Session,
  method: string,
  ends?: "end",
): Promise<Fail | undefined> {
  const greeting = await greet(
    {
      era: "legacy",
      method,
      evidence: sessionEvidence(posted, session),
      trace: traceOf(undefined, posted.headers),
      message: { id: posted.message?.id, ...spokenIn(session) },
      session: ends,
    },
    context.gateway,
  )
  return greeting.ok ? undefined : refusalFail(greeting.refusal, context.speaker)
}

/** Clients know this code and these words: they initialize again. */
export const sessionNotFound = fail(404, codes.legacyNoSession, "Session not found")
const noSessionId = fail(400, codes.invalidRequest, "Bad request: Mcp-Session-Id is missing")
const unsupported = fail(
  400,
  codes.invalidRequest,
  `Bad request: unsupported MCP-Protocol-Version (supported: ${legacyVersions.join(", ")})`,
)
