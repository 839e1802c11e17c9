import { expect, test } from "vitest"
import type { Message } from "../support/backend-behaviour.ts"
import { json, serve } from "../support/backend-http.ts"
import { callTool, startGateway } from "../support/e2e-gateway.ts"

/** A modern server whose tool wants its argument `region` mirrored under the header that `wanted` gives, and counts. */
async function mirroring(wanted: () => string) {
  const count = { executed: 0, lists: 0 }
  const server = await serve(({ id, method }: Message, response, { headers }) => {
    const header = wanted()
    const region = { type: "string", "x-mcp-header": header }
    const find = { name: "find", inputSchema: { type: "object", properties: { region } } }
    if (method === "tools/call" && headers[`mcp-param-${header.toLowerCase()}`] !== "eu") {
      const message = `Header mismatch: Mcp-Param-${header} is missing`
      json(response, { jsonrpc: "2.0", id, error: { code: -32020, message } }, 400)
      return
    }
    if (method === "tools/list") count.lists++
    if (method === "tools/call") count.executed++
    const results: Record<string, object> = {
      "server/discover": { supportedVersions: ["2026-07-28"], capabilities: { tools: {} } },
      "tools/list": { tools: [find], ttlMs: 600_000, cacheScope: "private" },
      "tools/call": { content: [{ type: "text", text: "found" }] },
    }
    const result = { resultType: "complete", ...results[method ?? ""] }
    json(response, { jsonrpc: "2.0", id, result })
  })
  return { url: server.url, count, calls: () => server.methods().filter((m) => m === "tools/call") }
}

const through = (url: string) =>
  startGateway({
    registry: { tools: { find: { server: "own" } }, agents: { a: ["find"] } },
    servers: { "own:1.0.0": { url } },
  })
const eu = { region: "eu" }

test("a call refused for a header that is wanted now is sent once more, by the list of now", async () => {
  let header = "Region"
  const server = await mirroring(() => header)
  await using gateway = await through(server.url)
  expect(await callTool(gateway, "a", "find", eu)).toMatchObject({ content: [{ text: "found" }] })
  expect(server.calls()).toHaveLength(2)
  header = "Area"
  expect(await callTool(gateway, "a", "find", eu)).toMatchObject({ content: [{ text: "found" }] })
  expect(server.calls()).toHaveLength(4)
  expect(await callTool(gateway, "a", "find", eu)).toMatchObject({ content: [{ text: "found" }] })
  expect(server.calls()).toHaveLength(5) // what was learned is known
  expect(server.count.executed).toBe(3)
})

test("a call that is refused again has failed, and is sent no third time", async () => {
  let turn = 0
  const server = await mirroring(() => `Never${turn++}`)
  await using gateway = await through(server.url)
  expect(await callTool(gateway, "a", "find", eu)).toMatchObject({ isError: true })
  expect(server.calls()).toHaveLength(2)
  expect(server.count.executed).toBe(0)
})
