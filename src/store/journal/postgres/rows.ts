import type { StoredEvent } from "../../../compose/run/durable/event.ts"
import type { EventHeader, Stored } from "../../../compose/run/durable/journal.ts"
import { type Columns, type Row, textOf } from "../rows.ts"

/** JSON as text: PostgreSQL stores long ones apart by itself. */
export const jsonText: Columns = {
  put: (value) => JSON.stringify(value),
  get: (column): Stored => JSON.parse(column),
}

export const headerOf = (row: Row): EventHeader => ({
  run: textOf(row, "run"),
  seq: Number(row["seq"]),
  step: textOf(row, "step"),
  kind: textOf(row, "kind") as StoredEvent["kind"], // nobody else writes to the journal
})

/**
 * A value as a statement may be given it. PostgreSQL's text holds everything but NUL, and refuses a statement with one
 * whole: with what others write by it.
 */
export const storable = <T>(value: T): T | string =>
  typeof value === "string" ? value.replaceAll("\0", "\ufffd") : value

/** Rows as one array for each of their columns: what `unnest` makes rows of. */
export const columnsOf = (rows: readonly (readonly unknown[])[], width: number): unknown[][] =>
  Array.from({ length: width }, (_, column) => rows.map((row) => storable(row[column] ?? null)))
