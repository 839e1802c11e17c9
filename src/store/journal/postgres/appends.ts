import type { Pool } from "pg"
import type { Lease } from "../../../compose/run/durable/journal.ts"
import type { RunChange } from "../../../compose/run/durable/record.ts"
import { whole } from "../rows.ts"
import { columnsOf, type EventRow, lastTime } from "./rows.ts"

/** What is appended to one run, in the form in which it is written. */
export interface Append {
  readonly lease: Lease
  readonly events: readonly EventRow[]
  readonly change: RunChange | undefined
}

/**
 * One statement for any number of appends. Every run is locked for as long as its epoch is that of the writer, so nobody
 * takes it over in between (§10.3, the fenced append); what belongs to others is left out and not told as written.
 */
const statement = `
  WITH given AS (SELECT * FROM unnest($1::int[], $2::text[], $3::int[]) AS g (i, run, epoch)),
  owned AS (
    SELECT given.i, run.id FROM postern.run AS run JOIN given ON run.id = given.run AND run.epoch = given.epoch
    ORDER BY run.id FOR UPDATE OF run),
  written AS (
    INSERT INTO postern.event (run, seq, step, kind, attempt, data, t)
    SELECT owned.id, e.seq, e.step, e.kind, e.attempt, e.data, e.t
    FROM unnest($4::int[], $5::int[], $6::text[], $7::text[], $8::int[], $9::text[], $10::bigint[])
      AS e (i, seq, step, kind, attempt, data, t) JOIN owned ON owned.i = e.i
    ON CONFLICT DO NOTHING),
  changed AS (
    UPDATE postern.run AS run SET
      status = coalesce(c.status, run.status),
      reason = CASE WHEN c.sets_reason THEN c.reason ELSE run.reason END,
      deadline = CASE WHEN c.sets_deadline THEN c.deadline ELSE run.deadline END,
      result = coalesce(c.result, run.result),
      recoveries = coalesce(c.recoveries, run.recoveries),
      updated = coalesce(c.updated, run.updated)
    FROM unnest($11::int[], $12::text[], $13::bool[], $14::text[], $15::bool[], $16::bigint[], $17::text[],
      $18::int[], $19::bigint[])
      AS c (i, status, sets_reason, reason, sets_deadline, deadline, result, recoveries, updated)
      JOIN owned ON owned.i = c.i
    WHERE run.id = owned.id)
  SELECT i FROM owned`

/** For each append, whether it was written; false: the run has another owner. */
export async function writeAppends(pool: Pool, appends: readonly Append[]): Promise<boolean[]> {
  const merged = new Map<string, Append>()
  for (const append of appends) merge(merged, append)
  const rows = [...merged.values()]
  const places = [...merged.keys()]
  const events = rows.flatMap((row, i) => row.events.map((event) => [i, ...event]))
  const changes = rows.flatMap((row, i) =>
    row.change ? [[i, ...changeValues(row.change, row)]] : [],
  )
  const values = [
    ...columnsOf(
      rows.map(({ lease }, i) => [i, lease.id, lease.epoch]),
      3,
    ),
    ...columnsOf(events, 7),
    ...columnsOf(changes, 9),
  ]
  const found = await pool.query<{ i: number }>({ name: "append", text: statement, values })
  const written = new Set(found.rows.map(({ i }) => places[i]))
  return appends.map(({ lease }) => written.has(placeOf(lease)))
}

const placeOf = ({ id, epoch }: Lease): string => `${epoch} ${id}`

/** Several appends to one run under one epoch are one: a statement changes a row once. */
function merge(merged: Map<string, Append>, { lease, events, change }: Append): void {
  const before = merged.get(placeOf(lease))
  merged.set(placeOf(lease), {
    lease,
    events: [...(before?.events ?? []), ...events],
    change: before?.change && change ? { ...before.change, ...change } : (change ?? before?.change),
  })
}

function changeValues(change: RunChange, { events }: Append): unknown[] {
  const { status, reason, deadlineMs, result, recoveries } = change
  return [
    status ?? null,
    reason !== undefined,
    reason ?? null,
    deadlineMs !== undefined,
    whole(deadlineMs ?? undefined),
    result === undefined ? null : JSON.stringify(result),
    recoveries ?? null,
    lastTime(events) ?? null,
  ]
}
