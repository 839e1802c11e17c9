import { join } from "node:path"
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { describe, expect, test } from "vitest"
import { serve } from "../support/backend-http.ts"
import { type Eras, openFixture } from "../support/conformance-fixture.ts"
import { startGateway, type TestGateway } from "../support/e2e-gateway.ts"
import { ask } from "../support/face-server.ts"

const everything = join(
  import.meta.dirname,
  "../../node_modules/@modelcontextprotocol/server-everything/dist/index.js",
)
const agent = { requestInit: { headers: { "x-agent-name": "a", "x-agent-version": "1.0.0" } } }

type AnyClient = Pick<
  Client,
  "listResources" | "listPrompts" | "readResource" | "getPrompt" | "complete" | "close"
>

async function v1({ url }: TestGateway): Promise<AnyClient> {
  const client = new ClientV1({ name: "official-v1", version: "1.0.0" })
  await client.connect(new TransportV1(new URL(url), agent) as never) // its own types disagree under exactOptionalPropertyTypes
  return client as unknown as AnyClient
}

const v2 =
  (mode: "legacy" | { pin: string }) =>
  async ({ url }: TestGateway): Promise<AnyClient> => {
    const client = new Client(
      { name: "official-v2", version: "2.0.0" },
      { versionNegotiation: { mode } },
    )
    await client.connect(new StreamableHTTPClientTransport(new URL(url), agent))
    return client
  }

const clients = [
  ["the v1 client", v1],
  ["the v2 client, legacy", v2("legacy")],
  ["the v2 client, modern", v2({ pin: "2026-07-28" })],
] as const

/** The fixture over HTTP, a server of npm over stdio, and one that never answers. */
async function openGateway(url: string, silent: string): Promise<TestGateway> {
  return await startGateway({
    registry: {
      tools: {
        test_simple_text: { server: "fixture" },
        echo: { server: "everything" },
        late: { server: "late" },
      },
      agents: { a: ["test_simple_text", "echo", "late"], b: ["test_simple_text"], c: ["late"] },
    },
    servers: {
      "fixture:1.0.0": { url, resources: ["test://static-*", "test://template/*"] },
      "everything:1.0.0": { command: "node", args: [everything, "stdio"] },
      "late:1.0.0": { url: silent },
    },
    config: { limits: { backendListWait: "3s" } },
  })
}

describe.each<Eras>(["legacy", "modern"])(
  "content of a %s server and of others beside it",
  (eras) => {
    // each waits some seconds for the server that never answers: side by side
    test.concurrent.for(clients)("for %s", { timeout: 60_000 }, async ([, connect], { expect }) => {
      await using fixture = await openFixture(eras)
      const silent = await serve(() => {})
      await using gateway = await openGateway(fixture.url, silent.url)
      const client = await connect(gateway)

      const { resources } = await client.listResources()
      const uris = resources.map(({ uri }) => uri)
      expect(uris).toContain("test://static-text")
      expect(uris).not.toContain("test://watched-resource") // no pattern of configuration fits it
      expect(uris.filter((uri) => !uri.startsWith("test://")).length).toBeGreaterThan(0)

      const read = await client.readResource({ uri: "test://static-text" })
      expect(read.contents).toMatchObject([{ uri: "test://static-text", mimeType: "text/plain" }])
      const made = await client.readResource({ uri: "test://template/7/data" })
      expect(made.contents).toMatchObject([{ uri: "test://template/7/data" }])
      for (const uri of ["test://watched-resource", "test://nowhere"])
        await expect(client.readResource({ uri })).rejects.toThrow(`Resource not found: ${uri}`)

      const { prompts } = await client.listPrompts()
      const names = prompts.map(({ name }) => name)
      expect(names).toContain("test_simple_prompt")
      expect(names.length).toBeGreaterThan(5) // those of both servers
      const args = { arg1: "x", arg2: "y" }
      const got = await client.getPrompt({ name: "test_prompt_with_arguments", arguments: args })
      expect(JSON.stringify(got.messages)).toContain("arg1='x', arg2='y'")
      await expect(client.getPrompt({ name: "no_such_prompt" })).rejects.toThrow("Unknown prompt")
      const { completion } = await client.complete({
        ref: { type: "ref/prompt", name: "test_prompt_with_arguments" },
        argument: { name: "arg1", value: "par" },
      })
      expect(completion.values).toEqual(["paris", "park", "party"])
      await client.close()
    })
  },
)

test("capabilities are those of the caller's servers, once these are known", async () => {
  await using fixture = await openFixture("modern")
  const bare = await serve(({ id, method }, response) => {
    const discovered = { supportedVersions: ["2026-07-28"], capabilities: { tools: {} } }
    const result = method === "server/discover" ? discovered : { tools: [], content: [] }
    response.writeHead(200, { "content-type": "application/json" })
    response.end(JSON.stringify({ jsonrpc: "2.0", id, result }))
  })
  await using gateway = await openGateway(fixture.url, bare.url)
  const capabilities = async (who: string) =>
    JSON.parse((await ask(gateway.port, who, "server/discover")).text).result.capabilities
  expect(Object.keys(await capabilities("c"))).toContain("prompts") // it could have some: nobody asked yet
  await ask(gateway.port, "c", "tools/call", { name: "late" })
  const { tools, ...others } = await capabilities("c")
  expect(tools).toBeDefined()
  expect(others).toEqual({})
  expect(Object.keys(await capabilities("b"))).toEqual(
    expect.arrayContaining(["resources", "prompts", "completions", "logging"]),
  )
})

test("a trace goes on to the server, in _meta and in headers", async () => {
  const seen: unknown[] = []
  const own = await serve(({ id, method, params }, response, { headers }) => {
    if (method === "tools/call") {
      const { traceparent, tracestate, baggage } = headers
      seen.push({ traceparent, tracestate, baggage, meta: params?._meta })
    }
    const discovered = { supportedVersions: ["2026-07-28"], capabilities: {} }
    const result = method === "server/discover" ? discovered : { content: [] }
    response.writeHead(200, { "content-type": "application/json" })
    response.end(JSON.stringify({ jsonrpc: "2.0", id, result }))
  })
  await using gateway = await openGateway("http://127.0.0.1:1/mcp", own.url)
  const traceparent = `00-${"a".repeat(32)}-${"b".repeat(16)}-01`
  const call = { name: "late", arguments: {} }
  await ask(gateway.port, "c", "tools/call", call, { traceparent, tracestate: "x=1" })
  await ask(gateway.port, "c", "tools/call", {
    ...call,
    _meta: { traceparent, baggage: "k=v\r\nx: y", "com.example/own": 1, "dev.postern/trust": "x" },
  })
  expect(seen).toMatchObject([
    { traceparent, tracestate: "x=1", meta: { traceparent, tracestate: "x=1" } },
    { traceparent, baggage: undefined, meta: { traceparent, "com.example/own": 1 } },
  ])
  expect(JSON.stringify(seen)).not.toContain("dev.postern/trust")
})
