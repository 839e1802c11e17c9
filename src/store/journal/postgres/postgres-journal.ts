import type { StoredEvent } from "../../../compose/run/durable/event.ts"
import {
  type Claim,
  type Creation,
  type EventHeader,
  type EventPlace,
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
} from "../../../compose/run/durable/journal.ts"
import type {
  NewRun,
  RunChange,
  RunRecord,
  Tombstone,
} from "../../../compose/run/durable/record.ts"
import { countsOf, type Row, recordOf, whole } from "../rows.ts"
import { type Append, writeAppends } from "./appends.ts"
import { Batcher } from "./batcher.ts"
import { findRun, type NewRow, newRow, writeRuns } from "./creations.ts"
import { Database, type PostgresOptions } from "./database.ts"
import { handoverOf } from "./handover.ts"
import { settleOnce, takeOnce } from "./once.ts"
import { purge } from "./purge.ts"
import { eventOf, eventRow, headerOf, storable } from "./rows.ts"
import { isOpenRow, isUnfinishedRow } from "./tables.ts"
import { troubleOf } from "./trouble.ts"

/**
 * The run journal of several gateways, in one PostgreSQL database (15 or later). Whoever drives a run holds a lease, and
 * every write checks that it still does. It connects when it is first used, and again after the database was away.
 */
export const openPostgresJournal = (url: string, options: PostgresOptions = {}): Journal =>
  new PostgresJournal(url, options)

/**
 * The runs of an owner are locked in the order in which appends lock theirs, or the two would wait for each other. What has ended
 * keeps its owner, and there may be hundreds of thousands of those.
 */
const own = `WITH own AS (
  SELECT id FROM postern.run WHERE owner = $1 AND ${isUnfinishedRow} ORDER BY id FOR UPDATE)`
const areOwn = "FROM own WHERE run.id = own.id"
const isFree = "(owner IS NULL OR owner = $2 OR lease_until < $3)"

class PostgresJournal implements Journal {
  readonly #database: Database
  readonly #appends: Batcher<Append, boolean>
  readonly #creations: Batcher<NewRow, Creation>
  /** Owners that took runs through this journal: closing it gives those runs up. */
  readonly #owners = new Set<string>()
  #trouble: JournalTrouble | undefined
  #closing: Promise<void> | undefined
  #isClosed = false
  readonly handover = handoverOf({
    rows: (text, values) => this.#rows(text, values),
    shifted: (owner) => this.#done(() => this.#database.shifted(owner)),
  })

  constructor(url: string, options: PostgresOptions) {
    const database = new Database(url, options)
    this.#database = database
    this.#appends = new Batcher(async (appends) => writeAppends(await database.pool(), appends))
    this.#creations = new Batcher(async (rows) => writeRuns(await database.pool(), rows))
  }

  get trouble(): JournalTrouble | undefined {
    return this.#trouble
  }

  create(run: NewRun, plan: Stored, owner: Owner, first?: Writing): Promise<Creation> {
    this.#owners.add(owner.owner)
    return this.#done(async () => {
      const shifted = await this.#database.shifted(owner)
      return this.#creations.add(newRow(run, plan, shifted, first))
    })
  }

  async append(lease: Lease, events: readonly StoredEvent[], change?: RunChange): Promise<void> {
    const append = { lease, events: events.map(eventRow), change }
    if (!(await this.#done(() => this.#appends.add(append)))) throw new RunLost(lease.id)
  }

  async claim(id: string, claimer: Owner & Claim): Promise<Lease | undefined> {
    const { counts, force = false } = claimer
    this.#owners.add(claimer.owner)
    const { owner, nowMs, leaseUntilMs } = await this.#done(() => this.#database.shifted(claimer))
    const [row] = await this.#rows(
      `WITH had AS (
         UPDATE postern.run SET owner = $2, epoch = epoch + 1, lease_until = $4,
           recoveries = recoveries + $5
         WHERE id = $1 AND ${isUnfinishedRow} AND (${isFree} OR $6) RETURNING id, epoch),
       unasked AS (DELETE FROM postern.want USING had WHERE want.run = had.id AND want.owner = $2)
       SELECT epoch FROM had`,
      [id, owner, whole(nowMs), whole(leaseUntilMs), counts ? 1 : 0, force],
    )
    return row && { id, epoch: Number(row["epoch"]) }
  }

  async renew(given: Owner): Promise<void> {
    await this.#done(() => this.#database.setClock())
    const { owner, leaseUntilMs } = await this.#done(() => this.#database.shifted(given))
    await this.#rows(`${own} UPDATE postern.run SET lease_until = $2 ${areOwn}`, [
      owner,
      whole(leaseUntilMs),
    ])
  }

  async release(owner: string): Promise<void> {
    await this.#rows(
      `${own}, unasked AS (DELETE FROM postern.want WHERE owner = $1)
       UPDATE postern.run SET owner = NULL, lease_until = NULL ${areOwn}`,
      [owner],
    )
  }

  async get(id: string): Promise<RunRecord | undefined> {
    const [row] = await this.#rows("SELECT * FROM postern.run WHERE id = $1", [id])
    return row && recordOf(row)
  }

  find(key: string): Promise<RunRecord | Tombstone | undefined> {
    return this.#done(async () => findRun(await this.#database.pool(), key))
  }

  async events(id: string): Promise<readonly StoredEvent[]> {
    const rows = await this.#rows("SELECT * FROM postern.event WHERE run = $1 ORDER BY seq", [id])
    return rows.map((row) => eventOf(row))
  }

  async plan(digest: string): Promise<Stored | undefined> {
    const [row] = await this.#rows("SELECT plan FROM postern.plan WHERE digest = $1", [digest])
    return row && JSON.parse(String(row["plan"]))
  }

  async claimable(owner: string, given: number, max: number): Promise<readonly string[]> {
    const asked = { owner, nowMs: given, leaseUntilMs: undefined }
    const { nowMs } = await this.#done(() => this.#database.shifted(asked))
    const rows = await this.#rows(
      `SELECT id FROM postern.run WHERE ${isOpenRow} AND ${isFree} ORDER BY created LIMIT $1`,
      [max, owner, whole(nowMs)],
    )
    return rows.map((row) => String(row["id"]))
  }

  async list({ status, tool, before, max }: ListFilter): Promise<readonly RunRecord[]> {
    const rows = await this.#rows(
      `SELECT * FROM postern.run
       WHERE ($1::text[] IS NULL OR status = ANY($1)) AND ($2::text IS NULL OR tool = $2)
         AND ($3::bigint IS NULL OR (created, id) < ($3, $4))
       ORDER BY created DESC, id DESC LIMIT $5`,
      [status ?? null, tool ?? null, whole(before?.createdMs), before?.id ?? null, max],
    )
    return rows.map((row) => recordOf(row))
  }

  async moved(seen: readonly Seen[]): Promise<readonly string[]> {
    const rows = await this.#rows(
      `SELECT s.id FROM unnest($1::text[], $2::int[], $3::text[]) AS s (id, epoch, status)
       LEFT JOIN postern.run r ON r.id = s.id
       WHERE r.epoch IS DISTINCT FROM s.epoch OR r.status IS DISTINCT FROM s.status`,
      [seen.map(({ id }) => id), seen.map(({ epoch }) => epoch), seen.map(({ status }) => status)],
    )
    return rows.map((row) => String(row["id"]))
  }

  async headersAfter(places: readonly EventPlace[]): Promise<readonly EventHeader[]> {
    const rows = await this.#rows(
      `SELECT e.run, e.seq, e.step, e.kind FROM unnest($1::text[], $2::int[]) AS p (run, seq)
       JOIN postern.event e ON e.run = p.run AND e.seq > p.seq ORDER BY e.run, e.seq`,
      [places.map(({ run }) => run), places.map(({ seq }) => seq)],
    )
    return rows.map(headerOf)
  }

  async counts(): Promise<JournalCounts> {
    const rows = await this.#rows(
      `SELECT status, count(*) AS n, min(created) AS oldest FROM postern.run
       WHERE ${isUnfinishedRow} GROUP BY status`,
    )
    return countsOf(rows)
  }

  takeOnce(key: string, taker: OnceTaker): Promise<OnceTaken> {
    return this.#done(async () => takeOnce(await this.#database.pool(), key, taker))
  }

  settleOnce(key: string, taker: OnceTaker, outcome: Stored | undefined): Promise<void> {
    return this.#done(async () => settleOnce(await this.#database.pool(), key, taker, outcome))
  }

  purge(retention: Retention): Promise<number> {
    return this.#done(async () => purge(await this.#database.pool(), retention))
  }

  async check(): Promise<void> {
    await this.#rows("UPDATE postern.meta SET version = version")
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await Promise.allSettled([this.#appends.idle(), this.#creations.idle()])
    for (const owner of this.#owners)
      if (this.#trouble === undefined) await this.release(owner).catch(() => undefined) // leases end by themselves
    this.#isClosed = true
    await this.#database.close()
  }

  #rows(text: string, values: unknown[] = []): Promise<Row[]> {
    return this.#done(async () => {
      const pool = await this.#database.pool()
      return (await pool.query<Row>(text, values.map(storable))).rows
    })
  }

  /** Notes whether the database could be used. */
  async #done<T>(job: () => Promise<T>): Promise<T> {
    if (this.#isClosed) throw new JournalTrouble("the run journal is closed", { kind: "closed" })
    try {
      const result = await job()
      this.#trouble = undefined
      return result
    } catch (cause) {
      const trouble = troubleOf(cause)
      if (trouble === undefined) throw cause
      this.#trouble = trouble
      throw trouble
    }
  }
}
