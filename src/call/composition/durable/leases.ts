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

/** For how long others may be sure that this process drives what it has taken. */
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

  /** Whether nobody else can have taken over what was taken at that time; false a while before somebody may. */
  isHeld(takenMs: number): boolean {
    const { leaseMs, clock } = this.#options
    if (leaseMs === undefined) return true
    return clock.now() < Math.max(this.#renewedMs, takenMs) + leaseMs * leaseShare
  }
}
