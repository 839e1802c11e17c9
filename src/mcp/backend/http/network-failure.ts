import type { IncomingHttpHeaders } from "node:http"
import type { Failure } from "../failure.ts"

/** What an error of the network, of TLS or of the HTTP parser means. `isSent`: bytes of the request may have left. */
export function networkFailure(error: Error, isSent: boolean): Failure {
  const { code } = error as NodeJS.ErrnoException // a missing code is undefined, and that is looked at
  const words = code ?? error.name
  if (!isSent)
    return {
      code: "backend_unavailable",
      kind: "refused",
      reason: `no connection: ${words}`,
      isUnsent: true,
    }
  if (code?.startsWith("HPE_") || code === "UND_ERR_HEADERS_OVERFLOW")
    return { code: "backend_error", kind: "protocol", reason: `the answer is not HTTP: ${words}` }
  return {
    code: "backend_unavailable",
    kind: "lost",
    reason: `the connection was lost during the call: ${words}`,
  }
}

/** What a status that is not a success means; undefined for 2xx. Headers of a challenge stay here. */
export function statusFailure(
  status: number,
  headers: IncomingHttpHeaders,
  rpcCode: number | undefined,
): Failure | undefined {
  if (status >= 200 && status < 300) return
  const more = rpcCode === undefined ? { status } : { status, rpcCode }
  const kind = "http_status"
  const reason = `HTTP ${status}`
  if (status === 401 || status === 403)
    return {
      ...more,
      code: "backend_error",
      kind: "credentials",
      reason: `${reason}: the server does not accept the gateway's credentials`,
    }
  if (status >= 300 && status < 400)
    return { ...more, code: "backend_error", kind, reason: `${reason}: redirects are not followed` }
  const asked = retryAfter(headers)
  const pause = {
    retryAfterMs: asked ?? 1000,
    ...(asked !== undefined && { isPostponed: true as const }),
  }
  if (status === 429) return { ...more, code: "overloaded", kind, reason, ...pause }
  if (status === 408 || (status >= 502 && status <= 504))
    return { ...more, code: "backend_unavailable", kind, reason, ...pause }
  return { ...more, code: "backend_error", kind, reason }
}

/** `Retry-After` in seconds (RFC 9110 §10.2.3), at most an hour; dates are not used by any server we know. */
function retryAfter(headers: IncomingHttpHeaders): number | undefined {
  const value = headers["retry-after"]
  if (value === undefined || !/^\d{1,4}$/.test(value)) return
  return Math.min(Number(value), 3600) * 1000
}
