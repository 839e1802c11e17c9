import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from "@modelcontextprotocol/client"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js"
import { describe, expect, test } from "vitest"
import type { JsonObject } from "../../../src/schema/json.ts"
import { type BackendCall, openBackend } from "../../support/e2e-backend.ts"
import { startGateway, type TestGateway } from "../../support/e2e-gateway.ts"
import { ask } from "../../support/face-server.ts"
import { agentOf, sourceTool, toolDependency } from "../../support/registries.ts"

const names = ["find", "refund"]
const registry = JSON.stringify({
  schemaVersion: "2.0",
  servers: [{ name: "shop", version: "1.0.0", provides: names.map((tool) => ({ tool })) }],
  tools: [
    ...names.map((name) => sourceTool(name, { source: { server: "shop", tool: name } })),
    {
      name: "refund_order",
      version: "1.0.0",
      description: "Refund an order, once somebody has allowed it.",
      inputSchema: { type: "object", properties: { id: { type: "string" } }, required: ["id"] },
      depends: names.map((name) => toolDependency(name)),
      spec: {
        saga: {
          sagaIdPath: "$.id",
          steps: [
            { id: "find", action: { tool: "find" } },
            { id: "ask", action: { approve: { message: "Refund it?" } } },
            { id: "refund", action: { tool: "refund" } },
          ],
        },
      },
    },
  ],
  agents: [agentOf("clerk", [toolDependency("refund_order")], { version: "1.0.0" })],
})

const headers = { "x-agent-name": "clerk", "x-agent-version": "1.0.0" }
const info = { name: "test", version: "1" }
const able = { elicitation: { form: {} } }
type Action = "accept" | "decline"

async function legacyCall(url: string, id: string, action: Action) {
  const client = new Client(info, { capabilities: able })
  client.setRequestHandler(ElicitRequestSchema, () => ({ action, content: {} }))
  await client.connect(
    new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }),
  )
  const result = await client.callTool({ name: "refund_order", arguments: { id } })
  await client.close()
  return result
}

async function modernCall(url: string, id: string, action: Action) {
  const client = new ModernClient(info, {
    capabilities: able,
    versionNegotiation: { mode: { pin: "2026-07-28" } },
  })
  client.setRequestHandler("elicitation/create", async () => ({ action, content: {} }))
  await client.connect(new ModernTransport(new URL(url), { requestInit: { headers } }))
  const result = await client.callTool({ name: "refund_order", arguments: { id } })
  await client.close()
  return result
}

const patience = { timeout: 60_000 }

describe("a person who is asked", () => {
  test(
    "through the official clients of both eras, and after a restart in mid-question",
    patience,
    async () => {
      const answer = ({ tool, send }: BackendCall) =>
        send({ result: { content: [{ type: "text", text: tool }], resultType: "complete" } })
      await using backend = await openBackend(
        Object.fromEntries(names.map((name) => [name, answer])),
      )
      const sketch = {
        registry,
        env: { SESSION_KEY: "a session key that only a test would use" },
        servers: { "shop:1.0.0": { url: backend.url } },
        config: { state: { runs: "sqlite:./runs.db" }, session: { key: "${SESSION_KEY}" } },
      }
      await using first = await startGateway(sketch)
      const called = () => backend.called.filter((tool) => tool === "refund").length
      for (const [call, era] of [
        [legacyCall, "legacy"],
        [modernCall, "modern"],
      ] as const) {
        const before = called()
        const declined = await call(first.url, `${era}-no`, "decline")
        expect(declined).toMatchObject({ isError: true })
        expect(JSON.stringify(declined)).toContain("the person who was asked declined")
        expect(called()).toBe(before)
        expect(await call(first.url, `${era}-yes`, "accept")).not.toMatchObject({ isError: true })
        expect(called()).toBe(before + 1)
      }

      const call = async ({ port }: TestGateway, more: JsonObject = {}): Promise<JsonObject> => {
        const _meta = { "io.modelcontextprotocol/clientCapabilities": able }
        const params = { name: "refund_order", arguments: { id: "later" }, _meta, ...more }
        return JSON.parse((await ask(port, "clerk", "tools/call", params)).text)
      }
      const asked = await call(first)
      expect(asked).toMatchObject({ result: { resultType: "input_required" } })
      first.running.child.kill("SIGKILL")
      await first.running.exited
      await using second = await startGateway({ ...sketch, folder: first.folder })
      const before = called()
      const { requestState } = Object(asked["result"])
      const inputResponses = { "approve:ask": { action: "accept", content: {} } }
      const answered = await call(second, { requestState, inputResponses })
      expect(answered).toMatchObject({
        result: { _meta: { "dev.postern/run": { status: "completed" } } },
      })
      expect(called()).toBe(before + 1)
    },
  )
})
