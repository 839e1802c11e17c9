import type { Pool } from "pg"
import type { Retention } from "../../../compose/run/durable/journal.ts"

/** Runs that are forgotten at a time, so that nobody waits for long. */
const batchMax = 500

/** What has ended was begun before: the index by status and beginning finds it. */
const ended =
  "status IN ('completed', 'compensated', 'failed', 'abandoned') AND created < $1 AND updated < $1"

/**
 * Forgets what is over (compositions §10.3). The tombstone that holds the key is written before the run is deleted, so
 * that the key is free at no time. Plans stay: there are as many as versions of compositions that ever ran.
 */
export async function purge(
  pool: Pool,
  { endedBeforeMs, buriedBeforeMs }: Retention,
): Promise<number> {
  const [before, buried] = [Math.round(endedBeforeMs), Math.round(buriedBeforeMs)]
  await pool.query("DELETE FROM postern.tomb WHERE ended < $1", [buried])
  await pool.query("DELETE FROM postern.once WHERE outcome IS NOT NULL AND until <= $1", [before])
  const over = await pool.query<{ id: string }>(
    `SELECT id FROM postern.run WHERE ${ended} LIMIT ${batchMax}`,
    [before],
  )
  const ids = over.rows.map(({ id }) => id)
  if (ids.length === 0) return 0
  await pool.query(
    `INSERT INTO postern.tomb (key, id, input_digest, status, ended)
     SELECT key, id, input_digest, status, updated FROM postern.run
     WHERE id = ANY($1) AND key IS NOT NULL AND updated >= $2 ON CONFLICT DO NOTHING`,
    [ids, buried],
  )
  await pool.query(
    `WITH gone AS (DELETE FROM postern.run WHERE id = ANY($1))
     DELETE FROM postern.event WHERE run = ANY($1)`,
    [ids],
  )
  return ids.length
}
