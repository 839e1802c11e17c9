import type { Trust } from "../../call/caller.ts"
import type { Config } from "../config/config.ts"
import { Secret } from "../secret.ts"
import { readVariables, type Variables } from "./variables.ts"

/** What is sent where; a signal that is undefined is not sent. */
export interface TelemetrySettings {
  readonly traces: TraceSettings | undefined
  readonly metrics: { readonly to: Destination; readonly intervalMs: number } | undefined
  /** `service.name` and what else is known of this gateway. */
  readonly resource: ReadonlyMap<string, string | number | boolean>
}

export interface Destination {
  readonly url: string
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, Secret>
  readonly isPacked: boolean
  readonly timeoutMs: number
  /** A file of certificates (PEM). */
  readonly certificate: string | undefined
}

export interface TraceSettings {
  readonly to: Destination
  /** Of new traces. */
  readonly ratio: number
  /** Whether a trace that somebody else began is kept where they keep it. */
  readonly followsParent: boolean
  /** Undefined: nobody's trace is gone on with. */
  readonly minTrust: Trust | undefined
  /** Traces that are kept for their callers' sake alone, in a second. */
  readonly forcedPerSecond: number
  readonly queueMax: number
  readonly batchMax: number
  readonly delayMs: number
}

interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly version: string
  readonly instance: string
  readonly wrong: (words: string) => void
}

/**
 * What `telemetry` of the configuration says, else the variables of OpenTelemetry, else the defaults. Undefined:
 * nothing is sent, because neither the section is there nor a variable that names a collector.
 */
export function telemetrySettings(
  { telemetry, limits }: Pick<Config, "telemetry" | "limits">,
  around: Surroundings,
): TelemetrySettings | undefined {
  const variables = readVariables(around.env, around.wrong)
  if (variables.text("OTEL_SDK_DISABLED")?.toLowerCase() === "true") return
  const isNamed = signals.some((signal) => variables.text(`OTEL_EXPORTER_OTLP_${signal}ENDPOINT`))
  if (telemetry === undefined && !isNamed) return
  const written: Written = telemetry ?? { traces: { minTrust: "asserted" }, metrics: {} }
  const from: From = { written, variables, wrong: around.wrong }
  const { traces, metrics } = written
  const intervalMs = metrics.interval ?? variables.number("OTEL_METRIC_EXPORT_INTERVAL") ?? 60_000
  const hasTraces = traces.enabled ?? isExported("TRACES", from)
  const hasMetrics = metrics.enabled ?? isExported("METRICS", from)
  if (!hasTraces && !hasMetrics) return
  return {
    traces: hasTraces ? traceSettings(from, limits) : undefined,
    metrics: hasMetrics ? { to: destination("METRICS", from), intervalMs } : undefined,
    resource: new Map([...ownAttributes(around), ...resourceOf(from)]),
  }
}

const signals = ["", "TRACES_", "METRICS_"] as const
type Signal = "TRACES" | "METRICS"
type Written = NonNullable<Config["telemetry"]>

interface From {
  readonly written: Written
  readonly variables: Variables
  readonly wrong: (words: string) => void
}

function isExported(signal: Signal, { variables, wrong }: From): boolean {
  const name = `OTEL_${signal}_EXPORTER`
  const exporter = variables.text(name) ?? "otlp"
  if (exporter !== "otlp" && exporter !== "none")
    wrong(`${name} is not used: expected otlp or none`)
  return exporter !== "none"
}

function traceSettings(from: From, limits: Config["limits"]): TraceSettings {
  const { written, variables } = from
  const { minTrust, ratio } = written.traces
  const { ratio: sampled, followsParent } = sampler(from)
  return {
    to: destination("TRACES", from),
    ratio: ratio ?? sampled,
    followsParent: ratio !== undefined || followsParent,
    minTrust: minTrust === "none" ? undefined : minTrust,
    forcedPerSecond: limits.tracesForced,
    queueMax: variables.number("OTEL_BSP_MAX_QUEUE_SIZE") ?? limits.spanQueue,
    batchMax: Math.max(1, variables.number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE") ?? limits.spanBatch),
    delayMs: variables.number("OTEL_BSP_SCHEDULE_DELAY") ?? limits.spanDelay,
  }
}

/** `parentbased_always_on` is OpenTelemetry's default. */
function sampler({ variables, wrong }: From): { ratio: number; followsParent: boolean } {
  const [, parent, name] =
    /^(parentbased_)?(always_on|always_off|traceidratio)$/.exec(
      variables.text("OTEL_TRACES_SAMPLER") ?? "parentbased_always_on",
    ) ?? []
  if (name === undefined)
    wrong(
      "OTEL_TRACES_SAMPLER is not used: expected always_on, always_off or traceidratio, or one of them behind parentbased_",
    )
  const ratio = name === "traceidratio" ? ratioOf(variables, wrong) : name === "always_off" ? 0 : 1
  return { ratio, followsParent: parent !== undefined || name === undefined }
}

function ratioOf(variables: Variables, wrong: (words: string) => void): number {
  const ratio = Number(variables.text("OTEL_TRACES_SAMPLER_ARG") ?? "1")
  if (ratio >= 0 && ratio <= 1) return ratio
  wrong("OTEL_TRACES_SAMPLER_ARG is not used: expected a number from 0 to 1")
  return 1
}

function destination(signal: Signal, from: From): Destination {
  const { written, variables, wrong } = from
  const ofSignal = (name: string) =>
    variables.text(`OTEL_EXPORTER_OTLP_${signal}_${name}`) ??
    variables.text(`OTEL_EXPORTER_OTLP_${name}`)
  const protocol = ofSignal("PROTOCOL")
  if (protocol === "grpc")
    wrong(
      "OTEL_EXPORTER_OTLP_PROTOCOL: grpc is not spoken; OTLP is sent over HTTP, to port 4318 as a rule",
    )
  const timeout = variables.number(`OTEL_EXPORTER_OTLP_${signal}_TIMEOUT`)
  return {
    url: urlOf(signal, from),
    headers: headersOf(signal, from),
    isPacked: (written.compression ?? ofSignal("COMPRESSION")) === "gzip",
    timeoutMs:
      written.timeout ?? timeout ?? variables.number("OTEL_EXPORTER_OTLP_TIMEOUT") ?? 10_000,
    certificate: written.certificate ?? ofSignal("CERTIFICATE"),
  }
}

/** An address of one signal is taken as it is; the path of a signal is added to the common one. */
function urlOf(signal: Signal, { written, variables, wrong }: From): string {
  const own = written[signal === "TRACES" ? "traces" : "metrics"].endpoint
  const path = `v1/${signal.toLowerCase()}`
  if (own !== undefined) return own
  if (written.endpoint !== undefined) return below(written.endpoint, path)
  const named = variables.text(`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`)
  if (named !== undefined && isWeb(named)) return named
  const common = variables.text("OTEL_EXPORTER_OTLP_ENDPOINT")
  if (common !== undefined && isWeb(common)) return below(common, path)
  if ((named ?? common) !== undefined)
    wrong("OTEL_EXPORTER_OTLP_ENDPOINT is not used: expected an http or https address")
  return below("http://localhost:4318", path)
}

const isWeb = (text: string) => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)

function below(base: string, path: string): string {
  const url = new URL(base)
  url.pathname = `${url.pathname.replace(/\/$/, "")}/${path}`
  return url.href
}

function headersOf(signal: Signal, { written, variables }: From): Destination["headers"] {
  const common = variables.pairs("OTEL_EXPORTER_OTLP_HEADERS")
  const own = variables.pairs(`OTEL_EXPORTER_OTLP_${signal}_HEADERS`)
  const said = [...common, ...own].map(
    ([name, value]) => [name.toLowerCase(), new Secret(value)] as const,
  )
  return new Map([...said, ...(written.headers ?? [])])
}

const ownAttributes = ({ version, instance }: Surroundings) =>
  new Map<string, string | number | boolean>([
    ["service.name", "postern"],
    ["service.version", version],
    ["service.instance.id", instance],
  ])

function resourceOf({ written, variables }: From): Map<string, string | number | boolean> {
  const name = written.serviceName ?? variables.text("OTEL_SERVICE_NAME")
  return new Map<string, string | number | boolean>([
    ...variables.pairs("OTEL_RESOURCE_ATTRIBUTES"),
    ...(written.resource ?? []),
    ...(name === undefined ? [] : [["service.name", name] as const]),
  ])
}
