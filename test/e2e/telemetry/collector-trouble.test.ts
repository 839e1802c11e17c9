import { createServer } from "node:net"
import { describe, expect, test } from "vitest"
import type { JsonObject } from "../../../src/schema/json.ts"
import { type Behaviour, type Collector, openCollector } from "../../support/collector.ts"
import { openBackend } from "../../support/e2e-backend.ts"
import { callTool, logged, startGateway, type TestGateway } from "../../support/e2e-gateway.ts"
import { becomes, until } from "../../support/e2e-process.ts"

const agent = "a@1.0.0"
const status =
  (code: number, headers: Record<string, string> = {}): Behaviour =>
  (_, response) =>
    response.writeHead(code, headers).end("go away with your <secret>")

interface World extends AsyncDisposable {
  readonly gateway: TestGateway
  calls(count: number): Promise<void>
  /** `postern_spans_total` by outcome. */
  spans(): Promise<Readonly<Record<string, number>>>
}

/** The gateway in front of a server that answers at once, and whatever stands for the collector. */
async function world(
  endpoint: string,
  limits: JsonObject = {},
  telemetry: JsonObject = {},
  env: Record<string, string> = {},
): Promise<World> {
  const backend = await openBackend()
  const gateway = await startGateway({
    registry: { tools: { echo: "s" }, agents: { a: ["echo"] } },
    servers: { "s:1.0.0": { url: backend.url } },
    env,
    config: {
      telemetry: { endpoint, metrics: { enabled: false }, ...telemetry },
      limits: { spanDelay: "1h", spanBatch: 6, ...limits }, // a batch goes when two calls are in it
    },
  })
  return {
    gateway,
    async calls(count) {
      const each = Array.from({ length: count }, () => callTool(gateway, agent, "echo"))
      for (const result of await Promise.all(each)) expect(result).toHaveProperty("content")
    },
    async spans() {
      const { text } = await gateway.admin("/metrics")
      const found = text.matchAll(/^postern_spans_total\{outcome="(\w+)"\} (\d+)$/gm)
      return Object.fromEntries([...found].map(([, outcome, count]) => [outcome, Number(count)]))
    },
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]()
      await backend[Symbol.asyncDispose]()
    },
  }
}

const traceRequests = ({ requests }: Collector) =>
  requests.filter(({ path }) => path === "/v1/traces")

describe("a collector", () => {
  test("that is told to wait is not asked before, and has it all in the end", async () => {
    await using collector = await openCollector()
    collector.behaviour = status(429, { "retry-after": "1" })
    await using here = await world(collector.url)
    await here.calls(2)
    await until(() => expect(traceRequests(collector)).toHaveLength(1))
    collector.behaviour = undefined
    await becomes(async () => (await here.spans())["sent"] === 6, "all sent")
    const [first, second] = traceRequests(collector)
    expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThanOrEqual(990)
    expect(second?.text).toBe(first?.text)
    expect(collector.spans).toHaveLength(6)
    expect(await here.spans()).toEqual({ sent: 6, dropped: 0, refused: 0, failed: 0 })
    const trouble = await logged(here.gateway, "telemetry_trouble")
    expect(trouble).toMatchObject({ signal: "traces", reason: "it answers 429" })
    await logged(here.gateway, "telemetry_recovered")
  }, 60_000)

  test("that refuses is not asked again, and that it refused is counted", async () => {
    await using collector = await openCollector()
    collector.behaviour = status(400)
    await using here = await world(collector.url)
    await here.calls(2)
    await becomes(async () => (await here.spans())["refused"] === 6, "all refused")
    collector.behaviour = (_, response) =>
      response.end(JSON.stringify({ partialSuccess: { rejectedSpans: "2", errorMessage: "old" } }))
    await here.calls(2)
    await becomes(async () => (await here.spans())["sent"] === 4, "some sent")
    expect(await here.spans()).toEqual({ sent: 4, dropped: 0, refused: 8, failed: 0 })
    expect(traceRequests(collector)).toHaveLength(2)
    expect(JSON.stringify(here.gateway.log())).not.toContain("secret")
  }, 60_000)

  test("that redirects is not followed", async () => {
    await using collector = await openCollector()
    collector.behaviour = status(307, { location: `${collector.url}/elsewhere` })
    await using here = await world(collector.url)
    await here.calls(2)
    await becomes(async () => (await here.spans())["refused"] === 6, "all refused")
    expect(collector.requests.map(({ path }) => path)).toEqual(["/v1/traces"])
  }, 60_000)

  test("that says nothing slows nobody: what finds no room is dropped and counted, and the end is bounded", async () => {
    await using collector = await openCollector()
    collector.behaviour = () => undefined // the request stays open
    await using here = await world(collector.url, { spanQueue: 12, telemetryFlush: "200ms" })
    await here.calls(2)
    await until(() => expect(traceRequests(collector)).toHaveLength(1))
    await here.calls(100)
    const { sent, dropped } = await here.spans()
    expect([sent, dropped]).toEqual([0, 300 - 12])
    const { text } = await here.gateway.admin("/metrics")
    expect(text).toContain("\npostern_spans_waiting 12\n")
    expect((await here.gateway.stop()).code).toBe(0)
    const lost = await logged(here.gateway, "spans_lost")
    expect(lost).toMatchObject({ sent: 0 })
    expect(Number(lost["dropped"]) + Number(lost["failed"])).toBe(306)
  }, 60_000)

  test("that takes too long for each request is given up after a while", async () => {
    await using collector = await openCollector()
    collector.behaviour = () => undefined
    const brief = { telemetryRetry: "50ms" }
    await using here = await world(collector.url, brief, { timeout: "100ms" })
    await here.calls(2)
    await becomes(async () => (await here.spans())["failed"] === 6, "given up")
    const trouble = await logged(here.gateway, "telemetry_trouble")
    expect(trouble["reason"]).toBe("it did not answer within 100 ms")
  }, 60_000)

  test("that is away at first gets what waits when it is there, and one that answers endlessly is cut off", async () => {
    const port = await freePort()
    await using here = await world(`http://127.0.0.1:${port}`)
    await here.calls(2)
    const trouble = await logged(here.gateway, "telemetry_trouble")
    expect(trouble["reason"]).toBe("it cannot be reached: ECONNREFUSED")
    await using collector = await openCollector(port)
    collector.behaviour = (_, response) => {
      response.writeHead(200)
      const more = () => {
        while (!response.destroyed && response.write("x".repeat(65_536)));
      }
      response.on("drain", more)
      more()
    }
    await becomes(async () => (await here.spans())["sent"] === 6, "taken")
  }, 60_000)

  test("gets the last spans and metrics when the gateway stops, packed and with its headers", async () => {
    await using collector = await openCollector()
    const telemetry = {
      compression: "gzip",
      headers: { authorization: "$" + "{OTLP_TOKEN}" },
      serviceName: "gate",
      resource: { "deployment.environment.name": "test", shard: 7 },
      metrics: { interval: "1h" },
    }
    const env = { OTLP_TOKEN: "Bearer top-secret", OTEL_RESOURCE_ATTRIBUTES: "team=search,shard=8" }
    await using here = await world(collector.url, {}, telemetry, env)
    await here.calls(1)
    expect(collector.requests).toEqual([])
    expect((await here.gateway.stop()).code).toBe(0)
    expect(collector.requests.map(({ path }) => path).sort()).toEqual(["/v1/metrics", "/v1/traces"])
    for (const { headers } of collector.requests)
      expect(headers).toMatchObject({
        authorization: "Bearer top-secret",
        "content-encoding": "gzip",
      })
    expect(collector.spans.map(({ name }) => name).sort()).toEqual([
      "permit",
      "tools/call echo",
      "tools/call echo",
    ])
    expect(collector.spans[0]?.resource).toMatchObject({
      "service.name": "gate",
      "deployment.environment.name": "test",
      shard: 7,
      team: "search",
    })
    const ofServer = { attributes: { server: "s@1.0.0" } }
    for (const point of [
      {
        name: "postern_decisions_total",
        type: "sum",
        value: 1,
        attributes: { kind: "call", outcome: "ok" },
      },
      { name: "postern_backend_seconds", type: "histogram", value: 1, ...ofServer },
      { name: "postern_backend_up", type: "gauge", value: 0, ...ofServer },
    ])
      expect(collector.points).toContainEqual(expect.objectContaining(point))
    const all = collector.requests.map(({ text }) => text).join() + here.gateway.running.stderr()
    expect(all).not.toContain("top-secret")
  }, 60_000)
})

test("a collector that only the environment names is told, and without one nothing is", async () => {
  await using collector = await openCollector()
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `${collector.url}/base/`,
    OTEL_SERVICE_NAME: "by-environment",
    OTEL_METRICS_EXPORTER: "none",
    OTEL_BSP_SCHEDULE_DELAY: "20",
    OTEL_BSP_MAX_QUEUE_SIZE: "many",
  }
  await using backend = await openBackend()
  const sketch = {
    registry: { tools: { echo: "s" }, agents: { a: ["echo"] } },
    servers: { "s:1.0.0": { url: backend.url } },
  }
  await using told = await startGateway({ ...sketch, env })
  await callTool(told, agent, "echo")
  await until(() => expect(collector.spans).toHaveLength(3))
  expect(collector.requests[0]?.path).toBe("/base/v1/traces")
  expect(collector.spans[0]?.resource["service.name"]).toBe("by-environment")
  const { reason } = await logged(told, "telemetry_variable")
  expect(reason).toBe("OTEL_BSP_MAX_QUEUE_SIZE is not used: expected a whole number")

  await using off = await startGateway({ ...sketch, env: { ...env, OTEL_SDK_DISABLED: "true" } })
  await callTool(off, agent, "echo", {}, { traceparent })
  await off.stop()
  expect(collector.spans).toHaveLength(3)
  const [record] = off.audit().filter(({ kind }) => kind === "call")
  expect(record?.["trace"]).toBe("4bf92f3577b34da6a3ce929d0e0e4736")
}, 60_000)

const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1")
  await new Promise((resolve) => server.once("listening", resolve))
  const { port } = server.address() as { port: number } // it listens on TCP
  await new Promise((resolve) => server.close(resolve))
  return port
}
