import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from "@modelcontextprotocol/client"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { describe, expect, onTestFinished, test } from "vitest"

import { fakeGateway } from "../../support/face-gateway.ts"
import { as, faceServer } from "../../support/face-server.ts"

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
