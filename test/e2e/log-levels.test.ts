import { join } from "node:path"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import {
  type LoggingLevel,
  LoggingMessageNotificationSchema,
} from "@modelcontextprotocol/sdk/types.js"
import { describe, expect, onTestFinished, test } from "vitest"
import { serveLogging } from "../support/backend-logging.ts"
import { callTool, logged, startGateway } from "../support/e2e-gateway.ts"
import { ask, events } from "../support/face-server.ts"

const through = (url: string, isolation = "shared") =>
  startGateway({
    registry: { tools: { say: { server: "logging" } }, agents: { a: ["say"], b: ["say"] } },
    servers: { "logging:1.0.0": { url, isolation } },
  })

/** The official legacy client; `say` is the levels of what it is told while its call runs. */
async function connect(url: string, agent: string) {
  const said: string[] = []
  const client = new Client({ name: "test", version: "1" })
  client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => {
    said.push(params.level)
  })
  const headers = { "x-agent-name": agent, "x-agent-version": "1.0.0" }
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } })
  await client.connect(transport as Parameters<typeof client.connect>[0])
  onTestFinished(() => client.close())
  return {
    wants: (level: LoggingLevel) => client.setLoggingLevel(level),
    async say() {
      await client.callTool({ name: "say" })
      return said.splice(0)
    },
  }
}

describe("the level of a legacy server's session", () => {
  test("is what its most curious caller wants, told once per change; each hears its own", async () => {
    const server = await serveLogging()
    await using gateway = await through(server.url)
    const [one, other, silent] = await Promise.all([
      connect(gateway.url, "a"),
      connect(gateway.url, "b"),
      connect(gateway.url, "b"),
    ])
    expect([await one.say(), server.told]).toEqual([[], []])

    await one.wants("error")
    expect([await one.say(), server.told]).toEqual([["error"], ["error"]])
    expect([await silent.say(), server.told]).toEqual([
      ["info", "error"],
      ["error", "info"],
    ])
    await other.wants("debug")
    expect(await other.say()).toEqual(["debug", "info", "error"])
    expect(await one.say()).toEqual(["error"])
    expect(await silent.say()).toEqual(["info", "error"])
    expect(server.told).toEqual(["error", "info", "debug"])

    await other.wants("emergency")
    expect(await other.say()).toEqual([])
    expect(server.told).toEqual(["error", "info", "debug", "info"])
  })

  test("is told again where the server forgot the session, before the call that found out", async () => {
    const server = await serveLogging()
    await using gateway = await through(server.url)
    const client = await connect(gateway.url, "a")
    await client.wants("debug")
    await client.say()
    server.forget()
    expect(await client.say()).toEqual(["debug", "info", "error"])
    expect(server.told).toEqual(["debug", "debug"])
  })

  test("is each caller's own where sessions are not shared", async () => {
    const server = await serveLogging()
    await using gateway = await through(server.url, "session")
    const [one, other] = [await connect(gateway.url, "a"), await connect(gateway.url, "a")]
    await one.wants("error")
    await other.wants("info")
    expect([await one.say(), await other.say()]).toEqual([["error"], ["info", "error"]])
    expect(server.told).toEqual(["error", "info"])
  })

  test("is what a modern request asks for, too", async () => {
    const server = await serveLogging()
    await using gateway = await through(server.url)
    const heard = async (level?: string) => {
      const _meta = level && { "io.modelcontextprotocol/logLevel": level }
      const params = { name: "say", ...(_meta && { _meta }) }
      const { text } = await ask(gateway.port, "a", "tools/call", params)
      return events(text).flatMap((event) => (event as Said).params?.level ?? [])
    }
    expect([await heard(), server.told]).toEqual([[], []])
    expect([await heard("error"), await heard("info")]).toEqual([["error"], ["info", "error"]])
    expect([await heard(), server.told]).toEqual([[], ["error", "info"]])
  })

  test("a server that takes no level is asked once, and serves on", async () => {
    const server = await serveLogging({ refuses: true })
    await using gateway = await through(server.url)
    const client = await connect(gateway.url, "a")
    await client.wants("debug")
    await Promise.all([client.say(), client.say(), client.say()])
    expect(server.told).toEqual(["debug"])
    expect(await logged(gateway, "backend_level_refused")).toMatchObject({ reason: "not now" })
  })
})

const child = join(import.meta.dirname, "../support/backend-logging-child.ts")

describe("a legacy server over stdio", () => {
  const piped = (isolation: string, args: readonly string[] = []) =>
    startGateway({
      registry: { tools: { say: { server: "logging" } }, agents: { a: ["say"], b: ["say"] } },
      servers: {
        "logging:1.0.0": { command: process.execPath, args: [child, ...args], isolation },
      },
    })

  test("with a process for each session is told its level, and what it says is that session's", async () => {
    await using gateway = await piped("session")
    const [one, other] = [await connect(gateway.url, "a"), await connect(gateway.url, "b")]
    expect(await one.say()).toEqual([])
    await one.wants("error")
    await other.wants("debug")
    expect(await one.say()).toEqual(["error"])
    expect(await other.say()).toEqual(["debug", "info", "error"])
    await one.wants("info")
    expect(await one.say()).toEqual(["info", "error"])
  })

  test("that takes no level serves on", async () => {
    await using gateway = await piped("principal", ["refuses"])
    const client = await connect(gateway.url, "a")
    await client.wants("debug")
    expect(await client.say()).toEqual([])
    expect(await logged(gateway, "backend_level_refused")).toMatchObject({ reason: "not now" })
  })

  test("that all callers share is told none: what it says there could be anybody's", async () => {
    await using gateway = await piped("shared")
    const client = await connect(gateway.url, "a")
    await client.wants("debug")
    expect(await client.say()).toEqual([])
    expect(await callTool(gateway, "a", "say")).toMatchObject({ content: [{ text: "" }] })
  })
})

interface Said {
  readonly params?: { readonly level: string }
}
