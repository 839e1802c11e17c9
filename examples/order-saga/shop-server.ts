// One of the three servers of the shop, with books of its own in a SQLite file:
// `node shop-server.ts inventory --books inventory.db --port 4201`. Each entry has the id of the request that it was made
// for, and there is one for each request, however often it comes.
import { createServer } from "node:http"
import { DatabaseSync } from "node:sqlite"
import { parseArgs } from "node:util"
import { toNodeHandler } from "@modelcontextprotocol/node"
import { createMcpHandler, McpServer } from "@modelcontextprotocol/server"
import { z } from "zod"

const { values, positionals } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    books: { type: "string", default: ":memory:" },
    /** The answer about this order is held back once: whoever waits for it does not learn what was done. */
    hold: { type: "string" },
  },
  allowPositionals: true,
})
const [name = ""] = positionals

const db = new DatabaseSync(values.books)
db.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS entry (
    id INTEGER PRIMARY KEY, request TEXT NOT NULL UNIQUE, orderId TEXT NOT NULL,
    what TEXT NOT NULL, amount INTEGER NOT NULL) STRICT`)
const insert = db.prepare(
  "INSERT OR IGNORE INTO entry (request, orderId, what, amount) VALUES (?, ?, ?, ?)",
)
const byRequest = db.prepare("SELECT id FROM entry WHERE request = ?")
const charged = db.prepare("SELECT amount FROM entry WHERE orderId = ? AND what = 'charge'")

const Order = z.object({ orderId: z.string(), requestId: z.string() })
const outputSchema = z.object({ entry: z.int() })

/** Books it, unless it has been booked for this request already. */
function book({ requestId, orderId }: z.infer<typeof Order>, what: string, amount = 0) {
  const isNew = insert.run(requestId, orderId, what, amount).changes === 1
  const entry = { entry: Number(byRequest.get(requestId)?.["id"]) }
  const answer = {
    content: [{ type: "text" as const, text: JSON.stringify(entry) }],
    structuredContent: entry,
  }
  if (!isNew || orderId !== values.hold) return answer
  console.log(`${what} ${orderId} is booked`)
  return new Promise<typeof answer>(() => undefined)
}

const refused = (text: string) => ({ content: [{ type: "text" as const, text }], isError: true })

const tools: Readonly<Record<string, (server: McpServer) => void>> = {
  inventory(server) {
    const inputSchema = Order.extend({ item: z.string() })
    const description = "Set an item aside for an order"
    server.registerTool("reserve", { description, inputSchema, outputSchema }, async (order) =>
      book(order, "reserve"),
    )
    const back = "Put back what was set aside for an order"
    server.registerTool(
      "release",
      { description: back, inputSchema: Order, outputSchema },
      async (order) => book(order, "release"),
    )
  },
  payment(server) {
    const inputSchema = Order.extend({ amount: z.int().min(1) })
    const description = "Charge the card of an order"
    server.registerTool("charge", { description, inputSchema, outputSchema }, async (order) =>
      book(order, "charge", order.amount),
    )
    const back = "Give back what an order was charged, if it was"
    server.registerTool(
      "refund",
      { description: back, inputSchema: Order, outputSchema },
      async (order) => book(order, "refund", Number(charged.get(order.orderId)?.["amount"] ?? 0)),
    )
  },
  shipping(server) {
    const inputSchema = Order.extend({ address: z.string() })
    const description = "Send the parcel of an order"
    server.registerTool("ship", { description, inputSchema, outputSchema }, async (order) =>
      order.address === "nowhere" ? refused("nobody delivers to nowhere") : book(order, "ship"),
    )
  },
}

const register = tools[name]
if (register === undefined) throw new Error(`one of ${Object.keys(tools).join(", ")}`)
const handle = toNodeHandler(
  createMcpHandler(() => {
    const server = new McpServer({ name, version: "1.0.0" })
    register(server)
    return server
  }),
)
const http = createServer((request, response) => {
  void handle(request as Parameters<typeof handle>[0], response) // a request that was received has a method
})
http.listen(Number(values.port), "127.0.0.1", () => {
  console.log(`${name} on port ${values.port}`)
})
process.once("SIGTERM", () => process.exit(0))
