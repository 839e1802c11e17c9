import type { DatabaseSync } from "node:sqlite"
import type { StoredEvent } from "../../../compose/run/durable/event.ts"
import {
  type Claim,
  type Creation,
  type JournalCounts,
  type Lease,
  type ListFilter,
  type OnceTaken,
  type OnceTaker,
  type Owner,
  type Retention,
  RunLost,
  type Seen,
  type Stored,
} from "../../../compose/run/durable/journal.ts"
import type { RunRecord, Tombstone } from "../../../compose/run/durable/record.ts"
import { youngestFirst } from "../records.ts"
import {
  countsOf,
  type Read,
  recordOf,
  runColumns,
  textOf,
  tombstoneOf,
  type Value,
  whole,
} from "../rows.ts"
import { Blobs } from "./blobs.ts"
import { type Change, type Entry, type Methods, PlanMissing, type RunRow } from "./messages.ts"
import { SqliteOnce } from "./once.ts"
import { Places } from "./places.ts"
import { SqlitePurge } from "./purge.ts"
import { prepare, type Statements } from "./statements.ts"

/** The places of the columns of a run that hold JSON of any length. */
const mayBeLong = new Set(["input", "result"].map((name) => runColumns.split(", ").indexOf(name)))

/**
 * A run journal in a file that is open and sound. Whatever writes runs inside a transaction: what it gave counts when that is
 * committed.
 */
export class SqliteJournal implements Methods {
  readonly #db: DatabaseSync
  readonly #blobs: Blobs
  readonly #once: SqliteOnce
  readonly #purge: SqlitePurge
  readonly #statements: Statements
  readonly #places: Places

  constructor(db: DatabaseSync) {
    this.#db = db
    this.#blobs = new Blobs(db)
    this.#once = new SqliteOnce(db, this.#blobs)
    this.#purge = new SqlitePurge(db, this.#blobs)
    this.#statements = prepare(db)
    this.#places = new Places(this.#statements.owned)
  }

  create(run: RunRow, plan: Stored | undefined, events: Entry | undefined): Creation {
    const known = run.key === undefined ? undefined : this.find(run.key)
    if (known !== undefined) return { isNew: false, run: known }
    if (!this.#blobs.has(run.plan)) {
      if (plan === undefined) throw new PlanMissing()
      this.#blobs.keep(run.plan, plan)
    }
    const { insertRun } = this.#statements
    const { lastInsertRowid } = insertRun.run(...run.values.map(this.#stored))
    if (events !== undefined) this.#insert(Number(lastInsertRowid), events)
    return { isNew: true, lease: { id: run.id, epoch: 1 } }
  }

  append(lease: Lease, events: Entry, change?: Change): void {
    const place = this.#places.of(lease)
    if (place === undefined) throw new RunLost(lease.id)
    this.#insert(place, events)
    if (change === undefined) return
    this.#change(place, change)
    if (change.status !== undefined) this.#places.forget(lease.id)
  }

  claim(id: string, owner: Owner & Claim): Lease | undefined {
    this.#places.forget(id)
    const row = this.#statements.claim.get({
      id,
      owner: owner.owner,
      now: Math.round(owner.nowMs),
      until: whole(owner.leaseUntilMs),
      counts: owner.counts ? 1 : 0,
      force: owner.force ? 1 : 0,
    })
    return row && { id, epoch: Number(row["epoch"]) }
  }

  renew({ owner, leaseUntilMs }: Owner): void {
    this.#statements.renew.run(whole(leaseUntilMs), owner)
  }

  release(owner: string): void {
    this.#statements.release.run(owner)
  }

  get(id: string): RunRecord | undefined {
    const row = this.#statements.byId.get(id)
    return row && recordOf(row, this.#read)
  }

  find(key: string): RunRecord | Tombstone | undefined {
    const row = this.#statements.byKey.get(key)
    if (row !== undefined) return recordOf(row, this.#read)
    const tomb = this.#statements.tomb.get(key)
    return tomb && tombstoneOf(tomb)
  }

  /** What was written again after trouble stands there twice: the first counts. */
  events(id: string): readonly StoredEvent[] {
    const bySeq = new Map<number, StoredEvent>()
    for (const row of this.#statements.entries.all(id)) {
      const entry = this.#read(textOf(row, "events")) as unknown as readonly StoredEvent[] // as it was written
      for (const event of entry) if (!bySeq.has(event.seq)) bySeq.set(event.seq, event)
    }
    return [...bySeq.values()].sort((one, other) => one.seq - other.seq)
  }

  plan(digest: string): Stored | undefined {
    const text = this.#blobs.text(digest)
    return text === undefined ? undefined : (JSON.parse(text) as Stored) // it was written as JSON
  }

  claimable(owner: string, nowMs: number, max: number): readonly string[] {
    const rows = this.#statements.claimable.all({ owner, now: Math.round(nowMs), max })
    return rows.map((row) => textOf(row, "id"))
  }

  list({ status, tool, before, max }: ListFilter): readonly RunRecord[] {
    const { list, listOf } = this.#statements
    const page = {
      tool: tool ?? null,
      created: whole(before?.createdMs) ?? Number.MAX_SAFE_INTEGER,
      id: before?.id ?? "",
      max,
    }
    if (status === undefined) return list.all(page).map((row) => recordOf(row, this.#read))
    return [...new Set(status)]
      .flatMap((one) => listOf.all({ ...page, status: one }))
      .map((row) => recordOf(row, this.#read))
      .sort(youngestFirst)
      .slice(0, max)
  }

  moved(seen: readonly Seen[]): readonly string[] {
    const { stands } = this.#statements
    return seen
      .filter(({ id, epoch, status }) => stands.get(id, epoch, status) === undefined)
      .map(({ id }) => id)
  }

  counts(): JournalCounts {
    return countsOf(this.#statements.counts.all())
  }

  takeOnce(key: string, taker: OnceTaker): OnceTaken {
    return this.#once.take(key, taker)
  }

  settleOnce(key: string, taker: OnceTaker, outcome: Stored | undefined): void {
    this.#once.settle(key, taker, outcome)
  }

  purge(retention: Retention): number {
    this.#places.forgetAll()
    return this.#purge.purge(retention)
  }

  check(): void {
    const { reserve, free } = this.#statements
    reserve.run()
    free.run()
  }

  close(): void {
    if (this.#db.isOpen) this.#db.close()
  }

  readonly #read: Read = (column) => this.#blobs.get(column)

  readonly #stored = (value: Value, column: number): Value =>
    typeof value === "string" && mayBeLong.has(column) ? this.#blobs.putText(value) : value

  #insert(place: number, events: Entry): void {
    this.#statements.insertEntry.run(place, this.#blobs.putText(events))
  }

  #change(place: number, change: Change): void {
    const { status, reason, result, deadlineMs, recoveries, updatedMs } = change
    this.#statements.changeRun.run(
      status ?? null,
      reason === undefined ? 0 : 1,
      reason ?? null,
      deadlineMs === undefined ? 0 : 1,
      whole(deadlineMs ?? undefined),
      result === undefined ? null : this.#blobs.putText(result),
      recoveries ?? null,
      whole(updatedMs),
      place,
    )
  }
}
