import { isObject, type JsonObject, member } from "../../schema/json.ts"
import { type Given, type Io, UsageError } from "../command.ts"

/** RFC 3339, or a date alone; never a time without its zone, which would mean another moment on another machine. */
const written = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2}))?$/

/**
 * When the SBOM says it was made, in UTC seconds: `--timestamp`, else `SOURCE_DATE_EPOCH`
 * (https://reproducible-builds.org/specs/source-date-epoch/), else the document's `metadata.updated`, else now.
 */
export function timestampOf(given: Given, io: Io, metadata: JsonObject | undefined): string {
  const flag = given.text("timestamp")
  if (flag !== undefined)
    return (
      parsed(flag) ??
      wrong(`--timestamp: ${JSON.stringify(flag)}`, "a time such as 2026-11-21T00:00:00Z")
    )
  const epoch = io.env["SOURCE_DATE_EPOCH"]
  if (epoch !== undefined && epoch !== "")
    return sinceEpoch(epoch) ?? wrong("SOURCE_DATE_EPOCH", "a number of seconds since 1970")
  const updated = isObject(metadata) ? member(metadata, "updated") : undefined
  return (typeof updated === "string" ? parsed(updated) : undefined) ?? printed(Date.now()) ?? ""
}

function wrong(what: string, expected: string): never {
  throw new UsageError(`${what} is not ${expected}`)
}

const parsed = (text: string) => (written.test(text) ? printed(Date.parse(text)) : undefined)
const sinceEpoch = (text: string) =>
  /^\d{1,12}$/.test(text) ? printed(Number(text) * 1000) : undefined

/** Undefined for what is no time, or in a year that has not four digits. */
function printed(ms: number): string | undefined {
  if (Number.isNaN(new Date(ms).getTime())) return
  const text = new Date(ms).toISOString()
  return /^\d{4}-/.test(text) ? `${text.slice(0, 19)}Z` : undefined
}
