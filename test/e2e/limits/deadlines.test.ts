import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { openBackend, type TestBackend } from "../../support/e2e-backend.ts"
import { callTool, refusalOf, startGateway, type TestGateway } from "../../support/e2e-gateway.ts"
import { becomes } from "../../support/e2e-process.ts"
import { registryOf } from "../../support/e2e-registry.ts"
import { ask, json, legacy, post, session } from "../../support/face-server.ts"

const agent = "a@1.0.0"

/** `waits` is a composition of `held`, which never answers; `narrow` has room for one call. */
function registry(): string {
  const written = registryOf({
    tools: { held: "web", echo: "web", slow: { server: "narrow", as: "held" } },
    agents: {},
  })
  const tools = ["held", "echo", "slow", "waits"]
  const { agents } = registryOf({
    tools: Object.fromEntries(tools.map((tool) => [tool, "web"])),
    agents: { a: tools },
  })
  const waits = {
    name: "waits",
    version: "1.0.0",
    description: "waits for held",
    inputSchema: { type: "object" },
    depends: [{ type: "tool", name: "held", version: "1.0.0" }],
    spec: { pipeline: { steps: [{ id: "one", operation: { tool: { name: "held" } } }] } },
  }
  return JSON.stringify({ ...written, tools: [...(written["tools"] as object[]), waits], agents })
}

let backend: TestBackend
let gateway: TestGateway
beforeAll(async () => {
  backend = await openBackend()
  gateway = await startGateway({
    registry: registry(),
    servers: {
      "web:1.0.0": { url: backend.url, breaker: { failures: 1 } },
      "narrow:1.0.0": { url: backend.url, concurrency: 1 },
    },
  })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
})

const impatient = { "x-request-timeout-ms": "100" }
const call = (tool: string, headers: Record<string, string> = {}) =>
  callTool(gateway, agent, tool, {}, headers)

describe("a caller that says how long it waits", () => {
  test("is answered then, and the server is told that nobody waits", async () => {
    expect(await call("held", impatient)).toMatchObject({
      isError: true,
      content: [{ text: "held did not answer in 100 ms" }],
      _meta: { "dev.postern/refusal": { code: "backend_timeout" } },
    })
    await becomes(() => backend.held() === 0, "the server was told")
    const last = gateway.audit().findLast(({ refusal }) => refusal === "backend_timeout")
    expect(last?.["reason"]).toBe("its caller waits 100 ms and no longer")
  })

  test("says so in the header or in _meta, in either era", async () => {
    const params = { name: "held", arguments: {}, _meta: { "dev.postern/timeoutMs": 50 } }
    const headers = await session(gateway.port, agent)
    const answers = [
      await ask(gateway.port, agent, "tools/call", params, { "x-request-timeout-ms": "60000" }),
      await post(gateway.port, legacy("tools/call", params), headers),
    ]
    for (const answer of answers)
      expect(json(answer)).toMatchObject({
        result: { content: [{ text: "held did not answer in 50 ms" }] },
      })
  })

  test("ends a composition, and what it is waiting for", async () => {
    expect(refusalOf(await call("waits", impatient))).toBe("backend_timeout")
    await becomes(() => backend.held() === 0, "the server was told")
  })

  test("leaves the queue of a server, which never hears of the call", async () => {
    const first = call("slow")
    await becomes(() => backend.held() === 1, "the first has the place")
    const before = backend.called.length
    expect(refusalOf(await call("slow", impatient))).toBe("backend_timeout")
    backend.release()
    expect(refusalOf(await first)).toBeUndefined()
    expect(backend.called).toHaveLength(before)
  })

  test("is no fault of the server: its breaker stays closed", async () => {
    expect(refusalOf(await call("echo"))).toBeUndefined()
  })

  test("is answered as ever when the answer is there in time", async () => {
    expect(await call("echo", { "x-request-timeout-ms": "60000" })).toMatchObject({
      content: [{ text: "{}" }],
    })
  })

  test.each([
    ["header", { "x-request-timeout-ms": "5s" }, {}],
    ["header", { "x-request-timeout-ms": "-1" }, {}],
    ["_meta", {}, { "dev.postern/timeoutMs": "50" }],
    ["_meta", {}, { "dev.postern/timeoutMs": 0 }],
    ["_meta", {}, { "dev.postern/timeoutMs": 1e99 }],
  ])("is told where that is no time: %s %j %j", async (_, headers, _meta) => {
    const params = { name: "echo", arguments: {}, _meta }
    expect(json(await ask(gateway.port, agent, "tools/call", params, headers))).toMatchObject({
      error: { code: -32602, message: expect.stringMatching(/expected whole milliseconds$/) },
    })
  })
})
