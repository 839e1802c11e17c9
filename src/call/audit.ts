import { type Ref, refOf } from "../registry/model.ts"
import type { JsonObject } from "../schema/json.ts"
import type { BackendReply } from "./backends.ts"
import type { Caller } from "./caller.ts"
import type { Facts } from "./facts.ts"
import type { Inquiry } from "./inquiry.ts"
import { reasonOf } from "./reason.ts"
import type { Refusal, RefusalCode } from "./refusal.ts"
import type { TraceContext } from "./trace/context.ts"

/** One decision, before the sink gives it its place in the chain (`seq`, `prev`). See docs/reference/audit.md. */
export interface AuditRecord {
  readonly kind:
    | "call"
    | "request"
    | "list"
    | "session"
    | "identity"
    | "catalog"
    | "config"
    | "checkpoint"
    | "recovered"
    | "drift"
    | "begin"
    | "step"
    | "run"
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly timeMs: number
  readonly trace: string | undefined
  /** Its span, where that is kept. For metrics; not written to the audit. */
  readonly sampled?: TraceContext | undefined
  readonly era: "legacy" | "modern" | undefined
  readonly method: string | undefined
  readonly caller: Caller | undefined
  readonly remote: string | undefined
  readonly target: Target | undefined
  readonly server: Ref | undefined
  /** `refuse`: nothing was carried out. A call that was permitted and went wrong is `allow` with its outcome. */
  readonly decision: "allow" | "refuse" | "note"
  readonly refusal: RefusalCode | undefined
  /** The internal reason of a refusal. */
  readonly reason: string | undefined
  readonly warnings: readonly string[]
  readonly outcome: "ok" | "tool_error" | "rpc_error" | "refused" | "bug" | undefined
  readonly ms: number | undefined
  readonly backendMs: number | undefined
  readonly in: Digested | undefined
  readonly out: Digested | undefined
  readonly catalog: string | undefined
  /** What only this kind of record has. */
  readonly note?: JsonObject
}

/** What was asked for. Without a type: a tool. */
export interface Target extends Ref {
  readonly type?: "resource" | "prompt" | "method"
}

/** What stands in the audit for arguments and results: never the values. */
export interface Digested {
  readonly digest: string
  readonly bytes: number
}

/** The records that stand for one request. */
export type RequestKind = "call" | "step" | "request" | "list" | "session" | "identity"

/** How a decision ended; undefined where a bug threw. */
export type Ending = BackendReply | undefined

/** The record of a decision about one request, from what the line has noted on its way. */
export function recordOf(
  kind: RequestKind,
  inquiry: Inquiry,
  facts: Facts,
  ending: Ending,
  endedMs: number,
  id: string,
): AuditRecord {
  const refusal = ending?.kind === "refusal" ? ending.refusal : undefined
  const { server, executedMs, answeredMs } = facts
  return {
    kind,
    id: inquiry.id ?? id,
    timeMs: facts.startedMs,
    trace: facts.trace?.traceId ?? inquiry.trace?.traceId,
    sampled: facts.trace?.isSampled ? facts.trace : undefined,
    era: inquiry.era,
    method: inquiry.method,
    caller: facts.caller,
    remote: inquiry.evidence.remote,
    target: facts.target,
    server: server && refOf(server),
    decision: wasRefused(kind, facts, ending) ? "refuse" : "allow",
    refusal: refusal?.code,
    reason: refusal && reasonOf(refusal),
    warnings: facts.warnings,
    outcome: outcomeOf(ending),
    ms: endedMs - facts.startedMs,
    backendMs:
      executedMs === undefined || answeredMs === undefined ? undefined : answeredMs - executedMs,
    in: facts.in,
    out: facts.out,
    catalog: facts.catalog,
    ...(facts.note && { note: facts.note }),
  }
}

/**
 * Written before a call is made, so that the audit shows the call even if the process dies during it. It has the id of
 * the call's own record, which ends it.
 */
export const beginOf = (inquiry: Inquiry, facts: Facts, id: string): AuditRecord => ({
  ...recordOf("call", inquiry, facts, undefined, facts.startedMs, id),
  kind: "begin",
  decision: "note",
  outcome: undefined,
  ms: undefined,
})

/** Whether the request ended before anything was carried out: for a call, before its backend was asked. */
function wasRefused(kind: string, facts: Facts, ending: Ending): boolean {
  if (ending !== undefined && ending.kind !== "refusal") return false
  if (ending !== undefined && notCarriedOut.has(ending.refusal.code)) return true
  const isCarriedOut = kind === "call" || kind === "step" || kind === "request"
  return !isCarriedOut || facts.executedMs === undefined
}

/** Refusals that the port to backends answers with before it asks one. */
const notCarriedOut: ReadonlySet<RefusalCode> = new Set([
  "composition_unsupported",
  "insufficient_trust",
])

function outcomeOf(ending: Ending): AuditRecord["outcome"] {
  if (ending === undefined) return "bug"
  if (ending.kind === "refusal") return "refused"
  if (ending.kind === "error") return "rpc_error"
  return ending.result["isError"] === true ? "tool_error" : "ok"
}

/** The refusal of what cannot be recorded. */
export const unrecorded: Refusal = {
  code: "audit_unavailable",
  reason: "the audit cannot be written",
}
