import type { TraceContext } from "../../../call/trace/context.ts"
import { type Facet, facetOf, type Peers } from "../facets.ts"
import type { Ended } from "../spans.ts"
import { attributesText, nanos, resourceText, text } from "./values.ts"

/** `SpanKind` of trace.proto. */
const kinds = { internal: 1, server: 2, client: 3 } as const
/** `STATUS_CODE_ERROR`. */
const failed = `,"status":{"code":2}`

/** One `ExportTraceServiceRequest` as JSON: https://github.com/open-telemetry/opentelemetry-proto, docs/specification.md. */
export function createSpanTexts(
  resource: ReadonlyMap<string, string | number | boolean>,
  version: string,
  peers: Peers,
): (spans: readonly Ended[]) => string {
  const head = `{"resourceSpans":[{${resourceText(resource)},"scopeSpans":[{"scope":{"name":"postern","version":${text(version)}},"spans":[`
  const tail = `],"schemaUrl":"${conventions}"}]}]}`
  return (spans) =>
    head + spans.map((span) => spanText(span, facetOf(span, peers))).join(",") + tail
}

/** The version of the conventions that names of attributes are taken from. */
const conventions = "https://opentelemetry.io/schemas/1.45.0"

function spanText({ context, parent, links, startMs, endMs }: Ended, facet: Facet): string {
  const { name, kind, isFailed, attributes } = facet
  const above = parent === undefined ? "" : `,"parentSpanId":"${parent}"`
  const linked =
    links.length === 0 ? "" : `,"links":[${links.map((to) => `{${idsText(to)}}`).join(",")}]`
  return (
    `{${idsText(context)}${above},"flags":${flags(context)},"name":${text(name)},"kind":${kinds[kind]},` +
    `"startTimeUnixNano":${nanos(startMs)},"endTimeUnixNano":${nanos(Math.max(startMs, endMs))},` +
    `"attributes":${attributesText(attributes)}${linked}${isFailed ? failed : ""}}`
  )
}

const flags = ({ isSampled }: TraceContext) => (isSampled ? 1 : 0)

function idsText({ traceId, spanId, state }: TraceContext): string {
  const along = state === undefined ? "" : `,"traceState":${text(state)}`
  return `"traceId":"${traceId}","spanId":"${spanId}"${along}`
}
