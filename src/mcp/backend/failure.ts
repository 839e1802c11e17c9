import type { Refusal } from "../../call/refusal.ts"

/** What kind of thing went wrong, for status, metrics and decisions; the words are in `reason`. */
export type FailureKind =
  | "unconfigured"
  | "refused"
  | "lost"
  | "timeout"
  | "http_status"
  | "credentials"
  | "protocol"
  | "too_large"
  | "exited"
  | "backoff"
  | "overloaded"
  | "cancelled"
  | "closing"

/** Why a request to a backend has no answer. `reason` may hold addresses, never secrets. */
export interface Failure {
  readonly code:
    | "backend_unavailable"
    | "backend_timeout"
    | "backend_error"
    | "overloaded"
    | "cancelled"
  readonly kind: FailureKind
  readonly reason: string
  readonly retryAfterMs?: number
  /** The request never left: another attempt cannot execute it twice. */
  readonly isUnsent?: true
  /** The HTTP status that was the answer, and the code of a JSON-RPC error that came with it. */
  readonly status?: number
  readonly rpcCode?: number
}

/** The refusal that a caller's call ends with. `waitedMs` is told where the time was up. */
export function refusalOf(failure: Failure, subject: string, waitedMs: number): Refusal {
  const { code, reason, retryAfterMs } = failure
  if (code === "backend_timeout")
    return { code, subject, reason, waitedMs: Math.max(1, Math.round(waitedMs)) }
  if (code === "overloaded") return { code, subject, reason, retryAfterMs: retryAfterMs ?? 1000 }
  if (code === "backend_error") return { code, subject, reason }
  if (code === "cancelled") return { code, reason }
  return retryAfterMs === undefined
    ? { code, subject, reason }
    : { code, subject, reason, retryAfterMs: Math.max(1, Math.ceil(retryAfterMs)) }
}

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

export const closing: Failure = {
  code: "backend_unavailable",
  kind: "closing",
  reason: "the connection to this server is being closed",
}
