import type { Pool } from "pg"
import type { Creation, Owner, Stored, Writing } from "../../../compose/run/durable/journal.ts"
import type { NewRun, RunRecord, Tombstone } from "../../../compose/run/durable/record.ts"
import { begunRecord } from "../records.ts"
import { type Row, recordOf, runColumns, runValues, tombstoneOf } from "../rows.ts"
import { columnsOf, type EventRow, eventRow, storable } from "./rows.ts"

export interface NewRow {
  readonly id: string
  readonly key: string | undefined
  readonly plan: string
  readonly planText: string
  readonly values: readonly unknown[]
  readonly events: readonly EventRow[]
}

/** In the form in which it is written. */
export function newRow(
  run: NewRun,
  plan: Stored,
  owner: Owner,
  first: Writing | undefined,
): NewRow {
  const values = runValues(begunRecord(run, owner, first))
  const events = (first?.events ?? []).map(eventRow)
  return {
    id: run.id,
    key: run.key,
    plan: run.plan,
    planText: JSON.stringify(plan),
    values,
    events,
  }
}

const types =
  "$3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], " +
  "$11::text[], $12::text[], $13::text[], $14::text[], $15::int[], $16::bigint[], $17::int[], " +
  "$18::bigint[], $19::text[], $20::text[], $21::bigint[], $22::bigint[]"

/** In the order of what is unique: two gateways that begin the same at once wait for each other one way only. */
const statement = `
  WITH plans AS (
    INSERT INTO postern.plan (digest, plan) SELECT * FROM unnest($1::text[], $2::text[]) ORDER BY 1
    ON CONFLICT DO NOTHING),
  begun AS (
    INSERT INTO postern.run (${runColumns})
    SELECT r.* FROM unnest(${types}) AS r (${runColumns})
    WHERE NOT EXISTS (SELECT 1 FROM postern.tomb AS tomb WHERE tomb.key = r.key) ORDER BY r.key
    ON CONFLICT DO NOTHING RETURNING id),
  events AS (
    INSERT INTO postern.event (run, seq, step, kind, attempt, data, t)
    SELECT e.* FROM unnest($23::text[], $24::int[], $25::text[], $26::text[], $27::int[], $28::text[], $29::bigint[])
      AS e (run, seq, step, kind, attempt, data, t) JOIN begun ON begun.id = e.run)
  SELECT id FROM begun`

/** Begins runs; of those whose key is taken, says by whom. */
export async function writeRuns(pool: Pool, rows: readonly NewRow[]): Promise<Creation[]> {
  const plans = new Map(rows.map(({ plan, planText }) => [plan, planText]))
  const values = [
    ...columnsOf([...plans], 2),
    ...columnsOf(
      rows.map((row) => row.values),
      20,
    ),
    ...columnsOf(
      rows.flatMap(({ id, events }) => events.map((event) => [id, ...event])),
      7,
    ),
  ]
  const inserted = await pool.query<{ id: string }>({ name: "create", text: statement, values })
  const begun = new Set(inserted.rows.map(({ id }) => id))
  return Promise.all(
    rows.map(async ({ id, key }): Promise<Creation> => {
      if (begun.has(id)) return { isNew: true, lease: { id, epoch: 1 } }
      const run = await findRun(pool, key ?? "")
      if (run === undefined) throw new Error(`run ${id} was not written, and nobody has its key`)
      // It was written before, and the answer was lost with the connection.
      return run.id === id ? { isNew: true, lease: { id, epoch: 1 } } : { isNew: false, run }
    }),
  )
}

export async function findRun(pool: Pool, key: string): Promise<RunRecord | Tombstone | undefined> {
  const values = [storable(key)]
  const runs = await pool.query<Row>("SELECT * FROM postern.run WHERE key = $1", values)
  const [run] = runs.rows
  if (run !== undefined) return recordOf(run)
  const tombs = await pool.query<Row>("SELECT * FROM postern.tomb WHERE key = $1", values)
  const [tomb] = tombs.rows
  return tomb && tombstoneOf(tomb)
}
