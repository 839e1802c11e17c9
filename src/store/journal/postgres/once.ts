import type { Pool } from "pg"
import type { OnceTaken, OnceTaker, Stored } from "../../../compose/run/durable/journal.ts"
import { type Row, textOf, whole } from "../rows.ts"
import { storable } from "./rows.ts"

/** Takes the key where it is free, its time is over, or it is this taker's own already; else says who has it. */
const take = `
  WITH took AS (
    INSERT INTO postern.once AS o (key, run, step, scope) VALUES ($1, $2, $3, $4)
    ON CONFLICT (key) DO UPDATE SET run = $2, step = $3, scope = $4, outcome = NULL, until = NULL
      WHERE (o.outcome IS NOT NULL AND o.until <= $5) OR (o.outcome IS NULL AND o.run = $2 AND o.step = $3)
    RETURNING key)
  SELECT true AS took, NULL AS run, NULL AS scope, NULL AS outcome FROM took
  UNION ALL
  SELECT false, run, scope, outcome FROM postern.once WHERE key = $1 AND NOT EXISTS (SELECT 1 FROM took)`

export async function takeOnce(pool: Pool, key: string, taker: OnceTaker): Promise<OnceTaken> {
  const { run, step, scope, nowMs } = taker
  const values = [key, run, step, scope, whole(nowMs)].map(storable)
  const { rows } = await pool.query<Row & { took: boolean }>({ name: "once", text: take, values })
  const [row] = rows
  // Another one took it and gave it back, or took it, while this statement ran: it is asked again.
  if (row === undefined) return takeOnce(pool, key, taker)
  if (row.took) return { is: "taken" }
  const outcome = row["outcome"]
  if (outcome === null) return { is: "underway", run: textOf(row, "run") }
  return { is: "settled", scope: textOf(row, "scope"), outcome: JSON.parse(String(outcome)) }
}

export async function settleOnce(
  pool: Pool,
  key: string,
  { run, step, scope, untilMs }: OnceTaker,
  outcome: Stored | undefined,
): Promise<void> {
  const mine = "key = $1 AND run = $2 AND step = $3"
  const own = [key, run, step].map(storable)
  if (outcome === undefined) {
    await pool.query(`DELETE FROM postern.once WHERE ${mine}`, own)
    return
  }
  await pool.query(`UPDATE postern.once SET outcome = $4, until = $5, scope = $6 WHERE ${mine}`, [
    ...own,
    JSON.stringify(outcome),
    whole(untilMs),
    storable(scope),
  ])
}
