import { readTraceparent, type TraceContext } from "../../call/trace/context.ts"
import type { TracedMessage } from "../../call/trace/message.ts"
import type { JsonObject } from "../../schema/json.ts"
import type { PostedRequest } from "./context.ts"
import { header, type RequestHeaders } from "./headers.ts"

/** `_meta` with the trace that only headers name; what is in `_meta` already stays. */
export function withTrace(
  meta: JsonObject | undefined,
  headers: RequestHeaders,
): JsonObject | undefined {
  const parent = header(headers, "traceparent")
  if (parent === undefined || meta?.["traceparent"] !== undefined) return meta
  if (readTraceparent(parent) === undefined) return meta
  const along = (["tracestate", "baggage"] as const).flatMap((name) => {
    const value = header(headers, name)
    return value === undefined ? [] : [[name, value] as const]
  })
  return { ...Object.fromEntries(along), ...meta, traceparent: parent }
}

/**
 * The trace a request belongs to: `_meta` says it before the header does. It is the message's, where a header is the
 * connection's: a proxy in between writes its own there (MCP semantic conventions, Context propagation).
 */
export function traceOf(
  meta: JsonObject | undefined,
  headers: RequestHeaders,
): TraceContext | undefined {
  const said = readTraceparent(meta?.["traceparent"], meta?.["tracestate"])
  const around = readTraceparent(header(headers, "traceparent"), header(headers, "tracestate"))
  if (said === undefined || around === undefined || around.spanId === said.spanId)
    return said ?? around
  return { ...said, around }
}

/** What traces say of the message. */
export const messageOf = ({ message, spoken }: PostedRequest): TracedMessage => ({
  id: message.id,
  revision: spoken.revision,
  session: spoken.session,
})
