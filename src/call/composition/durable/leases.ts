import type { Journal, Owner } from "../../../compose/run/durable/journal.ts"
import type { Clock } from "../../../compose/run/ports.ts"

export interface LeasesOptions {
  readonly journal: () => Journal
  readonly clock: Clock
  /** This process, among those that drive runs of the journal. */
  readonly owner: string
  /** For how long others may be sure of it without hearing of it; undefined: as long as it has the journal. */
  readonly leaseMs?: number
}

/** After so much of a lease, an owner that could not prolong it begins nothing any more (§10.4: 12 s of 15). */
const leaseShare = 0.8

/** How long other processes may rely on this one to drive what it has claimed. */
export class Leases {
  readonly #options: LeasesOptions
  /** When all were last prolonged. */
  #renewedMs = Number.NEGATIVE_INFINITY

  constructor(options: LeasesOptions) {
    this.#options = options
  }

  /** Whoever takes a run now. */
  ownership(): Owner {
    const { owner, leaseMs, clock } = this.#options
    const nowMs = clock.now()
    return { owner, nowMs, leaseUntilMs: leaseMs === undefined ? undefined : nowMs + leaseMs }
  }

  /** Prolongs all of them. Rejects with a JournalTrouble. */
  async renew(): Promise<void> {
    const owner = this.ownership()
    await this.#options.journal().renew(owner)
    this.#renewedMs = owner.nowMs
  }

  /** Whether nobody else can have taken over what was claimed at that time; false some time before anybody may. */
  isHeld(takenMs: number): boolean {
    const { leaseMs, clock } = this.#options
    if (leaseMs === undefined) return true
    return clock.now() < Math.max(this.#renewedMs, takenMs) + leaseMs * leaseShare
  }
}
