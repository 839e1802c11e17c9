import type { DatabaseSync } from "node:sqlite"
import type { Retention } from "../../../compose/run/durable/journal.ts"
import { type Row, textOf } from "../rows.ts"
import { type Blobs, isApart } from "./blobs.ts"
import { type Prepared, prepareAll } from "./statements.ts"

/** As many at a time, so that nobody waits for long. */
const batchMax = 500

/** What has ended was begun before: the index by status and beginning finds it. */
const ended =
  "status IN ('completed', 'compensated', 'failed', 'abandoned') AND created < ?1 AND updated < ?1"

const texts = {
  expire: "DELETE FROM once WHERE outcome IS NOT NULL AND until <= ? RETURNING outcome",
  tombs: "DELETE FROM tomb WHERE ended < ?",
  over: `SELECT place, plan, input, result FROM run WHERE ${ended} LIMIT ${batchMax}`,
  bury: `INSERT OR REPLACE INTO tomb (key, id, input_digest, status, ended)
    SELECT key, id, input_digest, status, updated FROM run
    WHERE place = ? AND key IS NOT NULL AND updated >= ?`,
  entries: "DELETE FROM entry WHERE run = ? RETURNING events",
  run: "DELETE FROM run WHERE place = ?",
}

/** Forgets what is over (compositions §10.3). Runs inside a transaction, and looks at nothing that stays. */
export class SqlitePurge {
  readonly #blobs: Blobs
  readonly #statements: Prepared<typeof texts>

  constructor(db: DatabaseSync, blobs: Blobs) {
    this.#blobs = blobs
    this.#statements = prepareAll(db, texts)
  }

  /** How many runs were forgotten. */
  purge({ endedBeforeMs, buriedBeforeMs }: Retention): number {
    const { expire, tombs, over } = this.#statements
    const [before, buried] = [Math.round(endedBeforeMs), Math.round(buriedBeforeMs)]
    tombs.run(buried)
    const rows = over.all(before)
    const apart = new Set(
      expire
        .all(before)
        .map(({ outcome }) => outcome)
        .filter(isApart),
    )
    for (const row of rows) for (const column of this.#forget(row, buried)) apart.add(column)
    for (const column of apart) this.#blobs.drop(column)
    for (const plan of new Set(rows.map((row) => textOf(row, "plan")))) this.#blobs.dropPlan(plan)
    return rows.length
  }

  /** Gives the columns of what the run had apart. */
  #forget(row: Row, buried: number): readonly string[] {
    const place = Number(row["place"])
    const { bury, entries, run } = this.#statements
    bury.run(place, buried)
    const columns = entries.all(place).map(({ events }) => events)
    run.run(place)
    return [row["input"], row["result"], ...columns].filter(isApart)
  }
}
