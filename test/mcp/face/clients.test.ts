import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from "@modelcontextprotocol/client"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { ToolListChangedNotificationSchema } from "@modelcontextprotocol/sdk/types.js"
import { describe, expect, onTestFinished, test } from "vitest"

import { type FakeBackend, fakeGateway } from "../../support/face-gateway.ts"
import { as, faceServer, session } from "../../support/face-server.ts"
import { eventually } from "../../support/face-stream.ts"

const sketch = {
  tools: { "search@1.0.0": {}, "search@2.0.0": {}, "store@1.0.0": {}, "secret@1.0.0": {} },
  agents: { "reader@1": ["search@1.0.0", "store@1.0.0"] },
}
const info = { name: "test", version: "1" }

describe("the official client of SDK 1.x", () => {
  async function connect() {
    const gateway = fakeGateway(sketch)
    const { url } = await faceServer(gateway)
    const transport = new StreamableHTTPClientTransport(new URL(url), {
      requestInit: { headers: as("reader@1") },
    })
    const client = new Client(info)
    await client.connect(transport)
    onTestFinished(() => client.close())
    return { client, transport, gateway }
  }

  test("lists and calls what its agent depends on", async () => {
    const { client } = await connect()
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(["search", "store"])
    const result = await client.callTool({ name: "search", arguments: { q: "x" } })
    expect(result.content).toEqual([{ type: "text", text: 'backend_search {"q":"x"}' }])
    expect(client.getServerVersion()).toEqual({ name: "postern", version: "0.0.1" })
  })

  test("pings, and ends its session for good", async () => {
    const { client, transport } = await connect()
    expect(await client.ping()).toEqual({})
    await transport.terminateSession()
    expect(transport.sessionId).toBeUndefined()
  })

  test("learns that an undeclared tool is unknown", async () => {
    const { client, gateway } = await connect()
    await expect(client.callTool({ name: "secret" })).rejects.toThrow("Unknown tool: secret")
    expect(gateway.calls).toEqual([])
  })
})

const changedSketch = { ...sketch, agents: { "reader@1": ["search@1.0.0"] } }
const quick = { limits: { listChangedDebounceMs: 5 } }
/** Reports its progress, then how often it did. */
const slow: FakeBackend = ({ meta, onNotification }) => {
  for (const progress of [1, 2])
    onNotification?.({
      jsonrpc: "2.0",
      method: "notifications/progress",
      params: { progressToken: meta?.["progressToken"] ?? "none", progress, total: 2 },
    })
  return { kind: "result", result: { content: [] } }
}

describe("what the official clients hear beside results", () => {
  test("SDK 1.x hears progress, and that its list has changed", async () => {
    const gateway = fakeGateway(sketch, slow)
    const { face, url } = await faceServer(gateway, quick)
    const transport = new StreamableHTTPClientTransport(new URL(url), {
      requestInit: { headers: as("reader@1") },
    })
    const client = new Client(info)
    const heard = Promise.withResolvers<void>()
    client.setNotificationHandler(ToolListChangedNotificationSchema, () => heard.resolve())
    await client.connect(transport)
    onTestFinished(() => client.close())
    const progress: number[] = []
    await client.callTool({ name: "search" }, undefined, {
      onprogress: (report) => progress.push(report.progress),
    })
    expect(progress).toEqual([1, 2])
    await eventually(() => face.stats().streams).toBe(1)
    gateway.swap(changedSketch)
    face.catalogChanged()
    await heard.promise
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(["search"])
  })

  test("SDK 2.x, modern, hears progress, and that its list has changed", async () => {
    const gateway = fakeGateway(sketch, slow)
    const { face, url } = await faceServer(gateway, quick)
    const transport = new ModernTransport(new URL(url), {
      requestInit: { headers: as("reader@1") },
    })
    const heard = Promise.withResolvers<string[]>()
    const client = new ModernClient(info, {
      versionNegotiation: { mode: { pin: "2026-07-28" } },
      listChanged: {
        tools: { onChanged: (_, tools) => heard.resolve((tools ?? []).map(({ name }) => name)) },
      },
    })
    await client.connect(transport)
    onTestFinished(() => client.close())
    const progress: number[] = []
    await client.callTool(
      { name: "search" },
      { onprogress: (report) => void progress.push(report.progress) },
    )
    expect(progress).toEqual([1, 2])
    await eventually(() => face.stats().streams).toBe(1)
    gateway.swap(changedSketch)
    face.catalogChanged()
    expect(await heard.promise).toEqual(["search"])
  })

  test("SDK 1.x that carries on with a session nobody knows is told so", async () => {
    const foreign = { kid: "k1", key: new Uint8Array(32).fill(8) }
    const gateway = fakeGateway(sketch)
    const { url } = await faceServer(gateway)
    const other = await faceServer(gateway, { sessionKeys: [foreign] })
    const stale = await session(other.port, "reader@1")
    const transport = new StreamableHTTPClientTransport(new URL(url), {
      requestInit: { headers: as("reader@1") },
      sessionId: String(stale["mcp-session-id"]),
    })
    const client = new Client(info)
    await client.connect(transport) // carries the stale id on, so it does not initialize
    onTestFinished(() => client.close())
    await expect(client.listTools()).rejects.toThrow("Session not found")
  })
})

describe.each([
  ["legacy", { mode: "legacy" }],
  ["modern", { mode: { pin: "2026-07-28" } }],
] as const)("the official client of SDK 2.x, %s", (_, versionNegotiation) => {
  async function connect() {
    const gateway = fakeGateway(sketch)
    const { url } = await faceServer(gateway)
    const transport = new ModernTransport(new URL(url), {
      requestInit: { headers: as("reader@1") },
    })
    const client = new ModernClient(info, { versionNegotiation })
    await client.connect(transport)
    onTestFinished(() => client.close())
    return { client, gateway }
  }

  test("lists and calls what its agent depends on", async () => {
    const { client } = await connect()
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(["search", "store"])
    const result = await client.callTool({ name: "search", arguments: { q: "x" } })
    expect(result.content).toEqual([{ type: "text", text: 'backend_search {"q":"x"}' }])
  })

  test("learns that an undeclared tool is unknown", async () => {
    const { client, gateway } = await connect()
    await expect(client.callTool({ name: "secret" })).rejects.toThrow("Unknown tool: secret")
    expect(gateway.calls).toEqual([])
  })
})
