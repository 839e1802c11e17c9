import type { DatabaseSync, StatementSync } from "node:sqlite"
import type { Retention } from "../../../compose/run/durable/journal.ts"

/** As many at a time, so that nobody waits for long. */
const batchMax = 500

const ended = "status IN ('completed', 'compensated', 'failed', 'abandoned') AND updated < ?"

/** Forgets what is over (compositions §10.3). Runs inside a transaction. */
export class SqlitePurge {
  readonly #bury: StatementSync
  readonly #over: StatementSync
  readonly #entries: StatementSync
  readonly #run: StatementSync
  readonly #tombs: StatementSync
  readonly #hasBlobs: StatementSync
  readonly #blobs: StatementSync
  /** Whether a blob may be left that nothing names any more. */
  #isAnyLeft = false

  constructor(db: DatabaseSync) {
    this.#over = db.prepare(`SELECT id FROM run WHERE ${ended} LIMIT ${batchMax}`)
    this.#bury = db.prepare(`INSERT OR REPLACE INTO tomb (key, id, input_digest, status, ended)
      SELECT key, id, input_digest, status, updated FROM run
      WHERE id = ? AND key IS NOT NULL AND updated >= ?`)
    this.#entries = db.prepare("DELETE FROM entry WHERE run = (SELECT place FROM run WHERE id = ?)")
    this.#run = db.prepare("DELETE FROM run WHERE id = ?")
    this.#tombs = db.prepare("DELETE FROM tomb WHERE ended < ?")
    this.#hasBlobs = db.prepare(`SELECT 1 FROM run WHERE id = ?1
      AND (substr(input, 1, 1) = '@' OR substr(result, 1, 1) = '@' OR EXISTS (
        SELECT 1 FROM entry WHERE entry.run = run.place AND substr(events, 1, 1) = '@'))`)
    // Goes through all runs: once, when the last of those that are over is gone, and where there was a large value at all.
    this.#blobs = db.prepare(`DELETE FROM blob WHERE digest NOT IN (
      SELECT plan FROM run
      UNION SELECT substr(input, 2) FROM run WHERE substr(input, 1, 1) = '@'
      UNION SELECT substr(result, 2) FROM run WHERE substr(result, 1, 1) = '@'
      UNION SELECT substr(outcome, 2) FROM once WHERE substr(outcome, 1, 1) = '@'
      UNION SELECT substr(events, 2) FROM entry WHERE substr(events, 1, 1) = '@')`)
  }

  purge({ endedBeforeMs, buriedBeforeMs }: Retention): number {
    this.#tombs.run(Math.round(buriedBeforeMs))
    const over = this.#over.all(Math.round(endedBeforeMs))
    for (const { id } of over) {
      if (typeof id !== "string") continue
      this.#isAnyLeft ||= this.#hasBlobs.get(id) !== undefined
      this.#bury.run(id, Math.round(buriedBeforeMs))
      this.#entries.run(id)
      this.#run.run(id)
    }
    if (this.#isAnyLeft && over.length < batchMax) {
      this.#blobs.run()
      this.#isAnyLeft = false
    }
    return over.length
  }
}
