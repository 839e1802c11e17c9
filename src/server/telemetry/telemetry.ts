import type { Tracing } from "../../call/trace/tracing.ts"
import type { Logger } from "../log.ts"
import type { MetricReading } from "../metrics.ts"
import type { Peers } from "./facets.ts"
import { Operations } from "./operations.ts"
import { type BatchCounts, Batches } from "./otlp/batches.ts"
import { Delivery } from "./otlp/delivery.ts"
import { createMetricTexts } from "./otlp/metric-text.ts"
import { Outlet } from "./otlp/outlet.ts"
import { createSpanTexts } from "./otlp/span-text.ts"
import { Sampling } from "./sampling.ts"
import type { Destination, TelemetrySettings } from "./settings.ts"
import { createTracing, type Ended } from "./spans.ts"

export interface TelemetryOptions {
  readonly settings: TelemetrySettings
  readonly version: string
  readonly log: Logger
  /** Milliseconds since the epoch, with fractions. */
  readonly now: () => number
  readonly retryMs: number
  readonly flushMs: number
  readonly peers: Peers
  readonly metrics: () => readonly MetricReading[]
}

/** How far spans have come. */
export interface SpanCounts extends Readonly<BatchCounts> {
  readonly waiting: number
}

/** What is told to a collector. Nothing here is ever waited for by a call. */
export interface Telemetry {
  readonly tracing: Tracing
  /** Of metrics that only a collector is told, as of {@link Metrics}. */
  readonly overflows: ReadonlyMap<string, number>
  spans(): SpanCounts | undefined
  /** Sends what is left within the time allowed, and drops the rest. */
  close(): Promise<void>
}

/** Throws where a file of certificates cannot be read. Loaded only where something is to be sent. */
export function openTelemetry(options: TelemetryOptions): Telemetry {
  const { settings } = options
  const operations = settings.metrics && new Operations(options.peers)
  const traces = settings.traces && openTraces(settings.traces, options)
  const metrics = settings.metrics && openMetrics(settings.metrics, operations, options)
  const all = [traces, metrics].filter((one) => one !== undefined)
  return {
    tracing: createTracing({ now: options.now, traces: traces?.ports, operations }),
    overflows: operations?.overflows ?? new Map(),
    spans: () => traces && { ...traces.batches.counts, waiting: traces.batches.waiting },
    async close() {
      const late = Promise.withResolvers<void>()
      const timer = setTimeout(late.resolve, options.flushMs)
      for (const { delivery } of all) delivery.hurry()
      const ended = Promise.all(all.map((one) => one.end()))
      await Promise.race([ended, late.promise])
      clearTimeout(timer)
      traces?.batches.giveUp()
      for (const { delivery } of all) delivery.close()
      await ended // which nothing holds up any more
      tellLost(traces?.batches.counts, options.log)
    },
  }
}

function openTraces(traces: NonNullable<TelemetrySettings["traces"]>, options: TelemetryOptions) {
  const { settings, version, peers, log, now } = options
  const delivery = deliveryTo(traces.to, "traces", options)
  const batches = new Batches<Ended>({
    ...traces,
    textOf: createSpanTexts(settings.resource, version, peers),
    send: (text) => delivery.send(text),
    onBug: (error) => log.error({ event: "telemetry_bug", error }),
  })
  const sampling = new Sampling(traces, now)
  const { minTrust } = traces
  const ports = { minTrust, sampling, push: (ended: Ended) => batches.push(ended) }
  return { ports, batches, delivery, end: () => batches.end() }
}

/** Each time all there is; where the time before is still under way, one is left out. */
function openMetrics(
  { to, intervalMs }: NonNullable<TelemetrySettings["metrics"]>,
  operations: Operations | undefined,
  options: TelemetryOptions,
) {
  const { settings, version, log, now } = options
  const delivery = deliveryTo(to, "metrics", options)
  const textOf = createMetricTexts(settings.resource, version)
  const sinceMs = now()
  let work: Promise<void> | undefined
  const send = async () => {
    try {
      await delivery.send(
        textOf([...options.metrics(), ...(operations?.read() ?? [])], { sinceMs, nowMs: now() }),
      )
    } catch (error) {
      log.error({ event: "telemetry_bug", error })
    } finally {
      work = undefined
    }
  }
  const timer = setInterval(() => {
    work ??= send()
  }, intervalMs).unref()
  return {
    delivery,
    async end() {
      clearInterval(timer)
      await work
      await send()
    },
  }
}

function deliveryTo(to: Destination, signal: string, { log, retryMs }: TelemetryOptions): Delivery {
  return new Delivery(new Outlet(to), {
    retryMs,
    trouble: (reason) =>
      reason === undefined
        ? log.info({ event: "telemetry_recovered", signal })
        : log.warn({ event: "telemetry_trouble", signal, reason }),
  })
}

function tellLost(counts: BatchCounts | undefined, log: Logger): void {
  const lost = counts === undefined ? 0 : counts.dropped + counts.failed + counts.refused
  if (counts !== undefined && lost > 0) log.warn({ event: "spans_lost", ...counts })
}
