import type { Exemplar, HistogramPoint, MetricReading, Point } from "../../metrics.ts"
import { attributesText, nanos, resourceText, text } from "./values.ts"

/** When the counters began, and when they were read: milliseconds since the epoch. */
export interface Span {
  readonly sinceMs: number
  readonly nowMs: number
}

/** `AGGREGATION_TEMPORALITY_CUMULATIVE` of metrics.proto: totals since the start, as in Prometheus. */
const cumulative = `"aggregationTemporality":2`

/** One `ExportMetricsServiceRequest` as JSON: the metrics of `/metrics`, under the same names. */
export function createMetricTexts(
  resource: ReadonlyMap<string, string | number | boolean>,
  version: string,
): (readings: readonly MetricReading[], span: Span) => string {
  const head = `{"resourceMetrics":[{${resourceText(resource)},"scopeMetrics":[{"scope":{"name":"postern","version":${text(version)}},"metrics":[`
  return (readings, span) => {
    const all = readings
      .filter(({ points }) => points.all.length > 0)
      .map((reading) => metricText(reading, span))
    return `${head}${all.join()}]}]}]}`
  }
}

function metricText({ name, help, points }: MetricReading, span: Span): string {
  const about = `"name":${text(name)},"description":${text(help)},"unit":"${unitOf(name)}"`
  if (points.type === "gauge") {
    const time = `"timeUnixNano":${nanos(span.nowMs)}`
    const all = points.all.map((point) => numberText(point, time))
    return `{${about},"gauge":{"dataPoints":[${all.join()}]}}`
  }
  const times = `"startTimeUnixNano":${nanos(span.sinceMs)},"timeUnixNano":${nanos(span.nowMs)}`
  if (points.type === "histogram") {
    const all = points.all.map((point) => histogramText(point, times))
    return `{${about},"histogram":{${cumulative},"dataPoints":[${all.join()}]}}`
  }
  const all = points.all.map((point) => numberText(point, times))
  return `{${about},"sum":{${cumulative},"isMonotonic":true,"dataPoints":[${all.join()}]}}`
}

const numberText = ({ labels, value }: Point, times: string): string =>
  `{"attributes":${labelsText(labels)},${times},"asDouble":${finite(value)}}`

function histogramText(point: HistogramPoint, times: string): string {
  const { labels, bounds, counts, sum, exemplars } = point
  const told = exemplars?.flatMap((one) => (one === undefined ? [] : exemplarText(one)))
  const count = counts.reduce((all, one) => all + one, 0)
  const buckets = counts.map((one) => `"${one}"`).join()
  return (
    `{"attributes":${labelsText(labels)},${times},"count":"${count}","sum":${finite(sum)},` +
    `"explicitBounds":[${bounds.join()}],"bucketCounts":[${buckets}]` +
    `${told === undefined ? "" : `,"exemplars":[${told.join()}]`}}`
  )
}

const exemplarText = ({ value, timeMs, at }: Exemplar): string =>
  `{"timeUnixNano":${nanos(timeMs)},"asDouble":${finite(value)},"spanId":"${at.spanId}","traceId":"${at.traceId}"}`

/** A label without a value is none (as in Prometheus), and a port is a number. */
const labelsText = (labels: Point["labels"]): string =>
  attributesText(
    labels
      .filter(([, value]) => value !== "")
      .map(([name, value]) => [name, name === "server.port" ? Number(value) : value]),
  )

/** JSON has no other numbers. */
const finite = (value: number): number => (Number.isFinite(value) ? value : 0)

/** UCUM, by the ending of the name. */
function unitOf(name: string): string {
  const base = name.replace(/_total$/, "")
  if (/(?:_seconds|\.duration)$/.test(base)) return "s"
  return base.endsWith("_bytes") ? "By" : "1"
}
