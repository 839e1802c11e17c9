import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { ListRootsRequestSchema } from "@modelcontextprotocol/sdk/types.js"
import { expect, onTestFinished, test } from "vitest"
import { serveRootsOldSdk } from "../support/backend-sdk.ts"
import { until } from "../support/backend-world.ts"
import { startGateway } from "../support/e2e-gateway.ts"

/** The official legacy client; without `uri` it has no roots. */
async function connect(url: string, uri?: string) {
  const capabilities = uri === undefined ? {} : { roots: { listChanged: true } }
  const client = new Client({ name: "test", version: "1" }, { capabilities })
  let current = uri
  if (uri !== undefined)
    client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: [{ uri: String(current) }] }))
  const headers = { "x-agent-name": "a", "x-agent-version": "1.0.0" }
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } })
  await client.connect(transport as Parameters<typeof client.connect>[0])
  onTestFinished(() => client.close())
  return {
    roots: async () => (await client.callTool({ name: "roots" })).content,
    async moveTo(next: string) {
      current = next
      await client.sendRootsListChanged()
    },
    notify: () => transport.send({ jsonrpc: "2.0", method: "notifications/roots/list_changed" }),
  }
}

const says = (text: string) => [{ type: "text", text }]

test("a legacy server that keeps a client's roots learns that they changed, and of nobody else's", async () => {
  const server = await serveRootsOldSdk()
  await using gateway = await startGateway({
    registry: { tools: { roots: { server: "rooted" } }, agents: { a: ["roots"] } },
    servers: { "rooted:1.0.0": { url: server.url } },
  })
  const one = await connect(gateway.url, "file:///one")
  const other = await connect(gateway.url, "file:///other")
  const rootless = await connect(gateway.url)
  expect(await one.roots()).toEqual(says("file:///one"))
  expect(await other.roots()).toEqual(says("file:///other"))
  expect(await rootless.roots()).toEqual(says("none"))

  await rootless.notify()
  await one.moveTo("file:///moved")
  await until(() => server.changes().length > 0)
  expect(await one.roots()).toEqual(says("file:///moved"))
  expect(await other.roots()).toEqual(says("file:///other"))
  expect(server.changes()).toEqual(["file:///one"])
})
