import { hash } from "node:crypto"
import type { DatabaseSync, StatementSync } from "node:sqlite"
import type { Stored } from "../../../compose/run/durable/journal.ts"

/** Longer texts stand apart, so that going through runs and events stays cheap. */
const inlineMax = 64 * 1024

/** What stands in a column for what stands apart. JSON never begins with an `@`. */
export const columnOf = (digest: string): string => `@${digest}`

/** The digest, if what stands in a column stands apart. */
export const digestOf = (column: unknown): readonly string[] =>
  typeof column === "string" && column.startsWith("@") ? [column.slice(1)] : []

/** JSON in columns: short texts as they are, long ones by their digest, each kept once. */
export class Blobs {
  readonly #insert: StatementSync
  readonly #has: StatementSync
  readonly #select: StatementSync

  constructor(db: DatabaseSync) {
    this.#insert = db.prepare("INSERT OR IGNORE INTO blob (digest, bytes) VALUES (?, ?)")
    this.#has = db.prepare("SELECT 1 FROM blob WHERE digest = ?")
    this.#select = db.prepare("SELECT bytes FROM blob WHERE digest = ?")
  }

  /** What stands in the column. */
  put(value: Stored): string {
    return this.putText(JSON.stringify(value))
  }

  putText(text: string): string {
    if (text.length <= inlineMax) return text
    const digest = `sha256:${hash("sha256", text)}`
    this.#write(digest, text)
    return columnOf(digest)
  }

  get(column: string): Stored {
    const [digest] = digestOf(column)
    const text = digest === undefined ? column : this.text(digest)
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

  #write(digest: string, text: string): void {
    this.#insert.run(digest, Buffer.from(text))
  }

  text(digest: string): string | undefined {
    const bytes = this.#select.get(digest)?.["bytes"]
    return bytes instanceof Uint8Array ? Buffer.from(bytes).toString() : undefined
  }
}
