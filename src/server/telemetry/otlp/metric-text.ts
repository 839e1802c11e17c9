import type { HistogramPoint, MetricReading, Point } from "../../metrics.ts"
import { attributesText, nanos, resourceText, text } from "./values.ts"

/** When the counters began, and when they were read: milliseconds since the epoch. */
export interface Span {
  readonly sinceMs: number
  readonly nowMs: number
}

/** `AGGREGATION_TEMPORALITY_CUMULATIVE` of metrics.proto: all since the start, as Prometheus has it. */
const cumulative = `"aggregationTemporality":2`

/** One `ExportMetricsServiceRequest` as JSON: the metrics under the names that they have on `/metrics`. */
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
  `{"attributes":${attributesText(labels)},${times},"asDouble":${finite(value)}}`

function histogramText({ labels, bounds, counts, sum }: HistogramPoint, times: string): string {
  const count = counts.reduce((all, one) => all + one, 0)
  const buckets = counts.map((one) => `"${one}"`).join()
  return (
    `{"attributes":${attributesText(labels)},${times},"count":"${count}","sum":${finite(sum)},` +
    `"explicitBounds":[${bounds.join()}],"bucketCounts":[${buckets}]}`
  )
}

/** JSON has no other numbers. */
const finite = (value: number): number => (Number.isFinite(value) ? value : 0)

/** UCUM, by the ending of the name. */
function unitOf(name: string): string {
  const base = name.replace(/_total$/, "")
  if (base.endsWith("_seconds")) return "s"
  return base.endsWith("_bytes") ? "By" : "1"
}
