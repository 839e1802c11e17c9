// fastmcp is a framework and has no gateway of its own: this is the least of one that is written with it, over the pool of the floor.
import { FastMCP } from "fastmcp"
// biome-ignore-start lint/correctness/noUndeclaredDependencies: those of the project; the peers have a manifest of their own
import { Pool } from "undici"
import { z } from "zod"

// biome-ignore-end lint/correctness/noUndeclaredDependencies: as above

const [, , port, backendPort] = process.argv
const pool = new Pool(`http://127.0.0.1:${backendPort}`, { connections: 64, pipelining: 1 })
const server = new FastMCP({ name: "bench", version: "1.0.0" })
let next = 0

server.addTool({
  name: "search_documents",
  description: "Finds documents (search_documents)",
  parameters: z.object({
    query: z.string().min(1),
    limit: z.number().int().min(1).max(20).optional(),
    filters: z.object({ author: z.string().optional(), since: z.string().optional() }).optional(),
  }),
  async execute(args) {
    const { body } = await pool.request({
      method: "POST",
      path: "/mcp",
      headers: {
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
      },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: `f${next++}`,
        method: "tools/call",
        params: { name: "search_documents", arguments: args },
      }),
    })
    const { result } = await body.json()
    return { content: result.content }
  },
})
await server.start({
  transportType: "httpStream",
  httpStream: { port: Number(port), host: "127.0.0.1" },
})
