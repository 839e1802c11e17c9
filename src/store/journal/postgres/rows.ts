import type { StoredEvent } from "../../../compose/run/durable/event.ts"
import type { EventHeader } from "../../../compose/run/durable/journal.ts"
import { parsed, type Row, textOf } from "../rows.ts"

/** The columns of an event but for its run; its data as JSON. */
export type EventRow = readonly [
  seq: number,
  step: string,
  kind: string,
  attempt: number | null,
  data: string,
  t: number,
]

/** When the last of them happened. */
export const lastTime = (events: readonly EventRow[]): number | undefined => events.at(-1)?.[5]

export function eventRow(event: StoredEvent): EventRow {
  const attempt = "attempt" in event ? event.attempt : null
  const { seq, step, kind, data, atMs } = event
  return [seq, step, kind, attempt, JSON.stringify(data), Math.round(atMs)]
}

/** What was written as an event is one: nobody else writes to the journal. */
export function eventOf(row: Row): StoredEvent {
  const attempt = row["attempt"]
  return {
    seq: Number(row["seq"]),
    step: textOf(row, "step"),
    kind: textOf(row, "kind"),
    ...(attempt !== null && { attempt: Number(attempt) }),
    data: parsed(textOf(row, "data")),
    atMs: Number(row["t"]),
  } as StoredEvent
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
