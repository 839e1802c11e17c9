import type { StoredEvent } from "../../../compose/run/durable/event.ts"
import type { RunRecord, Tombstone } from "../../../compose/run/durable/record.ts"
import { type RunStatus, runStatuses } from "../../../compose/run/durable/status.ts"

/** `bigint` comes as text: the times in it are exact as numbers. */
export type Row = Readonly<Record<string, string | number | null>>

/** Times have fractions, and columns have none. */
export const whole = (ms: number | undefined): number | null =>
  ms === undefined ? null : Math.round(ms)

/** PostgreSQL's text holds everything but NUL. */
export const plainText = (text: string | undefined): string | null =>
  text === undefined ? null : text.replaceAll("\0", "\ufffd")

/** Rows as one array for each of their columns: what `unnest` makes rows of. */
export const columnsOf = (rows: readonly (readonly unknown[])[], width: number): unknown[][] =>
  Array.from({ length: width }, (_, column) => rows.map((row) => row[column] ?? null))

export function recordOf(row: Row): RunRecord {
  const { key, version, reason, owner, trace, lease_until, deadline, result } = row
  return {
    id: textOf(row, "id"),
    ...(key !== null && { key: String(key) }),
    tool: textOf(row, "tool"),
    ...(version !== null && { version: String(version) }),
    plan: textOf(row, "plan"),
    registry: textOf(row, "registry"),
    principal: JSON.parse(textOf(row, "principal")),
    input: JSON.parse(textOf(row, "input")),
    inputDigest: textOf(row, "input_digest"),
    status: statusOf(row),
    ...(reason !== null && { reason: String(reason) }),
    ...(owner !== null && { owner: String(owner) }),
    epoch: Number(row["epoch"]),
    ...(lease_until !== null && { leaseUntilMs: Number(lease_until) }),
    recoveries: Number(row["recoveries"]),
    ...(deadline !== null && { deadlineMs: Number(deadline) }),
    ...(result !== null && { result: JSON.parse(String(result)) }),
    ...(trace !== null && { trace: String(trace) }),
    createdMs: Number(row["created"]),
    updatedMs: Number(row["updated"]),
  }
}

export const tombstoneOf = (row: Row): Tombstone => ({
  id: textOf(row, "id"),
  key: textOf(row, "key"),
  inputDigest: textOf(row, "input_digest"),
  status: statusOf(row),
})

/** What was written as an event is one: nobody else writes to these tables. */
export function eventOf(row: Row): StoredEvent {
  const attempt = row["attempt"]
  return {
    seq: Number(row["seq"]),
    step: textOf(row, "step"),
    kind: textOf(row, "kind"),
    ...(attempt !== null && { attempt: Number(attempt) }),
    data: JSON.parse(textOf(row, "data")),
    atMs: Number(row["t"]),
  } as StoredEvent
}

export const textOf = (row: Row, column: string): string => String(row[column])

export function statusOf(row: Row): RunStatus {
  const found = runStatuses.find((status) => status === row["status"])
  if (found === undefined) throw new Error(`the run journal has a status ${row["status"]}`)
  return found
}
