import type { CatalogServer } from "../../registry/catalog.ts"
import { type BackendReply, type BackendRequest, refused } from "../backends.ts"
import { isFinal } from "../final.ts"
import type { Gateway } from "../gateway.ts"
import { withoutOurMeta } from "../meta.ts"
import { asCallersTask } from "../tasks/callers-task.ts"
import { begun } from "../tasks/shape.ts"
import { fresh, type Talk } from "./interactions.ts"
import type { Respondent, RoundsRespondent } from "./peer.ts"

/** The methods whose results may ask something (MCP 2026-07-28, Multi Round-Trip Requests). */
const roundMethods: ReadonlySet<string> = new Set(["tools/call", "prompts/get", "resources/read"])

/**
 * Sends a request of a caller on to the backend, which may ask the caller something meanwhile. What comes back says
 * nothing in the gateway's name, and is of a known kind.
 */
export async function sendOn(
  server: CatalogServer,
  request: BackendRequest,
  talk: Omit<Talk, "respondent"> & { readonly respondent: Respondent | undefined },
  ports: Ports,
): Promise<BackendReply> {
  const { respondent } = talk
  const isRounds = respondent?.kind === "rounds" && roundMethods.has(request.method)
  const reply = isRounds
    ? await inRounds(server, request, { ...talk, respondent }, ports)
    : await atOnce(server, request, talk, ports)
  const task = request.task !== undefined || isTask(reply) ? begun(reply) : undefined
  if (task !== undefined) return withoutOurMeta(asCallersTask(task, server, request, talk, ports))
  return withoutOurMeta(understood(reply, request.subject, isRounds ? kindsInRounds : kinds))
}

const isTask = (reply: BackendReply): boolean =>
  reply.kind === "result" && reply.result["resultType"] === "task"

type Ports = Pick<Gateway, "backends" | "interactions">

/** The next result is the final one: a caller that can be asked is asked meanwhile. */
function atOnce(
  server: CatalogServer,
  request: BackendRequest,
  {
    respondent,
    ...talk
  }: Omit<Talk, "respondent"> & { readonly respondent: Respondent | undefined },
  { backends, interactions }: Ports,
): Promise<BackendReply> {
  const { caller } = talk
  if (respondent?.kind === "live")
    return interactions.request(backends, server, request, { ...talk, respondent })
  const session = respondent?.kind === "mute" ? respondent.session : undefined
  return backends.request(server, { ...request, caller, session })
}

/** Nearly all such callers can be asked nothing, and were asked nothing before: they take the short way. */
function inRounds(
  server: CatalogServer,
  request: BackendRequest,
  talk: Talk & { readonly respondent: RoundsRespondent },
  { backends, interactions }: Ports,
): Promise<BackendReply> {
  const { capabilities, responses, state } = talk.respondent
  if (capabilities !== undefined || responses !== undefined || state !== undefined)
    return interactions.request(backends, server, request, talk)
  return backends
    .request(server, { ...request, caller: talk.caller, rounds: fresh })
    .then((reply) => (isPlain(reply) ? reply : interactions.outward(reply, server, request, talk)))
}

/** Neither a question nor a page to visit nor a task, nor an error that may be for want of somebody to ask. */
function isPlain(reply: BackendReply): boolean {
  if (reply.kind === "refusal") return true
  return reply.kind === "result" && isFinal(reply.result) && reply.result["isError"] !== true
}

/** A result of an unknown kind might mean anything: its request has failed. */
function understood(
  reply: BackendReply,
  subject: string,
  kinds: ReadonlySet<unknown>,
): BackendReply {
  if (reply.kind !== "result") return reply
  const { resultType } = reply.result
  if (resultType === undefined || kinds.has(resultType)) return reply
  const reason = `the result is of an unknown type: ${JSON.stringify(resultType)}`
  return refused({ code: "backend_error", subject, reason, fate: "malformed" })
}

const kinds: ReadonlySet<unknown> = new Set(["complete"])
const kindsInRounds: ReadonlySet<unknown> = new Set(["complete", "input_required"])
