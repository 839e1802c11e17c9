// A small real MCP server over Streamable HTTP, in both protocol eras: documents in an embedded SQLite database.
// `node document-service.ts --version 1.2.0 --port 4101` — version 2.0.0 searches in another way and can delete.
import { fstatSync } from "node:fs"
import { createServer } from "node:http"
import { DatabaseSync } from "node:sqlite"
import { parseArgs } from "node:util"
import { toNodeHandler } from "@modelcontextprotocol/node"
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server"
import { z } from "zod"

const { values } = parseArgs({
  options: {
    version: { type: "string", default: "1.2.0" },
    port: { type: "string", default: "0" },
  },
})
const isSecond = values.version.startsWith("2.")

const db = new DatabaseSync(":memory:")
db.exec("CREATE TABLE document (id INTEGER PRIMARY KEY, title TEXT, body TEXT) STRICT")
const insert = db.prepare("INSERT INTO document (title, body) VALUES (?, ?) RETURNING id")
for (const [title, body] of [
  ["Tides", "The moon raises the tide; the sun raises or lowers it by a third."],
  ["Harbours", "A harbour is a gate: what the tide brings in, the harbour master lets in or not."],
  ["Lighthouses", "A lighthouse says where the rocks are. It does not steer the ship."],
  ["Ropes", "A rope is as strong as its worst splice, so splices are inspected first."],
] as const) {
  insert.get(title, body)
}

interface Row {
  id: number
  title: string
  body: string
}
const all = db.prepare("SELECT id, title, body FROM document ORDER BY id")
const rows = (): Row[] =>
  all.all().map((row) => ({
    id: Number(row["id"]),
    title: String(row["title"]),
    body: String(row["body"]),
  }))

const Found = z.object({ id: z.int(), title: z.string(), snippet: z.string() })
const structured = (value: Record<string, unknown>) => ({
  content: [{ type: "text" as const, text: JSON.stringify(value) }],
  structuredContent: value,
})

function documents(): McpServer {
  const server = new McpServer({ name: "document-service", version: values.version })
  if (isSecond) searchByRank(server)
  else searchByText(server)
  server.registerTool(
    "create_document",
    {
      description: "Store a document",
      inputSchema: z.object({ title: z.string().min(1), body: z.string() }),
      outputSchema: z.object({ id: z.int() }),
    },
    async ({ title, body }) => structured({ id: Number(insert.get(title, body)?.["id"]) }),
  )
  return server
}

function searchByText(server: McpServer): void {
  server.registerTool(
    "search_documents",
    {
      description: "Find documents that contain a text",
      inputSchema: z.object({ query: z.string(), limit: z.int().min(1).max(20).optional() }),
      outputSchema: z.object({ documents: z.array(Found) }),
    },
    async ({ query, limit = 5 }) => {
      const hits = rows().filter((row) =>
        `${row.title} ${row.body}`.toLowerCase().includes(query.toLowerCase()),
      )
      const found = hits.map(({ id, title, body }) => ({ id, title, snippet: body.slice(0, 60) }))
      return structured({ documents: found.slice(0, limit) })
    },
  )
}

/** Version 2: every word counts, the best match comes first, and the mode must be said. */
function searchByRank(server: McpServer): void {
  server.registerTool(
    "search_documents",
    {
      description: "Rank documents by how many of the words they contain",
      inputSchema: z.object({
        query: z.string(),
        mode: z.enum(["any", "all"]),
        limit: z.int().min(1).max(20).optional(),
      }),
      outputSchema: z.object({
        documents: z.array(Found.extend({ score: z.number() })),
        total: z.int(),
      }),
    },
    async ({ query, mode, limit = 5 }) => {
      const words = query.toLowerCase().split(/\s+/).filter(Boolean)
      const hits = rows()
        .map((row) => {
          const text = `${row.title} ${row.body}`.toLowerCase()
          const score = words.filter((word) => text.includes(word)).length / (words.length || 1)
          return { id: row.id, title: row.title, snippet: row.body.slice(0, 60), score }
        })
        .filter(({ score }) => (mode === "all" ? score === 1 : score > 0))
        .sort((a, b) => b.score - a.score || a.id - b.id)
      return structured({ documents: hits.slice(0, limit), total: hits.length })
    },
  )
  const remove = db.prepare("DELETE FROM document WHERE id = ?")
  server.registerTool(
    "delete_document",
    {
      description: "Delete a document for good",
      inputSchema: z.object({ id: z.int() }),
      outputSchema: z.object({ deleted: z.boolean() }),
      annotations: { destructiveHint: true },
    },
    async ({ id }) => structured({ deleted: Number(remove.run(id).changes) === 1 }),
  )
}

const handle = toNodeHandler(createMcpHandler(documents))
const server = createServer((request, response) => {
  void handle(request as Parameters<typeof handle>[0], response) // a request that was received has a method
})
server.listen(Number(values.port), "127.0.0.1", () => {
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : values.port
  console.log(`document-service ${values.version} on http://127.0.0.1:${port}/mcp`)
})
process.once("SIGTERM", () => process.exit(0))
// Started by a gateway, stdin is its pipe: when the gateway is gone, however it went, so is this server.
if (fstatSync(0).isSocket() || fstatSync(0).isFIFO()) {
  process.stdin.resume().once("end", () => process.exit(0))
}
