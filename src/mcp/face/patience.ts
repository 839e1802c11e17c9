import { isObject, type Json } from "../../schema/json.ts"
import { header, type RequestHeaders } from "./headers.ts"

/** For clients that write `_meta`. MCP itself has no word for how long a client waits. */
const key = "dev.postern/timeoutMs"
/** For those that write headers. */
const patienceHeader = "x-request-timeout-ms"

/**
 * Milliseconds that a caller says it waits, the smaller where it says two; a string where what it says is no such
 * number.
 */
export function patienceOf(
  meta: Json | undefined,
  headers: RequestHeaders,
): number | undefined | string {
  const written = header(headers, patienceHeader)
  if (written !== undefined && !/^\d{1,9}$/.test(written)) return `${patienceHeader}: ${expected}`
  const said = isObject(meta) ? meta[key] : undefined
  if (said !== undefined && !isPatience(said)) return `_meta["${key}"]: ${expected}`
  if (written === undefined) return said
  const ms = Math.max(1, Number(written))
  return said === undefined ? ms : Math.min(said, ms)
}

const isPatience = (value: unknown): value is number =>
  Number.isInteger(value) && Number(value) >= 1 && Number(value) <= 999_999_999

const expected = "expected whole milliseconds"
