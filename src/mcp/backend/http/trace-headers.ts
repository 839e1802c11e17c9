import type { JsonObject } from "../../../schema/json.ts"

/** As W3C Trace Context and Baggage draw them, and as a header can carry them. */
const shapes: readonly (readonly [name: string, shape: RegExp])[] = [
  ["traceparent", /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}(?:-[\x21-\x7e]{0,128})?$/],
  ["tracestate", /^[\x20-\x7e]{1,512}$/],
  ["baggage", /^[\x20-\x7e]{1,8192}$/],
]

/** The trace that `_meta` names, as headers, too: proxies and servers behind other protocols know it from there. */
export function traced(headers: string[], meta: JsonObject | undefined): string[] {
  if (meta?.["traceparent"] === undefined) return headers
  const found = shapes.flatMap(([name, shape]) => {
    const value = meta[name]
    return typeof value === "string" && shape.test(value) ? [name, value] : []
  })
  return [...headers, ...found]
}
