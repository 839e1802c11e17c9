import type { BackendReply } from "../backends.ts"
import type { Fate } from "../fate.ts"
import type { RefusalCode } from "../refusal.ts"

/** What another attempt may mend. What came too late would come later still, and a queue of ours that is full is full. */
const passing: ReadonlySet<Fate> = new Set<Fate>(["unsent", "busy", "lost", "failing"])

/** What else was not sent, our own limits kept back. */
const aboutServer: ReadonlySet<RefusalCode> = new Set(["backend_unavailable", "backend_error"])

const firstMs = 100
const mostMs = 2_000

/**
 * How long to wait before a call that may be made twice is made again, in milliseconds: as long as the server asks for, and
 * any time up to one that doubles, so that callers who failed together do not come back together. Undefined where it is not
 * made again.
 */
export function retryDelay(
  reply: BackendReply,
  attempt: number,
  random: number,
): number | undefined {
  if (reply.kind !== "refusal") return
  const { refusal } = reply
  const fate = "fate" in refusal ? refusal.fate : undefined
  if (fate === undefined || !passing.has(fate)) return
  if (!aboutServer.has(refusal.code) && fate !== "busy") return
  const askedMs = ("retryAfterMs" in refusal && refusal.retryAfterMs) || 0
  if (askedMs > mostMs) return
  return askedMs + random * Math.min(mostMs, firstMs * 2 ** (attempt - 1))
}
