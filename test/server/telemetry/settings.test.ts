import { describe, expect, test } from "vitest"
import { parseConfig } from "../../../src/server/config/parse.ts"
import {
  type TelemetrySettings,
  telemetrySettings,
} from "../../../src/server/telemetry/settings.ts"

const around = { version: "1.2.3", instance: "i1" }

function settings(
  section: object | undefined,
  env: Record<string, string> = {},
): { readonly settings: TelemetrySettings | undefined; readonly told: readonly string[] } {
  const text = JSON.stringify({
    registry: { source: "file://./registry.json" },
    ...(section && { telemetry: section }),
  })
  const parsed = parseConfig("/etc/postern/postern.yaml", text, env)
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  const told: string[] = []
  const wrong = (words: string) => told.push(words)
  return { settings: telemetrySettings(parsed.config, { ...around, env, wrong }), told }
}

describe("telemetry", () => {
  test("is off where neither the section nor a variable asks for it", () => {
    expect(settings(undefined).settings).toBeUndefined()
    expect(settings(undefined, { OTEL_SERVICE_NAME: "x" }).settings).toBeUndefined()
    const named = { OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: "http://c:4318/v1/metrics" }
    expect(settings(undefined, { ...named, OTEL_SDK_DISABLED: "TRUE" }).settings).toBeUndefined()
    const none = { traces: { enabled: false }, metrics: { enabled: false } }
    expect(settings(none).settings).toBeUndefined()
  })

  test("has what OpenTelemetry usually has", () => {
    const { traces, metrics, resource } = settings({}).settings ?? {}
    const to = { isPacked: false, timeoutMs: 10_000, certificate: undefined, headers: new Map() }
    expect(traces).toEqual({
      to: { ...to, url: "http://localhost:4318/v1/traces" },
      ratio: 1,
      followsParent: true,
      minTrust: "asserted",
      forcedPerSecond: 100,
      queueMax: 8_192,
      batchMax: 512,
      delayMs: 5_000,
    })
    expect(metrics).toEqual({
      to: { ...to, url: "http://localhost:4318/v1/metrics" },
      intervalMs: 60_000,
    })
    expect(Object.fromEntries(resource ?? [])).toEqual({
      "service.name": "postern",
      "service.version": "1.2.3",
      "service.instance.id": "i1",
    })
  })

  test("takes from the variables what the section does not say", () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: "https://env:4318/otlp/",
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "https://traces.env/own",
      OTEL_EXPORTER_OTLP_HEADERS: "Authorization=Bearer%20abc, x-one=1",
      OTEL_EXPORTER_OTLP_METRICS_HEADERS: "x-one=2",
      OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
      OTEL_EXPORTER_OTLP_TIMEOUT: "1500",
      OTEL_SERVICE_NAME: "from-env",
      OTEL_RESOURCE_ATTRIBUTES: "team=search,service.name=lost,place=a%2Cb",
      OTEL_TRACES_SAMPLER: "traceidratio",
      OTEL_TRACES_SAMPLER_ARG: "0.25",
      OTEL_METRIC_EXPORT_INTERVAL: "9000",
      OTEL_BSP_MAX_QUEUE_SIZE: "77",
    }
    const { settings: found, told } = settings({ timeout: "3s" }, env)
    expect(told).toEqual([])
    expect(found?.traces).toMatchObject({ ratio: 0.25, followsParent: false, queueMax: 77 })
    expect(found?.traces?.to).toMatchObject({
      url: "https://traces.env/own",
      isPacked: true,
      timeoutMs: 3_000,
    })
    expect(found?.metrics).toMatchObject({ intervalMs: 9_000 })
    expect(found?.metrics?.to.url).toBe("https://env:4318/otlp/v1/metrics")
    const headers = [...(found?.metrics?.to.headers ?? [])].map(([name, value]) => [
      name,
      value.reveal(),
    ])
    expect(headers).toEqual([
      ["authorization", "Bearer abc"],
      ["x-one", "2"],
    ])
    expect(JSON.stringify([...(found?.metrics?.to.headers ?? [])])).not.toContain("abc")
    expect(Object.fromEntries(found?.resource ?? [])).toMatchObject({
      "service.name": "from-env",
      team: "search",
      place: "a,b",
    })
    const written = settings({ endpoint: "http://file:1", traces: { ratio: 0.5 } }, env).settings
    expect(written?.traces).toMatchObject({ ratio: 0.5, followsParent: true })
    expect(written?.traces?.to.url).toBe("http://file:1/v1/traces")
  })

  test.each([
    [
      { OTEL_TRACES_SAMPLER: "jaeger_remote" },
      /^OTEL_TRACES_SAMPLER is not used: expected always_on/,
    ],
    [
      { OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "7" },
      /^OTEL_TRACES_SAMPLER_ARG is not used/,
    ],
    [{ OTEL_EXPORTER_OTLP_ENDPOINT: "collector:4317" }, /^OTEL_EXPORTER_OTLP_ENDPOINT is not used/],
    [{ OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, /grpc is not spoken/],
    [{ OTEL_TRACES_EXPORTER: "zipkin" }, /^OTEL_TRACES_EXPORTER is not used/],
    [
      { OTEL_EXPORTER_OTLP_HEADERS: "secret-without-a-name" },
      /^a part of OTEL_EXPORTER_OTLP_HEADERS is not used/,
    ],
    [
      { OTEL_EXPORTER_OTLP_HEADERS: "a=%E0%A4%A" },
      /^a part of OTEL_EXPORTER_OTLP_HEADERS is not used/,
    ],
    [{ OTEL_BSP_SCHEDULE_DELAY: "-1" }, /^OTEL_BSP_SCHEDULE_DELAY is not used/],
  ])("goes on without what it cannot use, and says so: %o", (env, words) => {
    const { settings: found, told } = settings({}, env as unknown as Record<string, string>)
    expect(found?.traces).toMatchObject({ followsParent: true, ratio: 1 })
    expect(told[0]).toMatch(words)
    expect(told.join()).not.toContain("secret-without-a-name")
  })
})

test.each([
  [{ endpoint: "grpc://c:4317" }, /expected an http or https address/],
  [{ endpoint: "http://user:pw@c:4318" }, /holds no user or password/],
  [{ headers: { authorization: "Bearer literal" } }, /a secret is not written here/],
  [{ headers: { "x y": "1" } }, /not a header name/],
  [{ traces: { ratio: 1.5 } }, /ratio/],
  [{ traces: { minTrust: "everybody" } }, /minTrust/],
  [{ metrics: { interval: "1ms" } }, /expected 1s to 1d/],
  [{ tracing: {} }, /telemetry\.tracing.*unknown key/],
])("a section that cannot be meant is a problem: %o", (section, words) => {
  const text = JSON.stringify({ registry: { source: "file://./r.json" }, telemetry: section })
  const parsed = parseConfig("postern.yaml", text, {})
  expect(parsed.ok).toBe(false)
  expect(JSON.stringify(parsed)).toMatch(words)
})

test.each([
  [{ traces: { minTrust: "claimed" } }, ["telemetry.traces.minTrust"]],
  [{ endpoint: "http://collector:4318", headers: { "x-tenant": "t" } }, ["telemetry.headers"]],
  [{ endpoint: "http://127.0.0.1:4318", headers: { "x-tenant": "t" } }, []],
  [{ endpoint: "https://collector:4318", headers: { "x-tenant": "t" } }, []],
])("what opens something is warned of: %o", (section, paths) => {
  const text = JSON.stringify({ registry: { source: "file://./r.json" }, telemetry: section })
  const parsed = parseConfig("postern.yaml", text, {})
  const warned = parsed.ok ? parsed.warnings.map(({ path }) => path) : []
  expect(warned.filter((path) => path.startsWith("telemetry"))).toEqual(paths)
})
