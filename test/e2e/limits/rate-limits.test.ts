import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { openBackend, type TestBackend } from "../../support/e2e-backend.ts"
import { callTool, refusalOf, startGateway, type TestGateway } from "../../support/e2e-gateway.ts"
import { registryOf } from "../../support/e2e-registry.ts"
import { ask, json, legacy, post, session } from "../../support/face-server.ts"

/** `both` calls `echo` twice; `echo` and `other` are of one server, `scarce` of another. */
function registry(): string {
  const tools = ["echo", "other", "scarce", "both"]
  const plain = registryOf({
    tools: { echo: "web", other: "web", scarce: "small" },
    agents: {},
  })
  const whole = registryOf({
    tools: Object.fromEntries(tools.map((tool) => [tool, "web"])),
    agents: { flood: tools, calm: tools, buyer: tools },
  })
  const both = {
    name: "both",
    version: "1.0.0",
    description: "asks twice",
    inputSchema: { type: "object" },
    depends: [{ type: "tool", name: "echo", version: "1.0.0" }],
    spec: {
      pipeline: {
        steps: ["one", "two"].map((id) => ({ id, operation: { tool: { name: "echo" } } })),
      },
    },
  }
  return JSON.stringify({
    ...plain,
    tools: [...(plain["tools"] as object[]), both], // registryOf writes lists
    agents: whole["agents"],
  })
}

let backend: TestBackend
let gateway: TestGateway
beforeAll(async () => {
  backend = await openBackend({
    other: (call) => call.text("other"),
    scarce: (call) => call.text("s"),
  })
  gateway = await startGateway({
    registry: registry(),
    servers: { "web:1.0.0": { url: backend.url }, "small:1.0.0": { url: backend.url } },
    config: {
      rateLimits: [
        { agent: "flood", rate: "3/h" },
        { agent: "buyer", tool: "other", quota: "2/d" },
        { tool: "both", rate: "5/h" },
        { server: "small:1.0.0", rate: "4/h" },
        { agent: "flod", rate: "1/h" },
        { agent: "*", tool: "echo@9.9.9", rate: "1/h" },
      ],
    },
  })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
})

describe("rate limits", () => {
  test("refuse one agent that asks too often, and nobody else", async () => {
    const many = Array.from({ length: 10 }, () => callTool(gateway, "flood@1.0.0", "echo"))
    const answers = await Promise.all(many)
    expect(answers.map(refusalOf).filter((code) => code === "rate_limited")).toHaveLength(7)
    expect(backend.called).toHaveLength(3)
    for (let n = 0; n < 10; n++)
      expect(refusalOf(await callTool(gateway, "calm@1.0.0", "echo"))).toBeUndefined()
  })

  test("answer with 429, the time to wait, and both in either era", async () => {
    const modern = await ask(gateway.port, "flood@1.0.0", "tools/call", { name: "other" })
    const headers = await session(gateway.port, "flood@1.0.0")
    const old = await post(gateway.port, legacy("tools/call", { name: "other" }), headers)
    for (const answer of [modern, old]) {
      expect(answer.status).toBe(429)
      expect(Number(answer.headers["retry-after"])).toBeGreaterThan(1_000) // a third of an hour
      expect(json(answer)).toMatchObject({
        id: 1,
        error: {
          code: 429,
          message: expect.stringMatching(/^rate limit reached, try again in \d+ s$/),
          data: {
            "dev.postern/refusal": { code: "rate_limited", retryAfterMs: expect.any(Number) },
          },
        },
      })
    }
  })

  test("leave lists, pings and sessions alone", async () => {
    const answer = await ask(gateway.port, "flood@1.0.0", "tools/list")
    expect(answer.status).toBe(200)
  })

  test("of an agent and a tool leave its other tools alone", async () => {
    const codes: unknown[] = []
    for (let n = 0; n < 4; n++)
      codes.push(refusalOf(await callTool(gateway, "buyer@1.0.0", "other")))
    expect(codes).toEqual([undefined, undefined, "rate_limited", "rate_limited"])
    expect(refusalOf(await callTool(gateway, "buyer@1.0.0", "echo"))).toBeUndefined()
  })

  test("of a server count what goes there, whoever sends it", async () => {
    const codes: unknown[] = []
    for (const agent of ["calm", "buyer", "calm", "buyer", "calm", "buyer"])
      codes.push(refusalOf(await callTool(gateway, `${agent}@1.0.0`, "scarce")))
    expect(codes.slice(0, 4)).toEqual([undefined, undefined, undefined, undefined])
    expect(codes.slice(4)).toEqual(["rate_limited", "rate_limited"])
    expect(backend.called.filter((tool) => tool === "scarce")).toHaveLength(4)
  })

  test("count a composition as one call", async () => {
    const codes: unknown[] = []
    for (let n = 0; n < 6; n++) codes.push(refusalOf(await callTool(gateway, "calm@1.0.0", "both")))
    expect(codes.slice(0, 5)).toEqual(Array.from({ length: 5 }))
    expect(codes[5]).toBe("rate_limited")
  })

  test("that name nobody are told of at the start, and on /status", async () => {
    const idle = gateway.log().filter(({ problem }) => `${problem}`.includes("rate_limit_idle"))
    expect(idle.map(({ problem }) => problem)).toEqual([
      expect.stringContaining("agent=flod 1/h names flod"),
      expect.stringContaining("names echo@9.9.9, and no registered tool is that"),
    ])
    const told = JSON.stringify(await gateway.status())
    for (const { problem } of idle) expect(told).toContain(JSON.stringify(problem))
  })

  test("are in the audit with the rule, and in the metrics", async () => {
    const refused = gateway.audit().filter(({ refusal }) => refusal === "rate_limited")
    expect(refused).toContainEqual(
      expect.objectContaining({ decision: "refuse", reason: "more than agent=flood 3/h" }),
    )
    const { text } = await gateway.admin("/metrics")
    expect(text).toContain('postern_rate_limited_total{rule="agent=flood 3/h"} 9\n')
    expect(text).toContain('postern_rate_limited_total{rule="agent=buyer tool=other 2/d"} 2\n')
    expect(text).toContain('postern_rate_limited_total{rule="server=small:1.0.0 4/h"} 2\n')
    expect(text).toContain('outcome="rate_limited"')
  })
})
