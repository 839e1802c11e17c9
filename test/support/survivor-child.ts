/**
 * A server that notes in a file what it carries out, before it answers: `node survivor-child.ts FILE` speaks the modern era
 * on stdio, `node survivor-child.ts FILE PORT` the legacy one over HTTP, with sessions that end with the process.
 */
import { randomUUID } from "node:crypto"
import { appendFileSync } from "node:fs"
import { createServer } from "node:http"
import { createInterface } from "node:readline"
import { text } from "node:stream/consumers"
import type { Message } from "./backend-behaviour.ts"

const [file = "", port] = process.argv.slice(2)

/** The answer to a request; undefined while it takes its time. */
function answer({ id, method, params }: Message, send: (body: object) => void): void {
  const done = (result: object) => send({ jsonrpc: "2.0", id, result })
  if (method === "server/discover" && port === undefined)
    done({ supportedVersions: ["2026-07-28"], capabilities: { tools: {} } })
  else if (method === "initialize" && port !== undefined)
    done({ protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo })
  else if (method === "tools/list") done({ tools: [] })
  else if (method === "tools/call") {
    const { n } = { ...(params?.["arguments"] as { n: number }) }
    appendFileSync(file, `${n}\n`)
    const content = [{ type: "text", text: `${n} by ${process.pid}` }]
    setTimeout(() => done({ content, ...(port === undefined && { resultType: "complete" }) }), 20)
  } else send({ jsonrpc: "2.0", id, error: { code: -32601, message: "Method not found" } })
}

const serverInfo = { name: "survivor", version: "1" }

if (port === undefined)
  createInterface({ input: process.stdin }).on("line", (line) => {
    const message: Message = JSON.parse(line)
    if (message.id !== undefined)
      answer(message, (body) => process.stdout.write(`${JSON.stringify(body)}\n`))
  })
else {
  const sessions = new Set<unknown>()
  createServer(async (request, response) => {
    const body = await text(request)
    const message: Message = body === "" ? {} : JSON.parse(body)
    const json = (status: number, what: object) =>
      response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(what))
    const session = request.headers["mcp-session-id"]
    if (message.method === "initialize") {
      const begun = randomUUID()
      sessions.add(begun)
      response.setHeader("mcp-session-id", begun)
    } else if (!sessions.has(session)) {
      const code = session === undefined ? 400 : 404
      json(code, { jsonrpc: "2.0", id: null, error: { code: -32001, message: "Session" } })
      return
    }
    if (message.id === undefined) response.writeHead(request.method === "GET" ? 405 : 202).end()
    else answer(message, (what) => json(200, what))
  }).listen(Number(port), "127.0.0.1", () => process.stderr.write("listening\n"))
}
