import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { openBackend, type TestBackend } from "../support/e2e-backend.ts"
import { callTool, startGateway, type TestGateway, toolsOf } from "../support/e2e-gateway.ts"
import { http } from "../support/face-server.ts"

let backend: TestBackend
let gateway: TestGateway
beforeAll(async () => {
  backend = await openBackend()
  gateway = await startGateway({
    registry: {
      tools: { echo: "good", held: "good", lost: "away", alone: "nowhere" },
      agents: { both: ["echo", "lost", "alone"], unlucky: ["lost", "alone"], none: [] },
    },
    servers: {
      "good:1.0.0": { url: backend.url },
      "away:1.0.0": { url: "http://127.0.0.1:9/mcp" },
    },
    config: { explainRefusals: true },
  })
}, 30_000)
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
})

describe("the operator's pages", () => {
  test("say that the process lives and is ready", async () => {
    expect(await gateway.admin("/healthz")).toEqual({ status: 200, text: '{"status":"ok"}' })
    expect(await gateway.admin("/readyz")).toEqual({ status: 200, text: '{"ready":true}' })
  })

  test("stay ready and lively when backends are down: those refuse their own tools only", async () => {
    const refused = await callTool(gateway, "both@1.0.0", "lost")
    expect(refused).toMatchObject({
      isError: true,
      content: [{ type: "text", text: "lost is unavailable now" }],
      _meta: { "dev.postern/refusal": { code: "backend_unavailable" } },
    })
    expect(await gateway.admin("/readyz")).toMatchObject({ status: 200 })
    expect(await callTool(gateway, "both@1.0.0", "echo", { a: 1 })).toMatchObject({
      content: [{ text: '{"a":1}' }],
    })
  })

  test("show the state of the registry, the servers and the audit at a glance", async () => {
    await callTool(gateway, "both@1.0.0", "echo")
    await callTool(gateway, "both@1.0.0", "lost")
    const status = await gateway.status()
    expect(status).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      readiness: { ready: true },
      registry: {
        source: gateway.registryFile,
        generation: 1,
        refusals: 0,
        digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/),
        counts: { schemas: 0, servers: 3, tools: 4, agents: 3 },
        routes: [expect.stringContaining("nowhere@1.0.0 lives; its tools are unavailable")],
      },
      face: { sessions: 0 },
      audit: { lost: 0 },
      warnings: expect.arrayContaining([expect.stringContaining("explainRefusals")]),
    })
    expect(status["servers"]).toEqual([
      expect.objectContaining({ server: { name: "good", version: "1.0.0" }, state: "up" }),
      expect.objectContaining({
        server: { name: "away", version: "1.0.0" },
        state: "down",
        lastError: "refused",
      }),
    ])
  })

  test("count each decision in metrics that a scraper can read", async () => {
    const before = await metrics()
    await callTool(gateway, "both@1.0.0", "echo")
    await callTool(gateway, "none@1.0.0", "echo")
    const after = await metrics()
    const grown = (name: string) => (after.get(name) ?? 0) - (before.get(name) ?? 0)
    expect(grown('postern_decisions_total{kind="call",outcome="ok"}')).toBe(1)
    expect(grown('postern_decisions_total{kind="call",outcome="undeclared_dependency"}')).toBe(1)
    expect(grown('postern_call_seconds_count{tool="echo"}')).toBe(1)
    expect(grown("postern_requests_total")).toBe(2)
    expect(after.get('postern_backend_up{server="good@1.0.0"}')).toBe(1)
    expect(after.get("postern_registry_is_current")).toBe(1)
    expect(after.get('postern_registry_entities{kind="tools"}')).toBe(4)
  })

  test("are not on the callers' port, and the callers' endpoint is not on theirs", async () => {
    const pages = ["/healthz", "/readyz", "/metrics", "/status"]
    const found = await Promise.all(
      pages.map((path) => http(gateway.port, { method: "GET", path, headers: {} })),
    )
    expect(found.map(({ status }) => status)).toEqual([404, 404, 404, 404])
    expect(await http(gateway.adminPort, { path: "/mcp", body: "{}" })).toMatchObject({
      status: 405,
    })
    expect(await gateway.admin("/mcp")).toMatchObject({ status: 404 })
  })

  test("are closed to a web page that resolves its own name to this machine", async () => {
    const request = { method: "GET", path: "/status", headers: { host: "evil.example" } }
    const answer = await http(gateway.adminPort, request)
    expect(answer).toMatchObject({ status: 403, text: '{"error":"forbidden"}' })
  })
})

describe("tools/list", () => {
  test("shows what the registry grants, also where every backend is down or has no address", async () => {
    expect(await toolsOf(gateway, "unlucky@1.0.0")).toEqual(["alone", "lost"])
    expect(await toolsOf(gateway, "both@1.0.0")).toEqual(["alone", "echo", "lost"])
  })

  test("is empty for an agent that depends on nothing", async () => {
    expect(await toolsOf(gateway, "none@1.0.0")).toEqual([])
  })
})

async function metrics(): Promise<ReadonlyMap<string, number>> {
  const { status, text } = await gateway.admin("/metrics")
  expect(status).toBe(200)
  const lines = text.split("\n").filter((line) => line !== "" && !line.startsWith("#"))
  for (const line of lines) expect(line).toMatch(/^[a-z_]+(\{([a-z]+="[^"\n]*",?)*\})? \S+$/)
  return new Map(
    lines.map((line) => {
      const at = line.lastIndexOf(" ")
      return [line.slice(0, at), Number(line.slice(at + 1))]
    }),
  )
}
