import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import {
  ElicitationCompleteNotificationSchema,
  ElicitRequestSchema,
} from "@modelcontextprotocol/sdk/types.js"
import { expect, onTestFinished, test } from "vitest"
import { json, serve } from "../support/backend-http.ts"
import { servePagesOldSdk } from "../support/backend-sdk.ts"
import { until } from "../support/backend-world.ts"
import { startGateway } from "../support/e2e-gateway.ts"

/** The official legacy client, which agrees to visit every page; `done` is the pages that it heard the end of. */
async function connect(url: string) {
  const done: string[] = []
  const capabilities = { elicitation: { url: {} } }
  const client = new Client({ name: "test", version: "1" }, { capabilities })
  client.setRequestHandler(ElicitRequestSchema, () => ({ action: "accept" }))
  client.setNotificationHandler(ElicitationCompleteNotificationSchema, ({ params }) => {
    done.push(params.elicitationId)
  })
  const headers = { "x-agent-name": "a", "x-agent-version": "1.0.0" }
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } })
  await client.connect(transport as Parameters<typeof client.connect>[0])
  onTestFinished(() => client.close())
  const call = (name: string, id: string) => client.callTool({ name, arguments: { id } })
  return { call, done }
}

test("who was given a page hears when it is done, after the call, and nobody else", async () => {
  const server = await servePagesOldSdk()
  const inputSchema = { type: "object", properties: { id: { type: "string" } } }
  const tool = { server: "pages", inputSchema }
  await using gateway = await startGateway({
    registry: { tools: { page: tool, refuse: tool }, agents: { a: ["page", "refuse"] } },
    servers: { "pages:1.0.0": { url: server.url } },
  })
  // Two sessions of one agent, which the server has in one session of its own.
  const [one, other] = [await connect(gateway.url), await connect(gateway.url)]
  expect(await one.call("page", "p-1")).toMatchObject({ content: [{ text: "accept" }] })
  expect(await other.call("page", "p-2")).toMatchObject({ content: [{ text: "accept" }] })
  await expect(one.call("refuse", "p-3")).rejects.toMatchObject({ code: -32042 })
  await other.call("page", "p-4")
  await one.call("page", "p-4") // given to both, so it cannot be told whose it is
  for (const id of ["p-4", "p-1", "p-2", "p-3"]) await server.done(id)
  await until(() => one.done.length === 2 && other.done.length === 1)
  expect([one.done, other.done]).toEqual([["p-1", "p-3"], ["p-2"]])

  await other.call("page", "p-5")
  for (const id of ["p-1", "p-2", "p-5"]) await server.done(id)
  await until(() => other.done.length === 2)
  expect([one.done, other.done]).toEqual([
    ["p-1", "p-3"],
    ["p-2", "p-5"],
  ])
})

test("also when the server says so on the stream of the call, after its answer", async () => {
  const server = await serve(({ id, method }, response) => {
    if (method === "initialize")
      return json(response, {
        jsonrpc: "2.0",
        id,
        result: { ...greeting, protocolVersion: "2025-11-25" },
      })
    if (method !== "tools/call")
      return json(response, { jsonrpc: "2.0", id, result: { tools: [] } })
    const say = (message: object) =>
      response.write(`data: ${JSON.stringify({ jsonrpc: "2.0", ...message })}\n\n`)
    response.writeHead(200, { "content-type": "text/event-stream" })
    const page = {
      mode: "url",
      message: "Sign in",
      url: "https://example.com/page",
      elicitationId: "p-9",
    }
    say({ id, error: { code: -32042, message: "Visit it", data: { elicitations: [page] } } })
    say({ method: "notifications/elicitation/complete", params: { elicitationId: "p-9" } })
    response.end()
  })
  await using gateway = await startGateway({
    registry: { tools: { page: { server: "pages" } }, agents: { a: ["page"] } },
    servers: { "pages:1.0.0": { url: server.url, era: "legacy" } },
  })
  const one = await connect(gateway.url)
  await expect(one.call("page", "p-9")).rejects.toMatchObject({ code: -32042 })
  await until(() => one.done.length === 1)
  expect(one.done).toEqual(["p-9"])
})

const greeting = { capabilities: { tools: {} }, serverInfo: { name: "pages", version: "1" } }
