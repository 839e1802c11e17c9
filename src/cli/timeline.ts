import { isList, isObject, type Json, type JsonObject, member } from "../schema/json.ts"

/** Characters of a bar that stands for the whole run. */
const barWidth = 30

interface Row {
  readonly id: string
  readonly startMs: number | undefined
  readonly ms: number
  readonly status: string
  readonly notes: readonly string[]
}

/**
 * How a call went in time, a line each: what began when, how long it took, and how it ended. Of a composition each step, by
 * what the gateway says of its run; of any other tool the call itself.
 */
export function timelineLines(tool: string, result: JsonObject, tookMs: number): readonly string[] {
  const meta = member(result, "_meta")
  const run = isObject(meta) ? member(meta, "dev.postern/run") : undefined
  const steps = isObject(run) ? member(run, "steps") : undefined
  if (!isObject(run) || !isList(steps)) {
    const status = result["isError"] === true ? "failed" : "ok"
    return drawn([{ id: tool, startMs: 0, ms: tookMs, status, notes: [] }])
  }
  const rows = steps.filter(isObject).map(rowOf)
  const head = `${tool}: ${run["status"]}, answered in ${inMs(tookMs)} (run ${run["id"]})`
  const more = member(run, "more")
  return [head, ...drawn(rows), ...(more === undefined ? [] : [`  … and ${more} more`])]
}

function rowOf(step: JsonObject): Row {
  const { id, startMs, ms, status, attempts, items, error } = step
  const count = numberOf(attempts) ?? 0
  const notes = [
    count > 1 ? `${count} attempts` : undefined,
    isObject(items) ? itemWords(items) : undefined,
    isObject(error) ? `${error["class"]}: ${error["code"]}` : undefined,
    step["unknownOutcome"] === true ? "its outcome is unknown" : undefined,
  ].filter((note) => note !== undefined)
  return {
    id: String(id),
    startMs: numberOf(startMs),
    ms: numberOf(ms) ?? 0,
    status: String(status).replaceAll("_", " "),
    notes,
  }
}

const itemWords = (items: JsonObject): string =>
  `items: ${Object.entries(items)
    .map(([name, count]) => `${count} ${name}`)
    .join(", ")}`

function drawn(rows: readonly Row[]): readonly string[] {
  const endMs = Math.max(0.1, ...rows.map(({ startMs = 0, ms }) => startMs + ms))
  const width = (text: (row: Row) => string) => Math.max(...rows.map((row) => text(row).length))
  const [ids, starts] = [width(({ id }) => id), width(startWords)]
  const [lengths, statuses] = [width(({ ms }) => inMs(ms)), width(({ status }) => status)]
  // Of a durable run only the journal knows when its steps began.
  const isTimed = starts > 0
  return rows.map((row) => {
    const place = isTimed ? `${startWords(row).padStart(starts)}  ${barOf(row, endMs)}  ` : ""
    const times = `${place}${inMs(row.ms).padStart(lengths)}`
    const end = [row.status.padEnd(statuses), ...row.notes].join("  ")
    return `  ${row.id.padEnd(ids)}  ${times}  ${end}`.trimEnd()
  })
}

const startWords = ({ startMs }: Row): string => (startMs === undefined ? "" : `+${inMs(startMs)}`)

/** A step that took no time to speak of is seen, too; one that never began is not. */
function barOf({ startMs, ms }: Row, endMs: number): string {
  if (startMs === undefined) return `│${" ".repeat(barWidth)}│`
  const from = Math.min(barWidth - 1, Math.floor((startMs / endMs) * barWidth))
  const length = Math.max(1, Math.min(barWidth - from, Math.round((ms / endMs) * barWidth)))
  return `│${" ".repeat(from)}${"█".repeat(length)}${" ".repeat(barWidth - from - length)}│`
}

const inMs = (ms: number): string => `${ms < 100 ? ms.toFixed(1) : Math.round(ms)} ms`

const numberOf = (value: Json | undefined): number | undefined =>
  typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : undefined
