import type { DatabaseSync } from "node:sqlite"
import type { StoredEvent } from "../../../compose/run/durable/event.ts"
import {
  type Claim,
  type Creation,
  type JournalCounts,
  type JournalTrouble,
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
import type { RunChange, RunRecord, Tombstone } from "../../../compose/run/durable/record.ts"
import type { RunStatus } from "../../../compose/run/durable/status.ts"
import {
  type EventRow,
  eventOf,
  lastTime,
  recordOf,
  runValues,
  statusOf,
  textOf,
  tombstoneOf,
  whole,
} from "../rows.ts"
import { Blobs } from "./blobs.ts"
import { FilePlace } from "./file-place.ts"
import { GroupCommit } from "./group-commit.ts"
import { type FileJournal, PlanMissing, type ThreadData } from "./messages.ts"
import { SqliteOnce } from "./once.ts"
import { Places } from "./places.ts"
import { SqlitePurge } from "./purge.ts"
import { connect, openingTrouble } from "./schema.ts"
import { prepare, type Statements } from "./statements.ts"

/** Connects to a file that is a sound journal. Throws a {@link JournalTrouble} when it cannot be. */
export function connectSqliteJournal({ file, inode, options }: ThreadData): FileJournal {
  const place = new FilePlace(file, inode)
  let db: DatabaseSync | undefined
  try {
    place.check()
    db = connect(file, options)
    return new SqliteJournal(db, new GroupCommit(db, place, file))
  } catch (cause) {
    db?.close()
    throw openingTrouble(file, cause)
  }
}

class SqliteJournal implements FileJournal {
  readonly #db: DatabaseSync
  readonly #commit: GroupCommit
  readonly #blobs: Blobs
  readonly #once: SqliteOnce
  readonly #purge: SqlitePurge
  readonly #statements: Statements
  readonly #places: Places

  constructor(db: DatabaseSync, commit: GroupCommit) {
    this.#db = db
    this.#commit = commit
    this.#blobs = new Blobs(db)
    this.#once = new SqliteOnce(db, this.#blobs)
    this.#purge = new SqlitePurge(db)
    this.#statements = prepare(db)
    this.#places = new Places(this.#statements.owned)
  }

  get trouble(): JournalTrouble | undefined {
    return this.#commit.trouble
  }

  create(run: RunRecord, plan: Stored | null, events: readonly EventRow[]): Promise<Creation> {
    return this.#commit.write((): Creation => {
      if (!this.#blobs.has(run.plan)) {
        if (plan === null) throw new PlanMissing()
        this.#blobs.keep(run.plan, plan)
      }
      const { insertRun } = this.#statements
      const { changes, lastInsertRowid } = insertRun.run(...runValues(run, this.#blobs))
      if (changes === 0) return { isNew: false, run: this.#holderOf(run) }
      this.#insert(Number(lastInsertRowid), events)
      return { isNew: true, lease: { id: run.id, epoch: 1 } }
    })
  }

  append(lease: Lease, events: readonly EventRow[], change?: RunChange): Promise<void> {
    return this.#commit.write(() => {
      const place = this.#places.of(lease)
      if (place === undefined) throw new RunLost(lease.id)
      this.#insert(place, events)
      if (change === undefined) return
      this.#change(place, change, lastTime(events))
      if (change.status !== undefined) this.#places.forget(lease.id)
    })
  }

  claim(id: string, owner: Owner & Claim): Promise<Lease | undefined> {
    return this.#commit.write(() => {
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
    })
  }

  renew({ owner, leaseUntilMs }: Owner): Promise<void> {
    return this.#commit.write(() => {
      this.#statements.renew.run(whole(leaseUntilMs), owner)
    })
  }

  release(owner: string): Promise<void> {
    return this.#commit.write(() => {
      this.#statements.release.run(owner)
    })
  }

  async get(id: string): Promise<RunRecord | undefined> {
    return this.#commit.read(() => {
      const row = this.#statements.byId.get(id)
      return row && recordOf(row, this.#blobs)
    })
  }

  async find(key: string): Promise<RunRecord | Tombstone | undefined> {
    return this.#commit.read(() => this.#found(key))
  }

  async events(id: string): Promise<readonly StoredEvent[]> {
    return this.#commit.read(() =>
      this.#statements.events.all(id).map((row) => eventOf(row, this.#blobs)),
    )
  }

  async plan(digest: string): Promise<Stored | undefined> {
    const text = this.#commit.read(() => this.#blobs.text(digest))
    return text === undefined ? undefined : (JSON.parse(text) as Stored) // it was written as JSON
  }

  async claimable(owner: string, nowMs: number, max: number): Promise<readonly string[]> {
    return this.#commit.read(() =>
      this.#statements.claimable
        .all({ owner, now: Math.round(nowMs), max })
        .map((row) => textOf(row, "id")),
    )
  }

  async list({ status, tool, before, max }: ListFilter): Promise<readonly RunRecord[]> {
    return this.#commit.read(() =>
      this.#statements.list
        .all({
          status: status === undefined ? null : JSON.stringify(status),
          tool: tool ?? null,
          created: whole(before?.createdMs),
          id: before?.id ?? null,
          max,
        })
        .map((row) => recordOf(row, this.#blobs)),
    )
  }

  async moved(seen: readonly Seen[]): Promise<readonly string[]> {
    const { stands } = this.#statements
    return this.#commit.read(() =>
      seen
        .filter(({ id, epoch, status }) => stands.get(id, epoch, status) === undefined)
        .map(({ id }) => id),
    )
  }

  async counts(): Promise<JournalCounts> {
    return this.#commit.read(() => {
      const byStatus: { [status in RunStatus]?: number } = {}
      for (const row of this.#statements.counts.all()) byStatus[statusOf(row)] = Number(row["n"])
      const oldest = this.#statements.oldest.get()?.["created"]
      return { byStatus, oldestOpenMs: typeof oldest === "number" ? oldest : undefined }
    })
  }

  takeOnce(key: string, taker: OnceTaker): Promise<OnceTaken> {
    return this.#commit.write(() => this.#once.take(key, taker))
  }

  settleOnce(key: string, taker: OnceTaker, outcome: Stored | undefined): Promise<void> {
    return this.#commit.write(() => this.#once.settle(key, taker, outcome))
  }

  purge(retention: Retention): Promise<number> {
    return this.#commit.write(() => {
      this.#places.forgetAll()
      this.#once.expire(retention.endedBeforeMs)
      return this.#purge.purge(retention)
    })
  }

  check(): Promise<void> {
    return this.#commit.write(() => {
      const { reserve, free } = this.#statements
      reserve.run()
      free.run()
    })
  }

  async close(): Promise<void> {
    this.#commit.close()
    if (this.#db.isOpen) this.#db.close()
  }

  #found(key: string): RunRecord | Tombstone | undefined {
    const row = this.#statements.byKey.get(key)
    if (row !== undefined) return recordOf(row, this.#blobs)
    const tomb = this.#statements.tomb.get(key)
    return tomb && tombstoneOf(tomb)
  }

  #holderOf({ id, key }: RunRecord): RunRecord | Tombstone {
    const known = this.#found(key ?? "")
    if (known === undefined) throw new Error(`run ${id} was not written, and nobody has its key`)
    return known
  }

  /** Two at a time where there are two, as an outcome and the intent that follows are: a statement costs more than a row. */
  #insert(place: number, events: readonly EventRow[]): void {
    const { insertEvent, insertTwo } = this.#statements
    for (let at = 0; at < events.length; at += 2) {
      const values = events.slice(at, at + 2).flatMap((event) => this.#row(place, event))
      if (at + 1 < events.length) insertTwo.run(...values)
      else insertEvent.run(...values)
    }
  }

  #row(place: number, [seq, step, kind, attempt, data, t]: EventRow) {
    return [place, seq, step, kind, attempt, this.#blobs.putText(data), t]
  }

  #change(place: number, change: RunChange, nowMs: number | undefined): void {
    const { status, reason, result, deadlineMs, recoveries } = change
    this.#statements.changeRun.run(
      status ?? null,
      reason === undefined ? 0 : 1,
      reason ?? null,
      deadlineMs === undefined ? 0 : 1,
      whole(deadlineMs ?? undefined),
      result === undefined ? null : this.#blobs.put(result),
      recoveries ?? null,
      whole(nowMs),
      place,
    )
  }
}
