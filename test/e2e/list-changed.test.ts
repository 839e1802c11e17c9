import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { ToolListChangedNotificationSchema } from "@modelcontextprotocol/sdk/types.js"
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import { startGateway, type TestGateway, textOf } from "../support/e2e-gateway.ts"
import { until } from "../support/e2e-process.ts"
import { session } from "../support/face-server.ts"
import { listening, sessionStream } from "../support/face-stream.ts"

const tools = { one: "web", two: "web", three: "web" }
const document = (agents: Record<string, string[]>, more: Record<string, string> = {}) =>
  textOf({ tools: { ...tools, ...more }, agents })

let gateway: TestGateway
beforeAll(async () => {
  gateway = await startGateway({
    registry: document({ a: ["one"], b: ["one"] }),
    config: { limits: { listChangedDebounce: "50ms" } },
  })
})
afterAll(() => gateway[Symbol.asyncDispose]())

/** A client of the official SDK, version 1: how often it heard that its list changed. */
async function official(agent: string) {
  const client = new Client({ name: "listener", version: "1.0.0" })
  let heard = 0
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => void heard++)
  const headers = { "x-agent-name": agent, "x-agent-version": "1.0.0" }
  const transport = new StreamableHTTPClientTransport(new URL(gateway.url), {
    requestInit: { headers },
  })
  const before = await streams()
  await client.connect(transport as never) // its own types disagree under exactOptionalPropertyTypes
  onTestFinished(() => client.close())
  await until(async () => expect(await streams()).toBe(before + 1))
  const names = async () => (await client.listTools()).tools.map(({ name }) => name)
  return { heard: () => heard, names }
}

const streams = async () => {
  const { face } = await gateway.status()
  return (face as { streams: number }).streams
}

/** Writes a document and waits until the gateway uses it. */
async function publish(text: string): Promise<void> {
  const generation = async () =>
    ((await gateway.status())["registry"] as { generation: number }).generation
  const before = await generation()
  gateway.writeRegistry(text)
  await until(async () => expect(await generation()).toBeGreaterThan(before))
}

/** After it, everybody has heard what there was to hear of earlier documents: this one changes `a` and `b`. */
const heardByAll = (document: string, ...listeners: { heard(): number }[]) => {
  const before = listeners.map((listener) => listener.heard())
  return publish(document).then(() =>
    until(() =>
      expect(listeners.map((listener) => listener.heard())).toEqual(before.map((n) => n + 1)),
    ),
  )
}

describe("a change of the list", () => {
  test("is heard by a legacy client whose own list it is, and by no other", async () => {
    await publish(document({ a: ["two"], b: ["two"] }))
    const [a, b] = [await official("a"), await official("b")]
    expect(await a.names()).toEqual(["two"])
    await publish(document({ a: ["one", "two"], b: ["two"] }))
    await until(() => expect(a.heard()).toBe(1))
    expect(await a.names()).toEqual(["one", "two"])
    await heardByAll(document({ a: ["three"], b: ["three"] }), a, b)
    expect([a.heard(), b.heard()]).toEqual([2, 1])
  })

  test("is heard by a modern listener whose own list it is, and by no other", async () => {
    await publish(document({ a: ["one"], b: ["one"], c: [] }))
    const [a, b] = [
      await listening(gateway.port, "a@1.0.0"),
      await listening(gateway.port, "b@1.0.0"),
    ]
    await Promise.all([a.arrived(1), b.arrived(1)])
    await publish(document({ a: ["one"], b: ["one", "two"], c: [] }))
    const [, changed] = await b.arrived(2)
    expect(changed).toEqual({
      jsonrpc: "2.0",
      method: "notifications/tools/list_changed",
      params: { _meta: { "io.modelcontextprotocol/subscriptionId": "sub-1" } },
    })
    await publish(document({ a: ["two"], b: ["two"], c: [] }))
    await Promise.all([a.arrived(2), b.arrived(3)])
    expect([a.messages().length, b.messages().length]).toEqual([2, 3])
  })

  test("is not heard when the document changed and nobody's list did", async () => {
    await publish(document({ a: ["one"], b: ["one"], d: [] }))
    const stream = await listening(gateway.port, "a@1.0.0")
    const legacy = await sessionStream(gateway.port, await session(gateway.port, "b@1.0.0"))
    await stream.arrived(1)
    await publish(document({ a: ["one"], b: ["one"] }, { four: "web" }))
    await publish(document({ a: ["one"], b: ["one"], e: ["four"] }, { four: "web" }))
    await publish(document({ a: ["one", "two"], b: ["one", "two"] }))
    await Promise.all([stream.arrived(2), legacy.arrived(1)])
    expect([stream.messages().length, legacy.messages().length]).toEqual([2, 1])
  })

  test("is heard when a tool is described in another way", async () => {
    await publish(document({ a: ["one"], b: [] }))
    const stream = await listening(gateway.port, "a@1.0.0")
    await stream.arrived(1)
    const described = { one: { server: "web", description: "in other words" } }
    await publish(textOf({ tools: described, agents: { a: ["one"], b: [] } }))
    await stream.arrived(2)
    expect(stream.messages()).toHaveLength(2)
  })
})

describe("a stream", () => {
  test("ends when whoever opened it is nobody any more", async () => {
    await publish(document({ a: ["one"], gone: ["one"] }))
    const [gone, a] = [
      await listening(gateway.port, "gone@1.0.0"),
      await listening(gateway.port, "a@1.0.0"),
    ]
    const legacy = await sessionStream(gateway.port, await session(gateway.port, "gone@1.0.0"))
    await Promise.all([gone.arrived(1), a.arrived(1)])
    await publish(document({ a: ["one", "two"] }))
    await Promise.all([gone.over(), legacy.over(), a.arrived(2)])
    expect(a.isOver()).toBe(false)
  })
})
