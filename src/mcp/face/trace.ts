import type { JsonObject } from "../../schema/json.ts"
import { header, type RequestHeaders } from "./headers.ts"

/** W3C Trace Context: version, trace id, parent id, flags. */
const traceparent = /^[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/

/** `_meta` with the trace that only headers name; what is in `_meta` already stays. */
export function withTrace(
  meta: JsonObject | undefined,
  headers: RequestHeaders,
): JsonObject | undefined {
  const parent = header(headers, "traceparent")
  if (parent === undefined || meta?.["traceparent"] !== undefined) return meta
  if (!traceparent.test(parent)) return meta
  const along = (["tracestate", "baggage"] as const).flatMap((name) => {
    const value = header(headers, name)
    return value === undefined ? [] : [[name, value] as const]
  })
  return { ...Object.fromEntries(along), ...meta, traceparent: parent }
}

/** The trace a request belongs to: `_meta` says it before the header does, as it survives more hops. */
export function traceOf(meta: JsonObject | undefined, headers: RequestHeaders): string | undefined {
  const said = meta?.["traceparent"] ?? header(headers, "traceparent")
  return typeof said === "string" ? traceparent.exec(said)?.[1] : undefined
}
