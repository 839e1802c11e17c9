import type { BackendReply } from "../backends.ts"
import type { Fate } from "../fate.ts"

/** What another attempt may mend. What came too late would come later still, and a queue of ours that is full is full. */
const passing: ReadonlySet<Fate> = new Set<Fate>(["unsent", "busy", "lost", "failing"])

const firstMs = 100
const mostMs = 2_000

/**
 * How long to wait before a call that may be made twice is made again, in milliseconds: any time up to one that doubles,
 * so that callers who failed together do not come back together. Undefined where it is not made again.
 */
export function retryDelay(
  reply: BackendReply,
  attempt: number,
  random: number,
): number | undefined {
  if (reply.kind !== "refusal") return
  const { refusal } = reply
  if (refusal.code !== "backend_unavailable" && refusal.code !== "backend_error") return
  if (refusal.fate === undefined || !passing.has(refusal.fate)) return
  const askedMs = ("retryAfterMs" in refusal && refusal.retryAfterMs) || 0
  if (askedMs > mostMs) return
  return Math.max(askedMs, random * Math.min(mostMs, firstMs * 2 ** (attempt - 1)))
}
