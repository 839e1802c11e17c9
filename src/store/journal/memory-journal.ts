import type { StoredEvent } from "../../compose/run/durable/event.ts"
import {
  type Claim,
  type Creation,
  type Journal,
  type JournalCounts,
  JournalTrouble,
  type Lease,
  type ListFilter,
  type OnceTaken,
  type OnceTaker,
  type Owner,
  type Retention,
  RunLost,
  type Seen,
  type Stored,
  type Writing,
} from "../../compose/run/durable/journal.ts"
import type { NewRun, RunChange, RunRecord, Tombstone } from "../../compose/run/durable/record.ts"
import { isOpen, isTerminal, type RunStatus } from "../../compose/run/durable/status.ts"
import { begunRecord, changed, isClaimable, youngestFirst } from "./records.ts"

interface Held {
  record: RunRecord
  readonly events: StoredEvent[]
}

interface HeldOnce {
  readonly taker: OnceTaker
  outcome: Stored | undefined
}

/** Runs that last as long as the process: for tests, and where nothing has to survive. */
export class MemoryJournal implements Journal {
  readonly trouble = undefined
  readonly #runs = new Map<string, Held>()
  readonly #byKey = new Map<string, string>()
  readonly #tombs = new Map<string, Tombstone & { readonly endedMs: number }>()
  readonly #plans = new Map<string, Stored>()
  readonly #once = new Map<string, HeldOnce>()
  #isClosed = false

  async create(run: NewRun, plan: Stored, owner: Owner, first?: Writing): Promise<Creation> {
    this.#open()
    const known = run.key === undefined ? undefined : this.#found(run.key)
    if (known !== undefined) return { isNew: false, run: known }
    this.#plans.set(run.plan, structuredClone(plan))
    const begun = { record: begunRecord(run, owner, first), events: [...(first?.events ?? [])] }
    this.#runs.set(run.id, structuredClone(begun))
    if (run.key !== undefined) this.#byKey.set(run.key, run.id)
    return { isNew: true, lease: { id: run.id, epoch: 1 } }
  }

  async append(lease: Lease, events: readonly StoredEvent[], change?: RunChange): Promise<void> {
    this.#open()
    const held = this.#runs.get(lease.id)
    if (held?.record.epoch !== lease.epoch) throw new RunLost(lease.id)
    for (const event of events)
      if (event.seq === held.events.length + 1) held.events.push(structuredClone(event))
    if (change === undefined) return
    const nowMs = events.at(-1)?.atMs ?? held.record.updatedMs
    held.record = structuredClone(changed(held.record, change, nowMs))
  }

  async claim(id: string, owner: Owner & Claim): Promise<Lease | undefined> {
    this.#open()
    const held = this.#runs.get(id)
    if (held === undefined || !isClaimable(held.record, owner)) return
    const { epoch, recoveries } = held.record
    held.record = {
      ...leased(held.record, owner.leaseUntilMs),
      owner: owner.owner,
      epoch: epoch + 1,
      recoveries: recoveries + (owner.counts ? 1 : 0),
    }
    return { id, epoch: held.record.epoch }
  }

  async renew({ owner, leaseUntilMs }: Owner): Promise<void> {
    this.#open()
    for (const held of this.#unfinishedOf(owner)) held.record = leased(held.record, leaseUntilMs)
  }

  async release(owner: string): Promise<void> {
    this.#open()
    for (const held of this.#unfinishedOf(owner)) {
      const { owner: _, ...rest } = leased(held.record, undefined)
      held.record = rest
    }
  }

  /** What has ended keeps its owner. */
  #unfinishedOf(owner: string): Iterable<Held> {
    return this.#runs
      .values()
      .filter(({ record }) => record.owner === owner && !isTerminal(record.status))
  }

  async get(id: string): Promise<RunRecord | undefined> {
    this.#open()
    return structuredClone(this.#runs.get(id)?.record)
  }

  async find(key: string): Promise<RunRecord | Tombstone | undefined> {
    this.#open()
    return this.#found(key)
  }

  #found(key: string): RunRecord | Tombstone | undefined {
    const id = this.#byKey.get(key)
    if (id !== undefined) return structuredClone(this.#runs.get(id)?.record)
    const tomb = this.#tombs.get(key)
    if (tomb === undefined) return
    const { endedMs: _, ...rest } = tomb
    return rest
  }

  async events(id: string): Promise<readonly StoredEvent[]> {
    this.#open()
    return structuredClone(this.#runs.get(id)?.events ?? [])
  }

  async plan(digest: string): Promise<Stored | undefined> {
    this.#open()
    return structuredClone(this.#plans.get(digest))
  }

  async claimable(owner: string, nowMs: number, max: number): Promise<readonly string[]> {
    this.#open()
    return [...this.#runs.values()]
      .filter(({ record }) => isOpen(record.status) && isClaimable(record, { owner, nowMs }))
      .sort((one, other) => one.record.createdMs - other.record.createdMs)
      .slice(0, max)
      .map(({ record }) => record.id)
  }

  async list({ status, tool, before, max }: ListFilter): Promise<readonly RunRecord[]> {
    this.#open()
    const found = [...this.#runs.values()]
      .map(({ record }) => record)
      .filter((record) => status === undefined || status.includes(record.status))
      .filter((record) => tool === undefined || record.tool === tool)
      .sort(youngestFirst)
      .filter((record) => before === undefined || youngestFirst(record, before) > 0)
    return structuredClone(found.slice(0, max))
  }

  async moved(seen: readonly Seen[]): Promise<readonly string[]> {
    this.#open()
    const hasMoved = ({ id, epoch, status }: Seen) => {
      const record = this.#runs.get(id)?.record
      return record?.epoch !== epoch || record.status !== status
    }
    return seen.filter(hasMoved).map(({ id }) => id)
  }

  async counts(): Promise<JournalCounts> {
    this.#open()
    const byStatus: { [status in RunStatus]?: number } = {}
    let oldestOpenMs: number | undefined
    for (const { record } of this.#runs.values()) {
      const { status, createdMs } = record
      if (isTerminal(status)) continue
      byStatus[status] = (byStatus[status] ?? 0) + 1
      oldestOpenMs = Math.min(createdMs, oldestOpenMs ?? createdMs)
    }
    return { byStatus, oldestOpenMs }
  }

  async takeOnce(key: string, taker: OnceTaker): Promise<OnceTaken> {
    this.#open()
    const held = this.#once.get(key)
    const isOver = held?.taker.untilMs !== undefined && held.taker.untilMs <= taker.nowMs
    if (held === undefined || (isOver && held.outcome !== undefined)) {
      this.#once.set(key, { taker, outcome: undefined })
      return { is: "taken" }
    }
    const { taker: first, outcome } = held
    if (outcome !== undefined)
      return { is: "settled", scope: first.scope, outcome: structuredClone(outcome) }
    const isSame = first.run === taker.run && first.step === taker.step
    return isSame ? { is: "taken" } : { is: "underway", run: first.run }
  }

  async settleOnce(key: string, taker: OnceTaker, outcome: Stored | undefined): Promise<void> {
    this.#open()
    const held = this.#once.get(key)
    if (held?.taker.run !== taker.run || held.taker.step !== taker.step) return
    if (outcome === undefined) this.#once.delete(key)
    else this.#once.set(key, { taker, outcome: structuredClone(outcome) })
  }

  async purge({ endedBeforeMs, buriedBeforeMs }: Retention): Promise<number> {
    this.#open()
    let purged = 0
    for (const [key, { endedMs }] of this.#tombs)
      if (endedMs < buriedBeforeMs) this.#tombs.delete(key)
    for (const [key, { taker, outcome }] of this.#once)
      if (outcome !== undefined && taker.untilMs !== undefined && taker.untilMs <= endedBeforeMs)
        this.#once.delete(key)
    for (const [id, { record }] of this.#runs) {
      const { key, inputDigest, status, updatedMs: endedMs } = record
      if (!isTerminal(status) || endedMs >= endedBeforeMs) continue
      purged++
      this.#runs.delete(id)
      if (key === undefined) continue
      this.#byKey.delete(key)
      if (endedMs >= buriedBeforeMs) this.#tombs.set(key, { id, key, inputDigest, status, endedMs })
    }
    return purged
  }

  async check(): Promise<void> {
    this.#open()
  }

  async close(): Promise<void> {
    this.#isClosed = true
  }

  #open(): void {
    if (this.#isClosed) throw new JournalTrouble("the run journal is closed", { kind: "closed" })
  }
}

function leased({ leaseUntilMs: _, ...record }: RunRecord, untilMs: number | undefined): RunRecord {
  return untilMs === undefined ? record : { ...record, leaseUntilMs: untilMs }
}
