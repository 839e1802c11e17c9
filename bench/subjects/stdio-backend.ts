// A server over stdio that costs next to nothing, for the peers that speak to no other: one tool, one structured result.
import { createInterface } from "node:readline"
import { documents, searchTool } from "../world.ts"

const results: Record<string, (params: { protocolVersion?: string }) => object> = {
  initialize: ({ protocolVersion }) => ({
    protocolVersion,
    capabilities: { tools: {} },
    serverInfo: { name: "docs", version: "1.0.0" },
  }),
  ping: () => ({}),
  "tools/list": () => ({ tools: [searchTool] }),
  "tools/call": () => ({
    content: [{ type: "text", text: JSON.stringify(documents) }],
    structuredContent: documents,
  }),
}

const lines = createInterface({ input: process.stdin })
lines.on("line", (line) => {
  const { id, method, params } = JSON.parse(line) as {
    id?: unknown
    method: string
    params: object
  }
  if (id === undefined) return
  const result = results[method]
  const outcome = result
    ? { result: result(params ?? {}) }
    : { error: { code: -32601, message: "Method not found" } }
  process.stdout.write(`${JSON.stringify({ jsonrpc: "2.0", id, ...outcome })}\n`)
})
lines.on("close", () => process.exit(0))
