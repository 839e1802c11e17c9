import { monitorEventLoopDelay } from "node:perf_hooks"
import type { AuditRecord } from "../call/audit.ts"
import type { EndedRun } from "../call/composition/compositions.ts"
import type { Report } from "../compose/run/state/background.ts"
import type { BackendStatus } from "../mcp/backend/pool.ts"
import { written } from "../registry/model.ts"
import { type MetricReading, Metrics } from "./metrics.ts"
import type { Parts } from "./parts.ts"
import type { StandingChange } from "./pins/pins.ts"
import { countStates } from "./pins/pins-status.ts"
import { addSource } from "./registry/source-metrics.ts"
import type { SpanCounts } from "./telemetry/telemetry.ts"
import { addTls } from "./tls/tls-metrics.ts"

/** The gateway's metrics. Decisions are counted as they are made; the rest is read when somebody scrapes. */
export interface GatewayMetrics {
  count(record: AuditRecord): void
  countRun(run: EndedRun): void
  countDetached(report: Report): void
  /** A tool, or what a server says of itself, is not as it was. */
  countDrift(change: StandingChange): void
  /** What a rule of `rateLimits` kept from being asked. */
  countRateLimited(rule: string): void
  /** A status that a durable run came to, or `recovered`, or `left`. */
  countDurable(event: string): void
  read(parts: Parts): readonly MetricReading[]
}

export function createGatewayMetrics(): GatewayMetrics {
  const metrics = new Metrics()
  const { decisions, warnings, atServers, seconds, runs, detached, drifts, durable, rateLimited } =
    counters(metrics)
  let hasReadings = false
  return {
    count({ kind, refusal, outcome, warnings: codes, target, server, ms, backendMs, sampled }) {
      decisions.with(kind, refusal ?? outcome ?? "noted").add()
      for (const code of codes) warnings.with(code).add()
      const isCall = kind === "call" || kind === "step"
      if (isCall && target !== undefined && ms !== undefined && backendMs !== undefined)
        seconds.with(target.name).observe(ms / 1000, sampled)
      if (server !== undefined && backendMs !== undefined)
        atServers.with(written(server)).observe(backendMs / 1000, sampled)
    },
    countRun({ pattern, outcome }) {
      runs.with(pattern, outcome).add()
    },
    countDetached({ result }) {
      detached.with(detachedOutcome(result)).add()
    },
    countDrift({ server, after }) {
      drifts.with(written(server), after.state).add()
    },
    countRateLimited(rule) {
      rateLimited.with(rule).add()
    },
    countDurable(event) {
      durable.with(event).add()
    },
    read(parts) {
      if (!hasReadings) {
        for (const [type, name, help, read] of readings(parts))
          metrics[type](`postern_${name}`, help, read)
        addLabelled(metrics, parts)
        addBackends(metrics, parts)
        addDurable(metrics, parts)
        addTelemetry(metrics, parts)
        addSource(metrics, parts)
        addTls(metrics, parts)
        hasReadings = true
      }
      return metrics.read()
    },
  }
}

/** What is counted as it happens. */
const counters = (metrics: Metrics) => ({
  decisions: metrics.counter(
    "postern_decisions_total",
    "Decisions by kind and outcome: ok, tool_error, rpc_error or the refusal's code.",
    ["kind", "outcome"],
  ),
  warnings: metrics.counter(
    "postern_warnings_total",
    "What a stricter configuration would have refused, by code.",
    ["code"],
  ),
  atServers: metrics.histogram(
    "postern_backend_seconds",
    "Time that servers took for calls of tools and relayed requests, the wait for them included.",
    { labels: ["server"] },
  ),
  seconds: metrics.histogram(
    "postern_call_seconds",
    "Time of tool calls that were carried out, also by compositions.",
    { labels: ["tool"] },
  ),
  runs: metrics.counter(
    "postern_runs_total",
    "Runs of compositions by pattern and outcome: completed, or the class of the error.",
    ["pattern", "outcome"],
  ),
  detached: metrics.counter(
    "postern_detached_total",
    "Detached steps of compositions by how they ended: ok, skipped, dropped, bug, or the class of the error.",
    ["outcome"],
  ),
  drifts: metrics.counter(
    "postern_drift_total",
    "Changes of what servers say of their tools and of themselves, by what it came to.",
    ["server", "state"],
  ),
  durable: metrics.counter(
    "postern_durable_runs_total",
    "What became of durable runs: the status they ended or were parked in, recovered, or left to another process.",
    ["event"],
  ),
  rateLimited: metrics.counter(
    "postern_rate_limited_total",
    "What was refused because of a rate limit, by rule.",
    ["rule"],
  ),
})

function detachedOutcome(result: Report["result"]): string {
  if (typeof result === "string") return result
  if ("bug" in result) return "bug"
  return result.ok ? "ok" : result.error.class
}

type Reading = readonly [type: "gauge" | "total", name: string, help: string, read: () => number]

function readings(parts: Parts): Reading[] {
  const { audit, compositions, face, registry } = parts
  const delay = monitorEventLoopDelay({ resolution: 20 })
  delay.enable()
  return [
    ["total", "requests_total", "Requests to the MCP endpoint.", () => face.stats().requests],
    [
      "total",
      "turned_away_total",
      "Requests refused for Host, Origin, media type or size.",
      () => face.stats().turnedAway,
    ],
    ...loadReadings(parts),
    ["gauge", "requests_in_flight", "Requests without an answer yet.", () => face.stats().inFlight],
    ["gauge", "runs", "Compositions that are running.", () => compositions.running],
    [
      "gauge",
      "durable_runs_oldest_seconds",
      "Age of the oldest durable run without an end; 0 when there is none.",
      () => ageOf(compositions.keeper.counts.oldestOpenMs),
    ],
    ["gauge", "sessions", "Sessions of legacy clients.", () => face.stats().sessions],
    ["gauge", "streams", "Streams open to callers.", () => face.stats().streams],
    [
      "gauge",
      "replay_bytes",
      "Sent events that are kept for clients that lost a stream.",
      () => face.stats().replayBytes,
    ],
    [
      "total",
      "replayed_events_total",
      "Events sent to clients that came back.",
      () => face.stats().replayedEvents,
    ],
    ["total", "audit_records_total", "Records written to the audit.", () => audit.state().records],
    ["total", "audit_lost_total", "Records that could not be written.", () => audit.state().lost],
    ["gauge", "audit_seq", "Number of the last record in the audit file.", () => audit.head().seq],
    [
      "gauge",
      "registry_generation",
      "Catalogs since the start.",
      () => registry.state().generation,
    ],
    [
      "gauge",
      "registry_loaded_timestamp_seconds",
      "When the catalog in use was loaded.",
      () => (registry.state().loadedAtMs ?? 0) / 1000,
    ],
    [
      "gauge",
      "registry_is_current",
      "1 when the document is the one in use, 0 when it was refused or could not be judged.",
      () => ((registry.state().lastError ?? registry.state().bug) ? 0 : 1),
    ],
    [
      "total",
      "registry_reload_failures_total",
      "Documents that were refused.",
      () => registry.state().refusals,
    ],
    [
      "gauge",
      "event_loop_delay_seconds",
      "Longest delay of the event loop of late: in the quarter of a minute that is under way or the one before.",
      longestOf(delay),
    ],
    ["gauge", "resident_memory_bytes", "Memory of the process.", () => process.memoryUsage.rss()],
    ["total", "cpu_seconds_total", "Processor time of the process.", cpuSeconds],
  ]
}

const loadReadings = ({ face, rates }: Parts): Reading[] => [
  [
    "total",
    "rate_store_failures_total",
    "Times that the database which gateways share for rate limits could not be had.",
    () => rates.failures(),
  ],
  [
    "total",
    "shed_total",
    "Requests turned away because there were too many.",
    () => face.stats().shed,
  ],
  [
    "gauge",
    "shedding",
    "Which part of the requests is turned away, 0 to 1.",
    () => face.stats().shedding,
  ],
]

const ageOf = (sinceMs: number | undefined): number =>
  sinceMs === undefined ? 0 : (Date.now() - sinceMs) / 1000

/** Reset by a timer and not by its reader, because there may be several readers. */
function longestOf(delay: ReturnType<typeof monitorEventLoopDelay>): () => number {
  let sinceMs = performance.now()
  let before = 0
  return () => {
    const now = delay.max
    const shown = Math.max(before, now)
    if (performance.now() - sinceMs > windowMs) {
      sinceMs = performance.now()
      before = now
      delay.reset()
    }
    return shown / 1e9
  }
}

const windowMs = 15_000

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

function addDurable(metrics: Metrics, { compositions }: Parts): void {
  const runs = () =>
    Object.entries(compositions.keeper.counts.byStatus).map(([status, value]) => ({
      values: [status],
      value,
    }))
  metrics.gauge("postern_durable_runs", "Durable runs without an end, by status.", runs, ["status"])
}

function addTelemetry(metrics: Metrics, { telemetry }: Parts): void {
  metrics.total(
    "postern_metric_overflow_total",
    "Events that were counted under (other), because their metric has as many combinations of labels as it may.",
    () =>
      [...metrics.overflows, ...(telemetry?.overflows ?? [])].map(([name, value]) => ({
        values: [name],
        value,
      })),
    ["metric"],
  )
  const of = (outcome: keyof SpanCounts) => telemetry?.spans()?.[outcome] ?? 0
  const outcomes = ["sent", "dropped", "refused", "failed"] as const
  metrics.total(
    "postern_spans_total",
    "Spans for the collector: sent, dropped for want of room, refused by it, or failed to reach it in time.",
    () => outcomes.map((outcome) => ({ values: [outcome], value: of(outcome) })),
    ["outcome"],
  )
  metrics.gauge("postern_spans_waiting", "Spans that wait to be sent.", () => of("waiting"))
}

function addLabelled(metrics: Metrics, parts: Parts): void {
  const { current, identify, pinning } = parts
  const standings = () =>
    Object.entries(countStates(pinning.judged)).map(([state, value]) => ({
      values: [state],
      value,
    }))
  metrics.gauge("postern_tools", "Tools of servers by how they stand to their pins.", standings, [
    "state",
  ])
  metrics.total(
    "postern_drift_unrecorded_total",
    "Changes that came too fast to be recorded.",
    () => [{ values: [], value: pinning.unrecorded }],
  )
  const entities = () => {
    const { schemas = [], servers = [], tools = [], agents = [] } = current.catalog?.document ?? {}
    const kinds = Object.entries({ schemas, servers, tools, agents })
    return kinds.map(([kind, list]) => ({ values: [kind], value: list.length }))
  }
  const ages = () =>
    identify
      .keys()
      .flatMap(({ issuer, ageMs }) =>
        ageMs === undefined ? [] : [{ values: [issuer], value: ageMs / 1000 }],
      )
  metrics.gauge("postern_registry_entities", "Entities of the catalog.", entities, ["kind"])
  metrics.gauge("postern_issuer_keys_age_seconds", "Age of an issuer's keys.", ages, ["issuer"])
}

function addBackends(metrics: Metrics, { backends, guarded }: Parts): void {
  const add = (
    type: "gauge" | "total",
    name: string,
    help: string,
    pick: (of: BackendStatus) => number,
  ) =>
    metrics[type](
      `postern_backend_${name}`,
      help,
      () => backends.status().map((of) => ({ values: [written(of.server)], value: pick(of) })),
      ["server"],
    )
  add("gauge", "up", "1 when the server is connected.", ({ state }) => (state === "up" ? 1 : 0))
  add("gauge", "in_flight", "Calls at the server.", ({ inFlight }) => inFlight)
  add("gauge", "queued", "Calls waiting for the server.", ({ queued }) => queued)
  add("total", "calls_total", "Calls to the server, refused ones included.", ({ calls }) => calls)
  add(
    "gauge",
    "breaker_open",
    "1 while the server is left alone, until a call has reached it.",
    ({ server }) => (["open", "halfOpen"].includes(guarded.status(server)?.standing ?? "") ? 1 : 0),
  )
  add(
    "total",
    "breaker_openings_total",
    "Times that the breaker of the server opened.",
    ({ server }) => guarded.status(server)?.openings ?? 0,
  )
  add(
    "total",
    "retries_total",
    "Calls that were made again.",
    ({ server }) => guarded.status(server)?.retries ?? 0,
  )
  add(
    "gauge",
    "followed",
    "Lists and resources of the server that somebody follows.",
    ({ followed }) => followed,
  )
  add("total", "restarts_total", "Connections or processes lost.", ({ restarts }) => restarts)
  add(
    "total",
    "token_requests_total",
    "Requests for tokens for the server.",
    ({ tokens }) => tokens?.requests ?? 0,
  )
  add(
    "total",
    "token_failures_total",
    "Requests for tokens that brought none.",
    ({ tokens }) => tokens?.failures ?? 0,
  )
  add(
    "gauge",
    "callers",
    "Callers with connections of their own, where the server is called with their identity.",
    ({ callers }) => callers ?? 0,
  )
}
