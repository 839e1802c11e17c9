import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { openBackend, type TestBackend } from "../../support/e2e-backend.ts"
import {
  callTool,
  logged,
  refusalOf,
  startGateway,
  type TestGateway,
} from "../../support/e2e-gateway.ts"
import { http } from "../../support/face-server.ts"

const agent = "a@1.0.0"

let isBroken = true
let attempts: string[] = []
/** Fails as often as its first argument says, and then not. */
const flaky = (tool: string) => ({
  [tool]: (call: Parameters<NonNullable<Parameters<typeof openBackend>[0]>[string]>[0]) => {
    attempts.push(tool)
    const { times } = call.arguments as { times: number }
    if (attempts.length <= times) call.send("trouble", 500)
    else call.text(`after ${attempts.length}`)
  },
})

let backend: TestBackend
let gateway: TestGateway
beforeAll(async () => {
  backend = await openBackend({
    fragile: (call) => (isBroken ? call.send("bad gateway", 502) : call.text("well")),
    sulky: (call) => call.send({ result: { content: [], isError: true, resultType: "complete" } }),
    ...flaky("read"),
    ...flaky("write"),
  })
  const { url } = backend
  gateway = await startGateway({
    registry: {
      tools: {
        fragile: "shaky",
        sulky: "moody",
        echo: "web",
        read: "flaky",
        write: { server: "flaky", hasEffects: true },
      },
      agents: { a: ["fragile", "sulky", "echo", "read", "write"] },
    },
    servers: {
      "shaky:1.0.0": { url, breaker: { failures: 3, openFor: "1h" } },
      "moody:1.0.0": { url, breaker: { failures: 1 } },
      "web:1.0.0": { url },
      "flaky:1.0.0": { url, retries: 2, breaker: "off" },
    },
  })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
})

const codeOf = async (tool: string, args = {}) =>
  refusalOf(await callTool(gateway, agent, tool, args))
const breakerOf = async (name: string) => {
  const { servers } = (await gateway.status()) as {
    servers: { server: { name: string }; breaker?: object }[]
  }
  return servers.find(({ server }) => server.name === name)?.breaker
}
const reset = (server: string, headers: Record<string, string> = {}) =>
  http(gateway.adminPort, {
    path: `/breakers/${server}/reset`,
    headers: { host: "localhost", ...headers },
  })

describe("the breaker of a server", () => {
  test("opens when it fails, is seen by operators, and closed by them", async () => {
    for (let n = 0; n < 3; n++) expect(await codeOf("fragile")).toBe("backend_unavailable")
    const answer = await callTool(gateway, agent, "fragile")
    expect(answer).toMatchObject({
      content: [{ text: "fragile is unavailable now" }],
      _meta: { "dev.postern/refusal": { code: "backend_unavailable" } },
    })
    expect(backend.called.filter((tool) => tool === "fragile")).toHaveLength(3)
    expect(await codeOf("echo")).toBeUndefined()

    expect(await breakerOf("shaky")).toMatchObject({ state: "open", openings: 1 })
    const { text } = await gateway.admin("/metrics")
    expect(text).toContain('postern_backend_breaker_open{server="shaky@1.0.0"} 1\n')
    expect(text).toContain('postern_backend_breaker_open{server="web@1.0.0"} 0\n')
    expect(text).toContain('postern_backend_breaker_openings_total{server="shaky@1.0.0"} 1\n')
    await logged(gateway, "breaker_opened", ({ server }) => server === "shaky@1.0.0")
    const last = gateway.audit().findLast(({ refusal }) => refusal === "backend_unavailable")
    expect(last?.["reason"]).toMatch(/^its breaker is open: .*; tried again in 3600 s$/)

    isBroken = false
    const { status, text: said } = await reset("shaky@1.0.0")
    expect([status, JSON.parse(said)]).toEqual([
      200,
      { server: "shaky", version: "1.0.0", breaker: "closed" },
    ])
    expect(await codeOf("fragile")).toBeUndefined()
    expect(await breakerOf("shaky")).toEqual({ state: "closed", openings: 1 })
    await logged(gateway, "breaker_closed")
  })

  test("does not mind what a tool says of itself", async () => {
    for (let n = 0; n < 30; n++) await callTool(gateway, agent, "sulky")
    expect(await breakerOf("moody")).toMatchObject({ state: "closed", openings: 0 })
  })

  test("is closed by people on this machine only", async () => {
    expect(await reset("shaky:1.0.0", { origin: "http://localhost" })).toMatchObject({
      status: 403,
    })
    expect(await reset("nobody@1.0.0")).toMatchObject({ status: 404 })
    expect(await reset("%E0%A4%A@1")).toMatchObject({ status: 404 })
    expect(await gateway.admin("/breakers/shaky@1.0.0/reset")).toMatchObject({ status: 405 })
    expect(await gateway.admin("/breakers/")).toMatchObject({ status: 404 })
  })
})

describe("a call that failed", () => {
  test("is made again where the registry says that it only reads, and not otherwise", async () => {
    attempts = []
    expect(await callTool(gateway, agent, "read", { times: 2 })).toMatchObject({
      content: [{ text: "after 3" }],
    })
    attempts = []
    expect(await codeOf("read", { times: 9 })).toBe("backend_error")
    expect(attempts).toHaveLength(2) // three in ten seconds, while there are few calls
    attempts = []
    expect(await codeOf("write", { times: 1 })).toBe("backend_error")
    expect(attempts).toEqual(["write"])
    const { text } = await gateway.admin("/metrics")
    expect(text).toContain('postern_backend_retries_total{server="flaky@1.0.0"} 3\n')
  })
})
