import type { DatabaseSync, StatementSync } from "node:sqlite"
import { JournalTrouble } from "../../../compose/run/durable/journal.ts"
import type { FilePlace } from "./file-place.ts"
import { troubleOf } from "./trouble.ts"

interface Queued {
  readonly job: () => void
  readonly settle: () => void
  readonly reject: (error: unknown) => void
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
  #queue: Queued[] = []
  #trouble: JournalTrouble | undefined
  #isClosed = false

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

  /** Resolves with what the job gives when it is on the disk. */
  write<T>(job: () => T): Promise<T> {
    if (this.#isClosed)
      return Promise.reject(new JournalTrouble("the run journal is closed", { kind: "closed" }))
    return new Promise((resolve, reject) => {
      let result: { readonly value: T } | undefined
      this.#queue.push({
        job: () => {
          result = { value: job() }
        },
        settle: () => {
          if (result !== undefined) resolve(result.value)
        },
        reject,
      })
      if (this.#queue.length === 1) setImmediate(() => this.#flush())
    })
  }

  /** Reads what is on the disk. */
  read<T>(job: () => T): T {
    if (this.#isClosed) throw new JournalTrouble("the run journal is closed", { kind: "closed" })
    try {
      return job()
    } catch (cause) {
      throw this.#noted(cause)
    }
  }

  /** What is queued is written first. */
  close(): void {
    if (this.#isClosed) return
    this.#flush()
    this.#isClosed = true
  }

  #flush(): void {
    const queue = this.#queue
    this.#queue = []
    if (queue.length === 0) return
    let written: readonly Queued[]
    try {
      this.#place.check()
      this.#begin.run()
      written = queue.filter((queued) => this.#did(queued))
      this.#commit.run()
    } catch (cause) {
      const error = this.#noted(cause)
      this.#rollBack()
      for (const { reject } of queue) reject(error)
      return
    }
    this.#trouble = undefined
    for (const { settle } of written) settle()
  }

  /** False where the job refused itself. */
  #did({ job, reject }: Queued): boolean {
    try {
      job()
      return true
    } catch (error) {
      if (troubleOf(this.#file, error) !== undefined) throw error
      reject(error)
      return false
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
