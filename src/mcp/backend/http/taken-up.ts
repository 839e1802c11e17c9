import type { Failure } from "../failure.ts"

/** The stream of an answer, taken up after it broke (MCP 2025-11-25, Resumability). */
export interface TakenUp {
  readonly lastEventId: string
  /** Attempts in a row on which no event came. */
  readonly attempts: number
  readonly waitMs: number
}

/** In a row, without an event between them. The call's own deadline ends it, too. */
const attemptsMax = 5
const waitMs = 1_000
const waitMaxMs = 30_000

/** A stream as it broke. */
interface Broken {
  readonly lastEventId: string
  readonly retryMs: number | undefined
  readonly takenUp: TakenUp | undefined
}

/** How to take it up; undefined where the server gave its events no ids, and when it was tried often enough. */
export function nextAttempt({ lastEventId, retryMs, takenUp }: Broken): TakenUp | undefined {
  const last = lastEventId === "" ? takenUp?.lastEventId : lastEventId
  if (last === undefined || !isHeaderValue(last)) return
  const attempts = takenUp === undefined || last !== takenUp.lastEventId ? 0 : takenUp.attempts + 1
  if (attempts >= attemptsMax) return
  const wait = retryMs ?? takenUp?.waitMs ?? waitMs
  return { lastEventId: last, attempts, waitMs: Math.min(wait, waitMaxMs) }
}

const isHeaderValue = (id: string): boolean => /^[\x21-\x7e]{1,1024}$/.test(id)

export const lostAgain = (status: number | undefined): Failure => ({
  code: "backend_unavailable",
  kind: "lost",
  reason: `the stream of the answer broke and could not be taken up again${status === undefined ? "" : `: HTTP ${status}`}`,
})
