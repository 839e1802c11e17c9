import { fileURLToPath } from "node:url"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { ToolListChangedNotificationSchema } from "@modelcontextprotocol/sdk/types.js"
import { describe, expect, onTestFinished, test } from "vitest"
import { serveLegacy } from "../support/backend-http.ts"
import { startGateway, type TestGateway } from "../support/e2e-gateway.ts"
import { becomes, until } from "../support/e2e-process.ts"
import { as, events, http, json, legacy, post, session } from "../support/face-server.ts"
import { sessionStream } from "../support/face-stream.ts"

const child = fileURLToPath(import.meta.resolve("../support/backend-child.ts"))
const tools = ["echo", "progress", "tell"]
const registry = (server: string, agents: Record<string, string[]> = { a: tools, b: tools }) => ({
  tools: Object.fromEntries(tools.map((tool) => [tool, server])),
  agents,
})
const env = { SESSION_KEY: "a session key that only a test would use" }
const key = { session: { key: "${SESSION_KEY}" } }

const call = (name: string, args: object, id: string | number, meta: object = {}) =>
  legacy("tools/call", { name, arguments: args, _meta: meta }, id)

async function start(sketch: Parameters<typeof startGateway>[0]): Promise<TestGateway> {
  const gateway = await startGateway({ env, ...sketch, config: { ...key, ...sketch.config } })
  onTestFinished(() => gateway[Symbol.asyncDispose]())
  return gateway
}

describe("a gateway that is started again with the same key", () => {
  test("goes on with a client that knows of nothing, its calls and its stream", async () => {
    const backend = await serveLegacy()
    const servers = { "web:1.0.0": { url: backend.url } }
    const first = await start({ registry: registry("web"), servers })
    const client = new Client({ name: "survivor", version: "1.0.0" })
    let heard = 0
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => void heard++)
    const headers = as("a@1.0.0")
    const transport = new StreamableHTTPClientTransport(new URL(first.url), {
      requestInit: { headers },
      reconnectionOptions: {
        initialReconnectionDelay: 50,
        maxReconnectionDelay: 500,
        reconnectionDelayGrowFactor: 1.5,
        maxRetries: 100,
      },
    })
    await client.connect(transport as never) // its own types disagree under exactOptionalPropertyTypes
    onTestFinished(() => client.close())
    const streams = async (gateway: TestGateway) => {
      const { face } = await gateway.status()
      return (face as { streams: number }).streams
    }
    await until(async () => expect(await streams(first)).toBe(1))
    const echo = async (n: number) => {
      const { content } = await client.callTool({ name: "echo", arguments: { n } })
      return (content as { text: string }[])[0]?.text
    }
    expect(await echo(1)).toBe('{"n":1}')
    const { sessionId } = transport
    await first.stop()
    const second = await start({
      registry: registry("web"),
      servers,
      config: { listen: { port: first.port }, limits: { listChangedDebounce: "20ms" } },
    })
    expect(await echo(2)).toBe('{"n":2}')
    expect(transport.sessionId).toBe(sessionId)
    await until(async () => expect(await streams(second)).toBe(1))
    second.writeRegistry(registry("web", { a: ["echo"], b: tools }))
    await until(() => expect(heard).toBeGreaterThan(0))
  })
})

describe("a server that forgot its sessions", () => {
  test("is initialized once more in the middle of calls, and its resources are followed again", async () => {
    const backend = await serveLegacy()
    const gateway = await start({
      registry: registry("web"),
      servers: { "web:1.0.0": { url: backend.url } },
    })
    const mine = await session(gateway.port, "a@1.0.0")
    const stream = await sessionStream(gateway.port, mine)
    const uri = "test://watched"
    expect(
      json(await post(gateway.port, legacy("resources/subscribe", { uri }), mine)),
    ).toMatchObject({ result: {} })
    const calls = Array.from({ length: 300 }, async (_, n) => {
      if (n === 150) backend.forget()
      const answer = json(await post(gateway.port, call("echo", { n }, n), mine))
      return (answer as { result?: { content: { text: string }[] } }).result?.content[0]?.text
    })
    expect(await Promise.all(calls)).toEqual(calls.map((_, n) => `{"n":${n}}`))
    backend.cut() // its stream of before, which nobody keeps alive after a real restart
    await stream.arrived(1)
    const told = { method: "notifications/resources/updated", params: { uri, after: 1 } }
    await until(async () => {
      await post(gateway.port, call("tell", { ...told, ...told.params }, 1), mine)
      expect(stream.messages()).toContainEqual({
        jsonrpc: "2.0",
        ...told,
        params: expect.objectContaining({ after: 1 }),
      })
    })
  })
})

describe("a client that vanished", () => {
  test("has no session after its time, open stream or not, and the metrics say so", async () => {
    const gateway = await start({
      registry: registry("web"),
      config: { limits: { sessionIdle: "400ms" } },
    })
    const stream = await sessionStream(gateway.port, await session(gateway.port, "a@1.0.0"))
    const gauge = async (name: string) => {
      const { text } = await gateway.admin("/metrics")
      return Number(new RegExp(`^postern_${name} (\\S+)$`, "m").exec(text)?.[1])
    }
    await stream.over()
    await becomes(async () => (await gauge("sessions")) === 0, "no sessions")
    expect(await gauge("streams")).toBe(0)
    expect(await gauge("replay_bytes")).toBe(0)
  })
})

const lanes = 8

/** Every eighth of a thousand calls of one caller, each answered with what was said; returns all that came. */
async function talk(port: number, name: string, headers: Record<string, string>, lane: number) {
  const texts: string[] = []
  for (let n = lane; n < 1_000; n += lanes) {
    const mine = { caller: name, n, secret: `of ${name}` }
    const meta = { progressToken: n }
    const [echoed, progressed] = await Promise.all([
      post(port, call("echo", mine, n, meta), headers),
      post(port, call("progress", mine, `p${n}`, meta), headers),
    ])
    const content = [{ text: JSON.stringify(mine) }]
    expect(json(echoed)).toMatchObject({ id: n, result: { content } })
    const heard = events(progressed.text) as { params?: object; id?: unknown }[]
    expect(heard.map(({ params, id }) => params ?? id)).toMatchObject([
      ...[1, 2, 3].map((progress) => ({ progress, progressToken: n })),
      `p${n}`,
    ])
    texts.push(echoed.text, progressed.text)
  }
  return texts
}

describe("two callers, interleaved by the thousand", () => {
  test.each([
    ["one child", async () => ({ command: process.execPath, args: [child, "legacy"] })],
    ["one HTTP session", async () => ({ url: (await serveLegacy()).url })],
  ])("on %s hear nothing of each other, with equal ids and tokens", async (_, server) => {
    const gateway = await start({
      registry: registry("web"),
      servers: { "web:1.0.0": await server() },
    })
    const callers = await Promise.all(
      ["a", "b"].map(async (name) => ({
        name,
        headers: await session(gateway.port, `${name}@1.0.0`),
      })),
    )
    const others = { a: "of b", b: "of a" } as const
    const texts = callers.flatMap(({ name, headers }) =>
      Array.from({ length: lanes }, (_unused, lane) => talk(gateway.port, name, headers, lane)),
    )
    const [ofA = [], ofB = []] = [texts.slice(0, lanes), texts.slice(lanes)]
    expect((await Promise.all(ofA)).flat().join()).not.toContain(others.a)
    expect((await Promise.all(ofB)).flat().join()).not.toContain(others.b)
    const { servers } = await gateway.status()
    expect(servers).toMatchObject([{ strays: 0, restarts: 0 }])
  })

  test("cannot answer, end, resume or follow each other's sessions", async () => {
    const gateway = await start({ registry: registry("web") })
    const mine = await session(gateway.port, "a@1.0.0")
    const stream = await sessionStream(gateway.port, mine)
    const theirs = { ...mine, ...as("b@1.0.0") }
    const attempts = [
      await post(gateway.port, { jsonrpc: "2.0", id: "q1", result: { action: "accept" } }, theirs),
      await post(gateway.port, legacy("resources/subscribe", { uri: "x:1" }), theirs),
      await post(gateway.port, call("echo", {}, 1), theirs),
      await http(gateway.port, { method: "DELETE", headers: theirs }),
      await http(gateway.port, {
        method: "GET",
        headers: { ...theirs, accept: "text/event-stream", "last-event-id": "x.1.1" },
      }),
    ]
    expect(attempts.map(({ status }) => status)).toEqual([404, 404, 404, 404, 404])
    expect(stream.isOver()).toBe(false)
    expect((await post(gateway.port, legacy("ping"), mine)).status).toBe(200)
  })
})
