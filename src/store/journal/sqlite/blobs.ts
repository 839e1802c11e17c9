import { hash } from "node:crypto"
import type { DatabaseSync, StatementSync } from "node:sqlite"
import type { Stored } from "../../../compose/run/durable/journal.ts"

/** Longer texts stand apart, so that going through runs and events stays cheap. */
const inlineMax = 64 * 1024

/** What stands in a column for what stands apart. JSON never begins with an `@`. */
const columnOf = (digest: string): string => `@${digest}`

/** Whether what the column stands for stands apart. */
export const isApart = (column: unknown): column is string =>
  typeof column === "string" && column.startsWith("@")

const digestOf = (column: string): string => column.slice(1)

/** A plan that is still followed is one of the last that were: it is found at once, as no index has it. */
const followed = "SELECT place FROM run WHERE plan = ? ORDER BY place DESC LIMIT 1"

/** By the indexes of columns that begin with an `@`. */
const referred = [
  ["run", "input"],
  ["run", "result"],
  ["once", "outcome"],
  ["entry", "events"],
]
  .map(
    ([table, name]) => `SELECT 1 FROM ${table} WHERE ${name} = ?1 AND substr(${name}, 1, 1) = '@'`,
  )
  .join(" UNION ALL ")

/**
 * JSON in columns: short texts as they are, long ones by their digest, each kept once. Plans stand under digests of their own,
 * which no value can have.
 */
export class Blobs {
  readonly #insert: StatementSync
  readonly #has: StatementSync
  readonly #select: StatementSync
  readonly #followed: StatementSync
  readonly #referred: StatementSync
  readonly #delete: StatementSync

  constructor(db: DatabaseSync) {
    this.#insert = db.prepare("INSERT OR IGNORE INTO blob (digest, bytes) VALUES (?, ?)")
    this.#has = db.prepare("SELECT 1 FROM blob WHERE digest = ?")
    this.#select = db.prepare("SELECT bytes FROM blob WHERE digest = ?")
    this.#followed = db.prepare(followed)
    this.#referred = db.prepare(referred)
    this.#delete = db.prepare("DELETE FROM blob WHERE digest = ?")
  }

  /** What stands in the column. */
  put(value: Stored): string {
    return this.putText(JSON.stringify(value))
  }

  putText(text: string): string {
    if (text.length <= inlineMax) return text
    const digest = hash("sha256", text)
    this.#write(digest, text)
    return columnOf(digest)
  }

  get(column: string): Stored {
    const text = isApart(column) ? this.text(digestOf(column)) : column
    if (text === undefined) throw new Error(`the run journal has lost the value ${column}`)
    return JSON.parse(text) as Stored // it was written as JSON
  }

  has(digest: string): boolean {
    return this.#has.get(digest) !== undefined
  }

  /** Under the digest that it has already. */
  keep(digest: string, value: Stored): void {
    this.#write(digest, JSON.stringify(value))
  }

  /** What stood apart in the column, unless another one has it. */
  drop(column: unknown): void {
    if (isApart(column) && this.#referred.get(column) === undefined)
      this.#delete.run(digestOf(column))
  }

  /** Unless a run follows it. */
  dropPlan(digest: string): void {
    if (this.#followed.get(digest) === undefined) this.#delete.run(digest)
  }

  #write(digest: string, text: string): void {
    this.#insert.run(digest, Buffer.from(text))
  }

  text(digest: string): string | undefined {
    const bytes = this.#select.get(digest)?.["bytes"]
    return bytes instanceof Uint8Array ? Buffer.from(bytes).toString() : undefined
  }
}
