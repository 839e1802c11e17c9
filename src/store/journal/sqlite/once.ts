import type { DatabaseSync, StatementSync } from "node:sqlite"
import type { OnceTaken, OnceTaker, Stored } from "../../../compose/run/durable/journal.ts"
import { textOf, whole } from "../rows.ts"
import type { Blobs } from "./blobs.ts"

/** What must happen once, by key. Runs inside a transaction. */
export class SqliteOnce {
  readonly #blobs: Blobs
  readonly #select: StatementSync
  readonly #take: StatementSync
  readonly #settle: StatementSync
  readonly #free: StatementSync

  constructor(db: DatabaseSync, blobs: Blobs) {
    this.#blobs = blobs
    this.#select = db.prepare("SELECT run, step, scope, outcome, until FROM once WHERE key = ?")
    this.#take = db.prepare(`INSERT OR REPLACE INTO once (key, run, step, scope, outcome, until)
      VALUES (?, ?, ?, ?, NULL, ?)`)
    this.#settle = db.prepare("UPDATE once SET outcome = ?, until = ?, scope = ? WHERE key = ?")
    this.#free = db.prepare("DELETE FROM once WHERE key = ?")
  }

  take(key: string, { run, step, scope, untilMs, nowMs }: OnceTaker): OnceTaken {
    const row = this.#select.get(key)
    const outcome = row?.["outcome"]
    const isOver = typeof row?.["until"] === "number" && row["until"] <= nowMs
    if (row === undefined || (isOver && outcome !== null)) {
      this.#take.run(key, run, step, scope, whole(untilMs))
      this.#blobs.drop(outcome)
      return { is: "taken" }
    }
    if (outcome !== null)
      return {
        is: "settled",
        scope: textOf(row, "scope"),
        outcome: this.#blobs.get(String(outcome)),
      }
    const isSame = row["run"] === run && row["step"] === step
    return isSame ? { is: "taken" } : { is: "underway", run: textOf(row, "run") }
  }

  settle(key: string, { run, step, scope, untilMs }: OnceTaker, outcome: Stored | undefined): void {
    const row = this.#select.get(key)
    if (row?.["run"] !== run || row["step"] !== step) return
    if (outcome === undefined) this.#free.run(key)
    else this.#settle.run(this.#blobs.put(outcome), whole(untilMs), scope, key)
    this.#blobs.drop(row["outcome"])
  }
}
