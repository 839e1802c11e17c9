import { type BackendReply, type BackendRequest, refused } from "../../call/backends.ts"
import { covers, relayable } from "../../call/interaction/capabilities.ts"
import type { Refusal } from "../../call/refusal.ts"
import { isObject, type Json, type JsonObject } from "../../schema/json.ts"
import type { BackendCall } from "./backend-call.ts"
import { type Failure, protocolFailure, refusalOf } from "./failure.ts"
import type { Outcome } from "./outgoing.ts"
import type { Redactor } from "./redact.ts"
import { isUnknownTool } from "./trouble.ts"

/** What the words depend on beside the outcome. */
export interface ReplyContext {
  readonly redactor: Redactor
  /** The server had a tool of this name when somebody looked at it. Absent: nobody did. */
  readonly isPinned?: ((tool: string) => boolean) | undefined
}

const gone: Failure = {
  code: "backend_unavailable",
  kind: "gone",
  reason: "the server no longer has the tool",
}

/** What the caller's call ends with. Results go through as they are; texts about errors lose known secrets. */
export function replyOf(
  outcome: Outcome,
  call: BackendCall,
  { redactor, isPinned }: ReplyContext,
): BackendReply {
  const { subject, name } = call.request
  if (outcome.kind === "result") return resultReply(outcome, redactor)
  if (outcome.kind === "failure") {
    const reason = redactor.text(outcome.failure.reason)
    const waitedMs = performance.now() - call.startedMs
    return refused(refusalOf({ ...outcome.failure, reason }, subject, waitedMs))
  }
  const { code, message, data } = outcome.error
  if (name !== undefined && isUnknownTool(outcome.error) && isPinned?.(name))
    return refused(refusalOf(gone, subject, 0))
  const text = redactor.text(message)
  const needed = code === -32021 ? neededOf(data, call.request) : undefined
  if (needed !== undefined) return refused(needed)
  if (isAboutThisHop(code)) {
    const failure = protocolFailure(`the server refused the gateway's request: ${code} ${text}`)
    return refused(refusalOf({ ...failure, rpcCode: code }, subject, 0))
  }
  return data === undefined
    ? { kind: "error", error: { code, message: text } }
    : { kind: "error", error: { code, message: text, data: redactor.json(data as Json) } } // it was parsed from JSON
}

type Result = Outcome & { readonly kind: "result" }

function resultReply(outcome: Result, redactor: Redactor): BackendReply {
  if (outcome.result["isError"] !== true) return outcome
  const result: JsonObject = redactor.json(outcome.result)
  if (outcome.plain === undefined) return { kind: "result", result }
  return { kind: "result", result, plain: redactor.json(outcome.plain) }
}

/** Header mismatch, missing capability, unsupported version: what we said to the backend, not what the caller said to us. */
const isAboutThisHop = (code: number): boolean => code <= -32020 && code >= -32029

/**
 * A modern caller may declare more capabilities; where it cannot, or where we do not relay what it lacks, the call has
 * failed.
 */
function neededOf(data: unknown, { peer, rounds, subject }: BackendRequest): Refusal | undefined {
  const needed = isObject(data) ? relayable(data["requiredCapabilities"]) : undefined
  if (needed === undefined || covers(peer?.capabilities ?? {}, needed)) return
  if (rounds !== undefined) return { code: "missing_capability", subject, needed }
  const kinds = Object.keys(needed).join(", ")
  return { code: "unanswered", subject, words: `its client declared no ${kinds}` }
}
