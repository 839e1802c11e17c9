import type { CatalogServer } from "../../registry/catalog.ts"
import type { BackendReply, BackendRequest } from "../backends.ts"
import type { Gateway } from "../gateway.ts"
import { withoutOurMeta } from "../meta.ts"
import type { Talk } from "./interactions.ts"
import type { Respondent } from "./peer.ts"

/** The methods whose results may ask something (MCP 2026-07-28, Multi Round-Trip Requests). */
const roundMethods: ReadonlySet<string> = new Set(["tools/call", "prompts/get", "resources/read"])

/**
 * Sends a request of a caller on to the backend, which may ask the caller something meanwhile. What comes back says
 * nothing in the gateway's name, and is of a kind that is known here.
 */
export async function sendOn(
  server: CatalogServer,
  request: BackendRequest,
  talk: Omit<Talk, "respondent"> & { readonly respondent: Respondent | undefined },
  { backends, interactions }: Pick<Gateway, "backends" | "interactions">,
): Promise<BackendReply> {
  const { respondent, caller } = talk
  const isMute = respondent?.kind === "rounds" && !roundMethods.has(request.method)
  const reply =
    respondent === undefined || isMute
      ? await backends.request(server, { ...request, caller })
      : await interactions.request(backends, server, request, { ...talk, respondent })
  const isRounds = respondent?.kind === "rounds" && !isMute
  return withoutOurMeta(understood(reply, request.subject, isRounds ? kindsInRounds : kinds))
}

/** A result of a kind that nobody here knows might mean anything: its request has failed. */
function understood(
  reply: BackendReply,
  subject: string,
  kinds: ReadonlySet<unknown>,
): BackendReply {
  if (reply.kind !== "result") return reply
  const { resultType } = reply.result
  if (resultType === undefined || kinds.has(resultType)) return reply
  const reason = `the result is of an unknown type: ${JSON.stringify(resultType)}`
  return { kind: "refusal", refusal: { code: "backend_error", subject, reason, fate: "malformed" } }
}

const kinds: ReadonlySet<unknown> = new Set(["complete"])
const kindsInRounds: ReadonlySet<unknown> = new Set(["complete", "input_required", "task"])
