import { Cancellation } from "../../cancellation.ts"
import type { Clock } from "../../ports.ts"
import type { Claim, Handover, Journal, Lease, Owner } from "../journal.ts"
import type { RunRecord } from "../record.ts"

/** So long an owner has for what is under way; then the run is taken from it. */
const patienceMs = 30_000
/** So often it is tried. */
const tryMs = 100

interface Taker {
  readonly journal: Journal
  readonly clock: Clock
  readonly claimer: () => Owner & Claim
  /** Drives runs in this process, and not this one now. */
  readonly resting: string | undefined
}

/**
 * The right to write to a run that another process drives: that process is asked to let it come to rest first, so that the
 * outcome of what is under way is known. Undefined where nobody drives it, and where its owner does not give it up in time.
 */
export async function inPeace(id: string, taker: Taker): Promise<Lease | undefined> {
  const { journal, resting } = taker
  const { handover } = journal
  const record = await journal.get(id)
  if (handover === undefined || record?.owner === resting || !isDriven(record)) return
  return asked(id, taker, handover)
}

async function asked(
  id: string,
  { journal, clock, claimer }: Taker,
  handover: Handover,
): Promise<Lease | undefined> {
  const untilMs = clock.now() + patienceMs
  await handover.ask(id, { ...claimer(), leaseUntilMs: untilMs })
  while (clock.now() < untilMs && isDriven(await journal.get(id))) {
    const lease = await journal.claim(id, claimer())
    if (lease !== undefined) return lease
    await clock.sleep(tryMs, new Cancellation())
  }
  return
}

const isDriven = (record: RunRecord | undefined): boolean =>
  record?.owner !== undefined && (record.status === "running" || record.status === "compensating")
