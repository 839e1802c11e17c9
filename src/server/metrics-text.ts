import type { Exemplar, HistogramPoint, MetricReading, Point } from "./metrics.ts"

/** What a scraper asks for in `Accept`, if it knows OpenMetrics, beside what everybody understands. */
export const wantsOpenMetrics = (accept = ""): boolean =>
  accept
    .split(",")
    .some(
      (one) =>
        /^\s*application\/openmetrics-text\s*(?:;|$)/i.test(one) &&
        !/;\s*q=0(?:\.0*)?\s*(?:;|$)/i.test(one),
    )

/** Prometheus text, version 0.0.4. */
export const metricsText = (readings: readonly MetricReading[]): string =>
  readings.map((reading) => metricText(reading, prometheus(reading))).join("")

/** OpenMetrics 1.0.0: the same, and of histograms the spans of some values, where there are traces. */
export function openMetricsText(readings: readonly MetricReading[]): string {
  const names = new Set(readings.map(({ name }) => name))
  const all = readings.map((reading) => metricText(reading, openMetrics(reading, names)))
  return `${all.join("")}# EOF\n`
}

/** How a family is announced, and what its values look like. */
interface Form {
  readonly family: string
  readonly type: string
  readonly unit: string | undefined
  readonly help: (text: string) => string
  readonly bound: (bound: number | string) => string
  readonly exemplar: (exemplar: Exemplar | undefined) => string
}

const prometheus = ({ name, points }: MetricReading): Form => ({
  family: name,
  type: points.type,
  unit: undefined,
  help: escapedHelp,
  bound: String,
  exemplar: () => "",
})

/** A counter's family has the name without `_total`; one that a gauge has taken leaves it of no type. */
function openMetrics({ name, points }: MetricReading, names: ReadonlySet<string>): Form {
  const base = points.type === "counter" ? name.replace(/_total$/, "") : name
  const isTaken = base !== name && names.has(base)
  const family = isTaken ? name : base
  return {
    family,
    type: isTaken ? "unknown" : points.type,
    unit: /_(seconds|bytes)$/.exec(family)?.[1],
    help: escapedValue,
    bound: (bound) => (Number.isInteger(bound) ? `${bound}.0` : String(bound)),
    exemplar: (one) => (one === undefined ? "" : exemplarText(one)),
  }
}

const exemplarText = ({ value, timeMs, at: { traceId, spanId } }: Exemplar): string =>
  ` # {trace_id="${traceId}",span_id="${spanId}"} ${value} ${(timeMs / 1_000).toFixed(3)}`

function metricText({ name, help, points }: MetricReading, form: Form): string {
  const { family, type, unit } = form
  const ofUnit = unit === undefined ? "" : `# UNIT ${family} ${unit}\n`
  const head = `# HELP ${family} ${form.help(help)}\n# TYPE ${family} ${type}\n${ofUnit}`
  const lines =
    points.type === "histogram"
      ? points.all.map((point) => histogramText(name, point, form))
      : points.all.map((point) => pointText(name, point))
  return head + lines.join("")
}

const pointText = (name: string, { labels, value }: Point): string =>
  `${name}${braces(printed(labels))} ${value}\n`

function histogramText(name: string, point: HistogramPoint, form: Form): string {
  const { labels, bounds, counts, sum, exemplars } = point
  const own = printed(labels)
  let count = 0
  let text = ""
  for (const [index, bound] of [...bounds, "+Inf"].entries()) {
    count += counts[index] ?? 0
    const bucket = braces([...own, `le="${form.bound(bound)}"`])
    text += `${name}_bucket${bucket} ${count}${form.exemplar(exemplars?.[index])}\n`
  }
  return `${text}${name}_sum${braces(own)} ${sum}\n${name}_count${braces(own)} ${count}\n`
}

const printed = (labels: Point["labels"]): string[] =>
  labels.map(([name, value]) => `${name}="${escapedValue(value)}"`)

const braces = (labels: readonly string[]) => (labels.length === 0 ? "" : `{${labels.join()}}`)

const escapedHelp = (text: string) => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")
const escapedValue = (text: string) => escapedHelp(text).replaceAll('"', '\\"')
