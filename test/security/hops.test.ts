import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { freePort } from "../../examples/support/gateway.ts"
import type { JsonObject } from "../../src/schema/json.ts"
import { openBackend, type TestBackend } from "../support/e2e-backend.ts"
import { callTool, refusalOf, startGateway, type TestGateway } from "../support/e2e-gateway.ts"
import { becomes } from "../support/e2e-process.ts"
import { registryOf } from "../support/e2e-registry.ts"
import {
  as,
  ask,
  json,
  legacy,
  modern,
  opened,
  post,
  posting,
  session,
} from "../support/face-server.ts"

const agent = "a@1.0.0"
const eras = ["modern", "legacy"] as const
const key = "dev.postern/hops"

/** `round` is itself by way of this gateway; `held` of `web` is `far` by way of three. */
const tools = Object.fromEntries([
  ["echo", "web"],
  ["held", "web"],
  ["round-kept", { server: "modern" }],
  ...eras.flatMap((era) => [
    [`round-${era}`, { server: era }],
    [`near-${era}`, { server: era, as: "held" }],
    [`far-${era}`, { server: era, as: `near-${era}` }],
  ]),
])
const composed = {
  name: "composed",
  version: "1.0.0",
  description: "calls echo",
  inputSchema: { type: "object" },
  depends: [{ type: "tool", name: "echo", version: "1.0.0" }],
  spec: { pipeline: { steps: [{ id: "one", operation: { tool: { name: "echo" } } }] } },
}

function registry(): string {
  const written = registryOf({ tools, agents: {} })
  const { agents } = registryOf({ tools, agents: { a: [...Object.keys(tools), "composed"] } })
  return JSON.stringify({
    ...written,
    tools: [...(written["tools"] as object[]), composed],
    agents,
  })
}

let backend: TestBackend
let gateway: TestGateway
const seen: unknown[] = []
beforeAll(async () => {
  backend = await openBackend({
    echo({ meta, text }) {
      seen.push(Object(meta)[key])
      text("heard")
    },
  })
  const port = await freePort()
  const headers = { "X-Agent-Name": "a", "X-Agent-Version": "1.0.0" }
  const self = { url: `http://127.0.0.1:${port}/mcp`, headers }
  gateway = await startGateway({
    registry: registry(),
    servers: {
      "web:1.0.0": { url: backend.url, methods: ["acme/find"] },
      ...Object.fromEntries(eras.map((era) => [`${era}:1.0.0`, { ...self, era }])),
    },
    config: {
      listen: { port },
      results: { cache: [{ match: { tool: "round-kept" }, ttl: "1h" }] },
    },
  })
}, 30_000)
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
})

const isQuiet = async () => Object((await gateway.status())["face"]).inFlight === 0

describe("row 53: a request that comes back to the gateway it left", () => {
  test.each(eras)("goes no further than limits.hops, towards %s servers", async (era) => {
    const tool = `round-${era}`
    expect(await callTool(gateway, agent, tool)).toMatchObject({
      isError: true,
      content: [{ text: expect.stringMatching(/ was not called: .* may go in a circle$/) }],
    })
    const records = gateway.audit().filter(({ target }) => Object(target).name === tool)
    expect(records.filter(({ kind }) => kind === "call")).toHaveLength(9)
    expect(records.filter(({ refusal }) => refusal === "too_many_hops")).toMatchObject([
      { decision: "refuse", reason: "it has passed 8 gateways, and limits.hops is 8" },
    ])
    await becomes(isQuiet, "nothing goes round")
  })

  test("does not wait for itself where its result would be kept", async () => {
    for (const _ of ["asked once", "asked again"])
      expect(await callTool(gateway, agent, "round-kept")).toMatchObject({
        isError: true,
        content: [{ text: expect.stringContaining("may go in a circle") }],
      })
  })

  test.each(eras)("is cancelled along its whole way, towards %s servers", async (era) => {
    const { message, headers } = modern("tools/call", { name: `far-${era}`, arguments: {} })
    const leaving = new AbortController()
    const { signal } = leaving
    const request = { ...posting(message, { ...headers, ...as(agent) }), signal }
    const answered = opened(gateway.port, request).catch((error: Error) => error.name)
    await becomes(() => backend.held() === 1, "the server has it")
    leaving.abort()
    expect(await answered).toBe("AbortError")
    await becomes(() => backend.held() === 0, "the server was told")
    await becomes(isQuiet, "nobody waits for it")
  })

  test.each([
    ["tools/call", { name: "echo", arguments: {} }],
    ["tools/call", { name: "composed", arguments: {} }],
    ["resources/read", { uri: "docs://a" }],
    ["prompts/get", { name: "p" }],
    [
      "completion/complete",
      { ref: { type: "ref/prompt", name: "p" }, argument: { name: "x", value: "" } },
    ],
    ["tasks/get", { taskId: "t" }],
    ["acme/find", {}],
  ])("is refused before anything is asked: %s %j", async (method, params) => {
    const headers = await session(gateway.port, agent)
    const named = Object.entries(params).filter(([member]) => ["uri", "taskId"].includes(member))
    const mirrored = Object.fromEntries(named.map(([, value]) => ["mcp-name", String(value)]))
    seen.length = 0
    const sent = { ...params, _meta: { [key]: 8 } }
    for (const answer of [
      await ask(gateway.port, agent, method, sent, mirrored),
      await post(gateway.port, legacy(method, sent), headers),
    ]) {
      const { result, error } = json(answer) as JsonObject
      expect(refusalOf(Object(result ?? { error }))).toBe("too_many_hops")
    }
    expect(seen).toEqual([])
  })

  test.each([[9], [1e15], [1e300], [-1], [1.5], ["8"], [null], [[]], [{}], [true]])(
    "counts %j as too many",
    async (hops) => {
      const params = { name: "echo", arguments: {}, _meta: { [key]: hops } }
      const { result } = json(await ask(gateway.port, agent, "tools/call", params)) as JsonObject
      expect(refusalOf(Object(result))).toBe("too_many_hops")
    },
  )

  test.each([
    ["echo", {}, 1],
    ["echo", { [key]: 0 }, 1],
    ["echo", { [key]: 7, "x/y": 1 }, 8],
    ["composed", {}, 1],
    ["composed", { [key]: 3 }, 4],
  ])("is counted where it goes on: %s %j", async (name, _meta, told) => {
    seen.length = 0
    await ask(gateway.port, agent, "tools/call", { name, arguments: {}, _meta })
    expect(seen).toEqual([told])
  })
})
