import { cancelling, whyUncancellable } from "../../../compose/run/durable/cancelling.ts"
import { RunLost } from "../../../compose/run/durable/journal.ts"
import { inPeace } from "../../../compose/run/durable/operate/in-peace.ts"
import { standingOf } from "../../../compose/run/durable/operate/operate.ts"
import { isOpen } from "../../../compose/run/durable/status.ts"
import type { DurableRuns, OriginOf } from "./durable-runs.ts"

/** Whose run it is no more. */
export interface ToCancel {
  readonly id: string
  /** As the gateway knows them; for people. */
  readonly who: string
}

/**
 * What a cancellation came to: `over`, the run has ended, is parked or goes back already; `past pivot`, it goes on to its
 * end; `busy`, somebody else stepped in at the same time, or the gateway is stopping.
 */
export type CancelTaken = "taken" | "over" | "past pivot" | "busy"

/**
 * Whoever began a run no longer wants it (compositions §11.3): it is rolled back from wherever it is, and a crash does
 * not make it forget that. A run that another process drives is taken over once that process has let its calls in
 * flight end. Rejects with a {@link JournalTrouble}.
 */
export const cancelRun = (
  runs: DurableRuns,
  cancel: ToCancel,
  originOf: OriginOf,
): Promise<CancelTaken> => runs.inTurn(cancel.id, () => cancelNow(runs, cancel, originOf))

async function cancelNow(
  runs: DurableRuns,
  { id, who }: ToCancel,
  originOf: OriginOf,
): Promise<CancelTaken> {
  const { journal, clock } = runs
  const live = runs.live(id)
  const revoked = await live?.revoke(who)
  if (revoked !== undefined && revoked !== "elsewhere") return revoked
  const standing = await standingOf(id, journal, clock.now())
  const reason = standing.ok ? whyUncancellable(standing) : "over"
  if (reason !== undefined) return reason === "cancelled" ? "taken" : reason
  if (runs.isClosing) return "busy"
  await live?.ended // it waits for somebody, or is lost: it is about to come to rest
  return written({ id, who }, runs, originOf)
}

/** While nobody drives it; then it goes on. */
async function written(
  { id, who }: ToCancel,
  runs: DurableRuns,
  originOf: OriginOf,
): Promise<CancelTaken> {
  const { journal, clock } = runs
  await inPeace(id, {
    ...{ journal, clock, resting: runs.ownership().owner },
    claimer: () => ({ ...runs.ownership(), counts: false }),
  })
  const taken = await runs.take(id, { counts: false, force: true })
  if (taken === undefined) return "over"
  if (runs.live(id) !== undefined) return "busy"
  const { state, record, lease } = taken
  const late = whyUncancellable(taken)
  try {
    if (late === undefined) {
      const { events, change } = cancelling(who, { state, record, nowMs: clock.now() })
      await journal.append(lease, events, change)
    }
    const now = { ...record, ...(await journal.get(id)) }
    if (isOpen(state.status)) runs.goOn({ ...taken, record: now }, originOf, { counts: false })
  } catch (error) {
    if (error instanceof RunLost) return "busy"
    throw error
  }
  return late === undefined || late === "cancelled" ? "taken" : late
}
