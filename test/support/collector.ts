import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { buffer } from "node:stream/consumers"
import { gunzipSync } from "node:zlib"

/** An attribute's value, or a list of them. */
type Value = string | number | boolean | readonly Value[]
export type Attributes = Readonly<Record<string, Value>>

/** A span as it arrived at the collector. */
export interface CollectedSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string | undefined
  readonly traceState: string | undefined
  readonly name: string
  readonly kind: "internal" | "server" | "client"
  readonly isFailed: boolean
  readonly startNanos: bigint
  readonly endNanos: bigint
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[]
  readonly attributes: Attributes
  readonly resource: Attributes
}

/** A data point of a metric as it arrived: its number, or the count of a histogram. */
export interface CollectedPoint {
  readonly name: string
  readonly type: "sum" | "gauge" | "histogram"
  readonly unit: string
  readonly attributes: Attributes
  readonly value: number
  /** Of a histogram. */
  readonly bounds: readonly number[] | undefined
  /** The ids of the spans that it points to. */
  readonly exemplars: readonly { readonly traceId: string; readonly spanId: string }[]
}

/** What a request to the collector is answered with; undefined: with nothing, and the connection stays open. */
export type Behaviour = (request: IncomingMessage, response: ServerResponse) => void

export interface Collector extends AsyncDisposable {
  readonly url: string
  readonly spans: CollectedSpan[]
  /** Of the last request. */
  points: readonly CollectedPoint[]
  /** Of every request, also of those that were not taken. */
  readonly requests: {
    readonly path: string
    readonly headers: IncomingMessage["headers"]
    readonly text: string
    readonly atMs: number
  }[]
  /** In place of taking it. */
  behaviour: Behaviour | undefined
}

/** A collector of OpenTelemetry that takes OTLP as JSON over HTTP and reads all that it is sent. */
export async function openCollector(port = 0): Promise<Collector> {
  const server = createServer((request, response) => void take(request, response))
  const collector = {
    url: "",
    spans: [] as CollectedSpan[],
    points: [] as readonly CollectedPoint[],
    requests: [] as Collector["requests"],
    behaviour: undefined as Behaviour | undefined,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, "close")
    },
  }
  async function take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { headers, url: path = "" } = request
    const bytes = await buffer(request).catch(() => undefined)
    if (bytes === undefined) return
    const text = (headers["content-encoding"] === "gzip" ? gunzipSync(bytes) : bytes).toString()
    collector.requests.push({ path, headers, text, atMs: performance.now() })
    if (collector.behaviour !== undefined) return collector.behaviour(request, response)
    const body = JSON.parse(text)
    if (path.endsWith("/v1/traces")) collector.spans.push(...spansIn(body))
    else collector.points = pointsIn(body)
    response.writeHead(200, { "content-type": "application/json" }).end("{}")
  }
  server.listen(port, "127.0.0.1")
  await once(server, "listening")
  collector.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}` // it listens on TCP
  return collector
}

// biome-ignore lint/suspicious/noExplicitAny: whatever came over the wire
type Wire = any

function spansIn({ resourceSpans }: Wire): CollectedSpan[] {
  return resourceSpans.flatMap(({ resource, scopeSpans }: Wire) =>
    scopeSpans.flatMap(({ spans }: Wire) => spans.map((span: Wire) => spanOf(span, resource))),
  )
}

const kinds = [undefined, "internal", "server", "client"] as const

function spanOf(span: Wire, resource: Wire): CollectedSpan {
  const { traceId, spanId, parentSpanId, traceState, name, links = [], status } = span
  if (!/^[0-9a-f]{32}$/.test(traceId) || !/^[0-9a-f]{16}$/.test(spanId)) throw new Error("no ids")
  const kind = kinds[span.kind]
  if (kind === undefined) throw new Error(`no kind: ${span.kind}`)
  return {
    traceId,
    spanId,
    parentSpanId,
    traceState,
    name,
    kind,
    isFailed: status?.code === 2,
    startNanos: BigInt(span.startTimeUnixNano),
    endNanos: BigInt(span.endTimeUnixNano),
    links: links.map((link: Wire) => ({ traceId: link.traceId, spanId: link.spanId })),
    attributes: attributesOf(span.attributes),
    resource: attributesOf(resource.attributes),
  }
}

function pointsIn({ resourceMetrics }: Wire): CollectedPoint[] {
  const metrics = resourceMetrics.flatMap(({ scopeMetrics }: Wire) =>
    scopeMetrics.flatMap((scope: Wire) => scope.metrics),
  )
  return metrics.flatMap((metric: Wire) =>
    (["sum", "gauge", "histogram"] as const).flatMap((type) =>
      (metric[type]?.dataPoints ?? []).map((point: Wire) => ({
        name: metric.name,
        type,
        unit: metric.unit,
        attributes: attributesOf(point.attributes),
        value: Number(point.asDouble ?? point.count),
        bounds: point.explicitBounds,
        exemplars: (point.exemplars ?? []).map(({ traceId, spanId }: Wire) => ({
          traceId,
          spanId,
        })),
      })),
    ),
  )
}

const attributesOf = (attributes: Wire = []): Attributes =>
  Object.fromEntries(attributes.map(({ key, value }: Wire) => [key, plainOf(value)]))

function plainOf(value: Wire): Value {
  if (value.arrayValue) return value.arrayValue.values.map(plainOf)
  if (value.intValue !== undefined) return Number(value.intValue)
  return value.stringValue ?? value.boolValue ?? value.doubleValue
}
