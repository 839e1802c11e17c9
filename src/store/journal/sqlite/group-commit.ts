import type { DatabaseSync, StatementSync } from "node:sqlite"
import { JournalTrouble } from "../../../compose/run/durable/journal.ts"
import type { FilePlace } from "./file-place.ts"
import { troubleOf } from "./trouble.ts"

/** What became of something that was asked. */
export type Outcome = { readonly value: unknown } | { readonly error: unknown }

interface Write {
  readonly job: () => unknown
  readonly settle: (outcome: Outcome) => void
}

/**
 * All writes of one turn of the loop in one transaction: one fsync for all of them (compositions §10.3). A write that is
 * refused by itself, by throwing before it has written anything, leaves its neighbours alone; trouble of the file is the
 * trouble of all.
 */
export class GroupCommit {
  readonly #db: DatabaseSync
  readonly #begin: StatementSync
  readonly #commit: StatementSync
  readonly #file: string
  readonly #place: FilePlace
  #queue: Write[] = []
  #trouble: JournalTrouble | undefined

  constructor(db: DatabaseSync, place: FilePlace, file: string) {
    this.#db = db
    this.#begin = db.prepare("BEGIN IMMEDIATE")
    this.#commit = db.prepare("COMMIT")
    this.#file = file
    this.#place = place
  }

  /** Why the last transaction failed; undefined when it did not. */
  get trouble(): JournalTrouble | undefined {
    return this.#trouble
  }

  /** Settled with what the job gives when that is on the disk. */
  write(job: Write["job"], settle: Write["settle"]): void {
    this.#queue.push({ job, settle })
    if (this.#queue.length === 1) setImmediate(() => this.flush())
  }

  /** Reads what is on the disk. */
  read(job: () => unknown): Outcome {
    try {
      return { value: job() }
    } catch (cause) {
      return { error: this.#noted(cause) }
    }
  }

  /** Writes what waits for it, now. */
  flush(): void {
    const queue = this.#queue
    if (queue.length === 0) return
    this.#queue = []
    for (const { settle, outcome } of this.#written(queue)) settle(outcome)
  }

  #written(queue: readonly Write[]) {
    try {
      this.#place.check()
      this.#begin.run()
      const written = queue.map(({ job, settle }) => ({ settle, outcome: this.#outcomeOf(job) }))
      this.#commit.run()
      this.#trouble = undefined
      return written
    } catch (cause) {
      const outcome = { error: this.#noted(cause) }
      this.#rollBack()
      return queue.map(({ settle }) => ({ settle, outcome }))
    }
  }

  #outcomeOf(job: Write["job"]): Outcome {
    try {
      return { value: job() }
    } catch (error) {
      if (troubleOf(this.#file, error) !== undefined) throw error
      return { error }
    }
  }

  #noted(cause: unknown): unknown {
    const trouble = cause instanceof JournalTrouble ? cause : troubleOf(this.#file, cause)
    if (trouble === undefined) return cause
    this.#trouble = trouble
    return trouble
  }

  #rollBack(): void {
    try {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK")
    } catch (cause) {
      this.#noted(cause) // SQLite has rolled back by itself
    }
  }
}
