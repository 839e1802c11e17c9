import { describe, expect, test } from "vitest"
import type { CollectedPoint } from "../../support/collector.ts"
import { callTool } from "../../support/e2e-gateway.ts"
import { until } from "../../support/e2e-process.ts"
import { ask, http, legacy, post, session } from "../../support/face-server.ts"
import {
  below,
  callersTrace,
  openWorld,
  parentIn,
  traceparent,
} from "../../support/traced-world.ts"

const metrics = { interval: "1s" }
const buckets = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300]

/** Of one metric, the points that have these attributes. */
const pointsOf = (
  points: readonly CollectedPoint[],
  name: string,
  having: Readonly<Record<string, unknown>> = {},
) =>
  points.filter(
    ({ attributes, ...point }) =>
      point.name === name &&
      Object.entries(having).every(([key, value]) => attributes[key] === value),
  )

describe("metrics for a collector", () => {
  test("have the durations of the conventions, by what was asked and what came of it", async () => {
    await using here = await openWorld({ telemetry: { metrics } })
    const { collector, gateway, modern, spans } = here
    await callTool(gateway, "a@1.0.0", "search", {}, { traceparent })
    await callTool(gateway, "a@1.0.0", "shaky")
    await callTool(gateway, "a@1.0.0", "piped")
    await ask(gateway.port, "a@1.0.0", "tools/call", { name: "made-up-name" })
    const inSession = await session(gateway.port, "a@1.0.0")
    await post(gateway.port, legacy("made/up"), inSession)
    await http(gateway.port, { method: "DELETE", path: "/mcp", headers: inSession })
    const { points } = await until(() => {
      const ended = pointsOf(collector.points, "mcp.server.session.duration")
      if (ended.length === 0) throw new Error("no session has ended")
      return collector
    })

    const [searched, ...others] = pointsOf(points, "mcp.server.operation.duration", {
      "gen_ai.tool.name": "search",
    })
    expect(others).toEqual([])
    expect(searched).toMatchObject({ type: "histogram", unit: "s", value: 1, bounds: buckets })
    expect(searched?.attributes).toEqual({
      "mcp.method.name": "tools/call",
      "gen_ai.operation.name": "execute_tool",
      "gen_ai.tool.name": "search",
      "mcp.protocol.version": "2026-07-28",
      "network.transport": "tcp",
      "network.protocol.name": "http",
    })
    const [sent] = pointsOf(points, "mcp.client.operation.duration", {
      "gen_ai.tool.name": "search",
    })
    expect(sent?.attributes).toEqual({
      ...searched?.attributes,
      "server.address": "127.0.0.1",
      "server.port": modern.port,
    })
    const [server] = (await spans("tools/call search", 2)).filter(({ kind }) => kind === "server")
    const [, client] = below(collector.spans, server)
    expect(server?.traceId).toBe(callersTrace)
    const idsOf = (span = server) => [{ traceId: span?.traceId, spanId: span?.spanId }]
    expect([searched?.exemplars, sent?.exemplars]).toEqual([idsOf(), idsOf(client)])

    const [failed] = pointsOf(points, "mcp.server.operation.duration", {
      "gen_ai.tool.name": "shaky",
    })
    expect(failed?.attributes).toMatchObject({ "error.type": "-32077" })
    expect(failed?.attributes).toMatchObject({ "rpc.response.status_code": "-32077" })
    const [piped] = pointsOf(points, "mcp.client.operation.duration", {
      "gen_ai.tool.name": "piped",
    })
    expect(piped?.attributes).toMatchObject({ "network.transport": "pipe" })
    expect(Object.keys(piped?.attributes ?? {})).not.toContain("server.address")
    const all = pointsOf(points, "mcp.server.operation.duration").map((one) => one.attributes)
    expect(all).toContainEqual(
      expect.objectContaining({
        "mcp.method.name": "_OTHER",
        "mcp.protocol.version": "2025-11-25",
      }),
    )
    expect(JSON.stringify(all)).not.toContain("made")
    const [ended] = pointsOf(points, "mcp.server.session.duration")
    expect(ended).toMatchObject({ value: 1, attributes: { "mcp.protocol.version": "2025-11-25" } })
  }, 60_000)

  test("are there without traces; then nothing points to one, and the caller's goes on as it came", async () => {
    await using here = await openWorld({ telemetry: { metrics, traces: { enabled: false } } })
    const { collector, gateway, seen } = here
    await callTool(gateway, "a@1.0.0", "search", {}, { traceparent })
    const [point] = await until(() => {
      const found = pointsOf(collector.points, "mcp.client.operation.duration")
      if (found.length === 0) throw new Error("nothing was sent")
      return found
    })
    expect(point).toMatchObject({ value: 1, exemplars: [] })
    expect(parentIn(seen[0]?.meta).join("-")).toBe(traceparent)
    expect(collector.spans).toEqual([])
  }, 60_000)
})

test("OpenMetrics on /metrics points to the spans of calls", async () => {
  await using here = await openWorld()
  const { gateway, spans } = here
  await callTool(gateway, "a@1.0.0", "search", {}, { traceparent })
  const [server] = (await spans("tools/call search", 2)).filter(({ kind }) => kind === "server")
  const { text } = await http(gateway.adminPort, {
    method: "GET",
    path: "/metrics",
    headers: { accept: "application/openmetrics-text; version=1.0.0" },
  })
  const pointers = [
    ...text.matchAll(/^(\w+)_bucket\{.*\} 1 # \{trace_id="(\w+)",span_id="(\w+)"\} /gm),
  ]
  expect(pointers.map(([, name, trace, span]) => [name, trace, span])).toEqual([
    ["postern_backend_seconds", callersTrace, server?.spanId],
    ["postern_call_seconds", callersTrace, server?.spanId],
  ])
  expect(text.endsWith("\n# EOF\n")).toBe(true)
}, 60_000)
