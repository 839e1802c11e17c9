import type { JournalCounts, Stored } from "../../compose/run/durable/journal.ts"
import type { RunRecord, Tombstone } from "../../compose/run/durable/record.ts"
import { type RunStatus, runStatuses } from "../../compose/run/durable/status.ts"

/** As a database gives it; large integers may come as text. */
export type Row = Readonly<Record<string, unknown>>
export type Value = string | number | null

/** What the text in a column for JSON stands for. */
export type Read = (column: string) => Stored

export const parsed: Read = (column) => JSON.parse(column)

/** The columns of a run, in the order in which `runValues` gives them. */
export const runColumns =
  "id, key, tool, version, plan, registry, principal, input, input_digest, status, reason, owner, " +
  "epoch, lease_until, recoveries, deadline, result, trace, created, updated"

export const runValues = (record: RunRecord): readonly Value[] => [
  record.id,
  record.key ?? null,
  record.tool,
  record.version ?? null,
  record.plan,
  record.registry,
  JSON.stringify(record.principal),
  JSON.stringify(record.input),
  record.inputDigest,
  record.status,
  record.reason ?? null,
  record.owner ?? null,
  record.epoch,
  whole(record.leaseUntilMs),
  record.recoveries,
  whole(record.deadlineMs),
  record.result === undefined ? null : JSON.stringify(record.result),
  record.trace ?? null,
  whole(record.createdMs),
  whole(record.updatedMs),
]

/** Times have fractions, and columns have none. */
export const whole = (ms: number | undefined): number | null =>
  ms === undefined ? null : Math.round(ms)

export function recordOf(row: Row, read = parsed): RunRecord {
  const result = optional(row, "result", (text) => read(String(text)))
  return {
    id: textOf(row, "id"),
    ...optionalText(row, "key", "key"),
    tool: textOf(row, "tool"),
    ...optionalText(row, "version", "version"),
    plan: textOf(row, "plan"),
    registry: textOf(row, "registry"),
    principal: objectOf(JSON.parse(textOf(row, "principal"))),
    input: read(textOf(row, "input")),
    inputDigest: textOf(row, "input_digest"),
    status: statusOf(row),
    ...optionalText(row, "reason", "reason"),
    ...optionalText(row, "owner", "owner"),
    epoch: Number(row["epoch"]),
    ...optionalNumber(row, "lease_until", "leaseUntilMs"),
    recoveries: Number(row["recoveries"]),
    ...optionalNumber(row, "deadline", "deadlineMs"),
    ...(result !== undefined && { result: objectOf(result) }),
    ...optionalText(row, "trace", "trace"),
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

export const textOf = (row: Row, column: string): string => String(row[column])

function statusOf(row: Row): RunStatus {
  const found = runStatuses.find((status) => status === row["status"])
  if (found === undefined) throw new Error(`the run journal has a status ${row["status"]}`)
  return found
}

/** Of rows with a status, how many have it (`n`), and when the oldest of them began. */
export function countsOf(rows: readonly Row[]): JournalCounts {
  const byStatus: { [status in RunStatus]?: number } = {}
  for (const row of rows) byStatus[statusOf(row)] = Number(row["n"])
  const began = rows.map(({ oldest }) => Number(oldest))
  return { byStatus, oldestOpenMs: began.length === 0 ? undefined : Math.min(...began) }
}

function objectOf(value: unknown): RunRecord["principal"] {
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new Error("the run journal has no object where one was written")
  return value as RunRecord["principal"] // it was written as JSON
}

function optional<T>(row: Row, column: string, read: (value: unknown) => T): T | undefined {
  const value = row[column]
  return value === null || value === undefined ? undefined : read(value)
}

function optionalText<N extends string>(row: Row, column: string, name: N) {
  const text = optional(row, column, String)
  return text === undefined ? {} : ({ [name]: text } as { [name in N]: string })
}

function optionalNumber<N extends string>(row: Row, column: string, name: N) {
  const number = optional(row, column, Number)
  return number === undefined ? {} : ({ [name]: number } as { [name in N]: number })
}
