import type { Fate } from "../../call/fate.ts"
import type { Refusal } from "../../call/refusal.ts"

/** What kind of thing went wrong, for status, metrics and decisions; the words are in `reason`. */
export type FailureKind =
  | "unconfigured"
  | "refused"
  | "lost"
  | "timeout"
  | "http_status"
  | "credentials"
  | "token"
  | "protocol"
  | "too_large"
  | "exited"
  | "backoff"
  | "overloaded"
  | "withheld"
  | "gone"
  | "cancelled"
  | "closing"

/** Why a request to a backend has no answer. `reason` may hold addresses, never secrets. */
export interface Failure {
  readonly code:
    | "backend_unavailable"
    | "backend_timeout"
    | "backend_error"
    | "definition_drift"
    | "overloaded"
    | "cancelled"
  readonly kind: FailureKind
  readonly reason: string
  readonly retryAfterMs?: number
  /** The request never left: another attempt cannot execute it twice. */
  readonly isUnsent?: true
  /** The server asked for `retryAfterMs` itself. */
  readonly isPostponed?: true
  /** The HTTP status of the answer, and the code of the JSON-RPC error that came with it, if any. */
  readonly status?: number
  readonly rpcCode?: number
}

/** The refusal that a caller's call ends with. `waitedMs` is told where the time was up. */
export function refusalOf(failure: Failure, subject: string, waitedMs: number): Refusal {
  const { code, retryAfterMs } = failure
  const common = { subject, reason: failure.reason, fate: fateOf(failure) }
  if (code === "backend_timeout")
    return { code, ...common, waitedMs: Math.max(1, Math.round(waitedMs)) }
  if (code === "overloaded") return { code, ...common, retryAfterMs: retryAfterMs ?? 1000 }
  if (code === "backend_error")
    return failure.kind === "credentials"
      ? { code, ...common, isUnauthorized: true }
      : { code, ...common }
  if (code === "definition_drift")
    return { code, tool: subject, reason: common.reason, fate: "unsent" }
  if (code === "cancelled") return { code, reason: common.reason, fate: common.fate }
  return retryAfterMs === undefined
    ? { code, ...common }
    : { code, ...common, retryAfterMs: Math.max(1, Math.ceil(retryAfterMs)) }
}

function fateOf({ kind, isUnsent, isPostponed, rpcCode, status = 0 }: Failure): Fate {
  if (isUnsent) return "unsent"
  switch (kind) {
    case "http_status":
      if (status === 429 || ((status === 408 || status === 503) && isPostponed)) return "busy"
      return status === 408 || status >= 500 ? "failing" : "rejected"
    case "protocol":
      return rpcCode === undefined ? "malformed" : "rejected"
    default:
      return fates[kind]
  }
}

const fates = {
  unconfigured: "unsent",
  refused: "unsent",
  backoff: "unsent",
  overloaded: "unsent",
  withheld: "unsent",
  gone: "rejected",
  token: "unsent",
  credentials: "rejected",
  lost: "lost",
  exited: "lost",
  cancelled: "lost",
  closing: "lost",
  timeout: "late",
  too_large: "oversize",
} as const satisfies Record<Exclude<FailureKind, "http_status" | "protocol">, Fate>

/** The same, of a request that never left. */
export const unsent = (failure: Failure): Failure => ({ ...failure, isUnsent: true })

export const protocolFailure = (reason: string): Failure => ({
  code: "backend_error",
  kind: "protocol",
  reason,
})

export const tooLarge = (bytesMax: number): Failure => ({
  code: "backend_error",
  kind: "too_large",
  reason: `the answer is larger than ${bytesMax} bytes`,
})

export const overloaded = (of: { concurrencyMax: number; queueMax: number }): Failure => ({
  code: "overloaded",
  kind: "overloaded",
  reason: `${of.concurrencyMax} calls are in flight and ${of.queueMax} wait`,
  retryAfterMs: 1000,
})

export const closing: Failure = {
  code: "backend_unavailable",
  kind: "closing",
  reason: "the connection to this server is being closed",
}

export const cancelled: Failure = {
  code: "cancelled",
  kind: "cancelled",
  reason: "cancelled by the caller",
}

const ourDecisions: ReadonlySet<FailureKind> = new Set([
  "backoff",
  "cancelled",
  "closing",
  "overloaded",
  "withheld",
])

/** What we decided ourselves is no news of how the server is doing. */
export const saysNothingOfServer = (kind: FailureKind): boolean => ourDecisions.has(kind)
