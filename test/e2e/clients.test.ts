import { execFile } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client"
import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type RunningGateway, startGateway } from "../../examples/support/gateway.ts"

// Real clients, the real gateway as a process, and behind it the real servers of config/postern.yaml.
let gateway: RunningGateway
beforeAll(async () => {
  gateway = await startGateway()
}, 30_000)
afterAll(() => gateway[Symbol.asyncDispose]())

const identity = (name: string, version: string) => ({
  requestInit: { headers: { "x-agent-name": name, "x-agent-version": version } },
})

interface AnyClient {
  listTools(): Promise<{ tools: { name: string }[] }>
  callTool(call: { name: string; arguments: Record<string, unknown> }): Promise<object>
  close(): Promise<void>
}

async function v1(name: string, version: string): Promise<AnyClient> {
  const client = new ClientV1({ name: "official-v1", version: "1.0.0" })
  await client.connect(new TransportV1(gateway.url, identity(name, version)) as never) // its own types disagree under exactOptionalPropertyTypes
  return client as AnyClient
}

async function v2(mode: "legacy" | "modern", name: string, version: string): Promise<AnyClient> {
  const client = new Client(
    { name: "official-v2", version: "2.0.0" },
    { versionNegotiation: { mode: mode === "legacy" ? "legacy" : { pin: "2026-07-28" } } },
  )
  await client.connect(new StreamableHTTPClientTransport(gateway.url, identity(name, version)))
  return client as AnyClient
}

describe.each([
  ["the official v1 client", v1],
  [
    "the official v2 client, legacy",
    (name: string, version: string) => v2("legacy", name, version),
  ],
  [
    "the official v2 client, modern",
    (name: string, version: string) => v2("modern", name, version),
  ],
] as const)("%s", (_, connect) => {
  test("lists what its agent depends on, calls it over HTTP and stdio, and is refused the rest", async () => {
    const client = await connect("research-agent", "2.1.0")
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toEqual(["list_files", "read_file", "search_documents"])
    const found = await client.callTool({ name: "search_documents", arguments: { query: "tide" } })
    expect(found).toMatchObject({
      structuredContent: { documents: [{ title: "Tides" }, { title: "Harbours" }] },
    })
    const read = await client.callTool({
      name: "read_file",
      arguments: { path: "tide-table.txt" },
    })
    expect(JSON.stringify(read)).toContain("high 04:12")
    await expect(
      client.callTool({ name: "delete_document", arguments: { id: 1 } }),
    ).rejects.toThrow("Unknown tool: delete_document")
    const wrong = await client.callTool({
      name: "search_documents",
      arguments: { query: "x", limit: 99 },
    })
    expect(wrong).toMatchObject({ isError: true })
    await client.close()
  })

  test("reaches the other version of the same tool as the other agent", async () => {
    const client = await connect("curator-agent", "1.0.0")
    const found = await client.callTool({
      name: "search_documents",
      arguments: { query: "tide gate", mode: "all" },
    })
    expect(found).toMatchObject({
      structuredContent: { documents: [{ title: "Harbours", score: 1 }], total: 1 },
    })
    await client.close()
  })

  test("is refused when nobody knows its agent", async () => {
    await expect(
      connect("stranger", "1.0.0").then((client) => client.listTools()),
    ).rejects.toThrow()
  })
})

describe("the inspector's command line", () => {
  const run = promisify(execFile)
  const home = mkdtempSync(join(tmpdir(), "inspector-"))
  afterAll(() => rmSync(home, { recursive: true, force: true }))

  test.each(["legacy", "modern"])(
    "lists and calls in the %s era",
    { timeout: 30_000 },
    async (era) => {
      const inspect = async (...args: string[]) => {
        const cli = join(import.meta.dirname, "../../node_modules/.bin/mcp-inspector")
        const all = [
          "--cli",
          gateway.url.href,
          "--transport",
          "http",
          "--protocol-era",
          era,
          "--format",
          "json",
          "--header",
          "X-Agent-Name: research-agent",
          "--header",
          "X-Agent-Version: 2.1.0",
          ...args,
        ]
        const env = { ...process.env, HOME: home }
        const { stdout } = await run(process.execPath, [cli, ...all], { env })
        return stdout
      }
      expect(await inspect("--method", "tools/list")).toContain("search_documents")
      const args = [
        "--method",
        "tools/call",
        "--tool-name",
        "search_documents",
        "--tool-args-json",
        '{"query":"rope"}',
      ]
      expect(await inspect(...args)).toContain("Ropes")
    },
  )
})
