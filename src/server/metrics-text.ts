import type { HistogramPoint, MetricReading, Point } from "./metrics.ts"

/** Prometheus text, version 0.0.4. */
export const metricsText = (readings: readonly MetricReading[]): string =>
  readings.map(metricText).join("")

function metricText({ name, help, points }: MetricReading): string {
  const head = `# HELP ${name} ${escapedHelp(help)}\n# TYPE ${name} ${points.type}\n`
  const lines =
    points.type === "histogram"
      ? points.all.map((point) => histogramText(name, point))
      : points.all.map((point) => pointText(name, point))
  return head + lines.join("")
}

const pointText = (name: string, { labels, value }: Point): string =>
  `${name}${braces(printed(labels))} ${value}\n`

function histogramText(name: string, { labels, bounds, counts, sum }: HistogramPoint): string {
  const own = printed(labels)
  let count = 0
  let text = ""
  for (const [index, bound] of [...bounds, "+Inf"].entries()) {
    count += counts[index] ?? 0
    text += `${name}_bucket${braces([...own, `le="${bound}"`])} ${count}\n`
  }
  return `${text}${name}_sum${braces(own)} ${sum}\n${name}_count${braces(own)} ${count}\n`
}

const printed = (labels: Point["labels"]): string[] =>
  labels.map(([name, value]) => `${name}="${escapedValue(value)}"`)

const braces = (labels: readonly string[]) => (labels.length === 0 ? "" : `{${labels.join()}}`)

const escapedHelp = (text: string) => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")
const escapedValue = (text: string) => escapedHelp(text).replaceAll('"', '\\"')
