import { createRequire } from "node:module"
import { dirname, join } from "node:path"
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { freePort } from "../../examples/support/gateway.ts"
import { startGateway, type TestGateway } from "../support/e2e-gateway.ts"

// The official servers from npm as they are, over stdio and HTTP, carried to the official clients.
const script = (name: string) =>
  join(
    dirname(createRequire(import.meta.url).resolve(`@modelcontextprotocol/${name}/package.json`)),
    "dist/index.js",
  )
const carried = { command: process.execPath, expose: "all", to: ["*"] }
const library = join(import.meta.dirname, "../../examples/library")
const names = ["everything", "everything-web", "files"]

let gateway: TestGateway
beforeAll(async () => {
  const port = await freePort()
  gateway = await startGateway({
    registry: JSON.stringify({
      schemaVersion: "2.0",
      schemas: [],
      servers: names.map((name) => ({ name, version: "1.0.0", provides: [] })),
      tools: [],
      agents: [],
    }),
    servers: {
      "everything:1.0.0": { ...carried, args: [script("server-everything"), "stdio"] },
      "everything-web:1.0.0": {
        ...carried,
        url: `http://127.0.0.1:${port}/mcp`,
        args: [script("server-everything"), "streamableHttp"],
        env: { PORT: String(port) },
        prefix: "web",
        resources: "none",
        prompts: "none",
      },
      "files:1.0.0": { ...carried, args: [script("server-filesystem"), library] },
    },
    config: {
      registry: {
        source: "file://./registry.json",
        validation: { runtime: { unknownCaller: "allow" } },
      },
      identity: { minTrust: "anonymous" },
      limits: { backendListWait: "20s" },
    },
  })
})
afterAll(() => gateway[Symbol.asyncDispose]())

type Connected = Pick<Client, "callTool" | "close" | "getPrompt" | "listTools" | "readResource"> & {
  listResources(): Promise<{ readonly resources: readonly { readonly uri: string }[] }>
}

async function v1(): Promise<Connected> {
  const client = new ClientV1({ name: "official-v1", version: "1.0.0" })
  await client.connect(new TransportV1(new URL(gateway.url)) as never) // its own types disagree under exactOptionalPropertyTypes
  return client as unknown as Connected
}

async function v2(mode: "legacy" | { readonly pin: string }): Promise<Connected> {
  const client = new Client(
    { name: "official-v2", version: "2.0.0" },
    { versionNegotiation: { mode } },
  )
  await client.connect(new StreamableHTTPClientTransport(new URL(gateway.url)))
  return client
}

describe.each([
  ["the official v1 client", v1],
  ["the official v2 client, legacy", () => v2("legacy")],
  ["the official v2 client, modern", () => v2({ pin: "2026-07-28" })],
] as const)("%s", (_, connect) => {
  test("uses the official servers over stdio and HTTP as if they were one", async () => {
    const client = await connect()
    const tools = new Set((await client.listTools()).tools.map(({ name }) => name))
    expect([...tools]).toEqual(expect.arrayContaining(["echo", "web__echo", "read_text_file"]))
    for (const name of ["echo", "web__echo"]) {
      const said = await client.callTool({ name, arguments: { message: "ahoy" } })
      expect(JSON.stringify(said.content)).toContain("ahoy")
    }
    const path = join(library, "tide-table.txt")
    const read = await client.callTool({ name: "read_text_file", arguments: { path } })
    expect(JSON.stringify(read.structuredContent)).toContain("04:12")
    const outside = { name: "read_text_file", arguments: { path: "/etc/hostname" } }
    expect(await client.callTool(outside)).toMatchObject({ isError: true })

    const [first] = (await client.listResources()).resources
    const { contents } = await client.readResource({ uri: String(first?.uri) })
    expect(contents).toMatchObject([{ uri: first?.uri }])
    const prompt = await client.getPrompt({ name: "simple-prompt" })
    expect(prompt.messages).toHaveLength(1)
    await client.close()
  })
})
