import type { Failure } from "../failure.ts"
import { isWireId } from "./wire-id.ts"

/** The stream of an answer, taken up after it broke (MCP 2025-11-25, Resumability). */
export interface TakenUp {
  readonly lastEventId: string
  /** Attempts in a row on which no event came. */
  readonly attempts: number
  /** Attempts in all, with this one, and bytes that came on the streams before. */
  readonly times: number
  readonly bytes: number
  readonly waitMs: number
}

/** In a row, without an event between them. The call's own deadline ends it, too. */
const attemptsMax = 5
const waitMs = 1_000
const waitMaxMs = 30_000

/** A server that ends the stream more often than this is asked at our pace from then on, and no longer at its own. */
const promptMax = 10
const waitMinMs = 100

/** A stream as it broke. */
interface Broken {
  readonly lastEventId: string
  readonly retryMs: number | undefined
  readonly bytes: number
  readonly takenUp: TakenUp | undefined
}

/**
 * How to take it up; undefined where the server gave its events no ids, and when it was tried often enough: `timesMax` in
 * all, however many events came.
 */
export function nextAttempt(
  { lastEventId, retryMs, bytes, takenUp }: Broken,
  timesMax: number,
): TakenUp | undefined {
  const last = lastEventId === "" ? takenUp?.lastEventId : lastEventId
  if (last === undefined || !isWireId(last)) return
  const attempts = takenUp === undefined || last !== takenUp.lastEventId ? 0 : takenUp.attempts + 1
  const times = (takenUp?.times ?? 0) + 1
  if (attempts >= attemptsMax || times > timesMax) return
  const wait = Math.min(retryMs ?? takenUp?.waitMs ?? waitMs, waitMaxMs)
  return {
    lastEventId: last,
    attempts,
    times,
    bytes: (takenUp?.bytes ?? 0) + bytes,
    waitMs: times > promptMax ? Math.max(wait, waitMinMs) : wait,
  }
}

export const lostAgain = (status: number | undefined): Failure => ({
  code: "backend_unavailable",
  kind: "lost",
  reason: `the stream of the answer broke and could not be taken up again${status === undefined ? "" : `: HTTP ${status}`}`,
})
