// The floor: Hono and one undici Pool that parse the request, forward it, parse the answer and send it on. Nothing else.
import { serve } from "@hono/node-server"
import { Hono } from "hono"
import { Pool } from "undici"

const pool = new Pool(`http://127.0.0.1:${process.argv[2]}`, { connections: 64, pipelining: 1 })
const app = new Hono()
let next = 0

app.post("/mcp", async (c) => {
  const message = (await c.req.json()) as { id: unknown }
  const { id } = message
  const { body } = await pool.request({
    method: "POST",
    path: "/mcp",
    headers: { "content-type": "application/json", accept: "application/json, text/event-stream" },
    body: JSON.stringify({ ...message, id: `f${next++}` }),
  })
  const answer = (await body.json()) as object
  return c.json({ ...answer, id })
})

const constant = "x".repeat(Number(process.argv[3] ?? 0))
app.post("/constant", async (c) => {
  await c.req.text()
  return c.body(constant, 200, { "content-type": "application/json" })
})

serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, ({ port }) =>
  console.log(`ready ${port}`),
)
process.once("SIGTERM", () => process.exit(0))
