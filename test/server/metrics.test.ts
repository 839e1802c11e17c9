import { describe, expect, test } from "vitest"
import { Metrics } from "../../src/server/metrics.ts"
import { metricsText, openMetricsText } from "../../src/server/metrics-text.ts"

describe("metrics", () => {
  test("print as Prometheus reads them", () => {
    const metrics = new Metrics()
    const calls = metrics.counter("postern_calls_total", "Calls.", ["tool", "outcome"])
    const seconds = metrics.histogram("postern_call_seconds", "Time.", { buckets: [0.1, 1] })
    let open = 1
    metrics.gauge("postern_open", "Open.", () => open)
    metrics.total("postern_seen_total", "Seen.", () => [{ values: ["x"], value: 7 }], ["who"])
    calls.with("search", "ok").add()
    calls.with("search", "ok").add(2)
    calls.with("fetch", "ok").add()
    for (const value of [0.05, 0.1, 0.5, 3]) seconds.with().observe(value)
    open = 2
    expect(metricsText(metrics.read())).toBe(`# HELP postern_calls_total Calls.
# TYPE postern_calls_total counter
postern_calls_total{tool="search",outcome="ok"} 3
postern_calls_total{tool="fetch",outcome="ok"} 1
# HELP postern_call_seconds Time.
# TYPE postern_call_seconds histogram
postern_call_seconds_bucket{le="0.1"} 2
postern_call_seconds_bucket{le="1"} 3
postern_call_seconds_bucket{le="+Inf"} 4
postern_call_seconds_sum 3.65
postern_call_seconds_count 4
# HELP postern_open Open.
# TYPE postern_open gauge
postern_open 2
# HELP postern_seen_total Seen.
# TYPE postern_seen_total counter
postern_seen_total{who="x"} 7
`)
  })

  test("print as OpenMetrics, with the span of the last value of each bucket", () => {
    const metrics = new Metrics()
    const runs = metrics.counter("postern_runs_total", "Ran.", ["pattern"])
    metrics.counter("postern_seen_total", "Seen.")
    metrics.gauge("postern_runs", "Running.", () => 1)
    metrics.gauge("postern_replay_bytes", "Kept.", () => 2)
    const seconds = metrics.histogram("postern_call_seconds", "Time.", { buckets: [0.1, 1] })
    const at = { traceId: "a".repeat(32), spanId: "b".repeat(16), isSampled: true }
    runs.with("saga").add()
    seconds.with().observe(0.05)
    seconds.with().observe(0.4, { ...at, spanId: "c".repeat(16) })
    seconds.with().observe(0.5, at)
    const ids = `trace_id="${at.traceId}",span_id="${at.spanId}"`
    expect(
      openMetricsText(metrics.read()).replace(/ \d{10}\.\d{3}$/m, " TIME"),
    ).toBe(`# HELP postern_runs_total Ran.
# TYPE postern_runs_total unknown
postern_runs_total{pattern="saga"} 1
# HELP postern_seen Seen.
# TYPE postern_seen counter
postern_seen_total 0
# HELP postern_runs Running.
# TYPE postern_runs gauge
postern_runs 1
# HELP postern_replay_bytes Kept.
# TYPE postern_replay_bytes gauge
# UNIT postern_replay_bytes bytes
postern_replay_bytes 2
# HELP postern_call_seconds Time.
# TYPE postern_call_seconds histogram
# UNIT postern_call_seconds seconds
postern_call_seconds_bucket{le="0.1"} 1
postern_call_seconds_bucket{le="1.0"} 3 # {${ids}} 0.5 TIME
postern_call_seconds_bucket{le="+Inf"} 3
postern_call_seconds_sum 0.95
postern_call_seconds_count 3
# EOF
`)
    expect(metricsText(metrics.read())).not.toContain("trace_id")
  })

  test("without labels are there, and 0, before anything happened", () => {
    const metrics = new Metrics()
    metrics.counter("postern_nothing_total", "Nothing.")
    expect(metricsText(metrics.read())).toContain("\npostern_nothing_total 0\n")
  })

  test("escape what labels hold", () => {
    const metrics = new Metrics()
    metrics.counter("postern_a_total", "A.", ["l"]).with('quote " line \n back \\').add()
    expect(metricsText(metrics.read())).toContain('{l="quote \\" line \\n back \\\\"} 1\n')
  })

  test("do not grow without end when label values do", () => {
    const metrics = new Metrics()
    const family = metrics.counter("postern_a_total", "A.", ["caller"])
    for (let index = 0; index < 5_000; index++) family.with(`c${index}`).add()
    const lines = metricsText(metrics.read()).trimEnd().split("\n").slice(2)
    expect(lines).toHaveLength(2_001)
    expect(lines.at(-1)).toBe('postern_a_total{caller="(other)"} 3000')
  })

  test("refuse a name twice, and names that are not ours", () => {
    const metrics = new Metrics()
    metrics.counter("postern_a_total", "A.")
    expect(() => metrics.counter("postern_a_total", "A.")).toThrow("exists already")
    expect(() => metrics.counter("http_requests", "A.")).toThrow("is no name of a metric here")
  })
})
