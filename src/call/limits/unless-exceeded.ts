import { type BackendReply, refused } from "../backends.ts"
import type { Verdict } from "./rate-limits.ts"

/** Sends, unless that would exceed a rate limit. Sends at once where counts are not shared. */
export function unlessExceeded(
  verdict: Verdict,
  send: () => Promise<BackendReply>,
): Promise<BackendReply> {
  if (verdict === undefined) return send()
  return Promise.resolve(verdict).then((refusal) =>
    refusal === undefined ? send() : refused(refusal),
  )
}
