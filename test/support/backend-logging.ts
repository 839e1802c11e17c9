import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js"
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js"
import { type LoggingLevel, SetLevelRequestSchema } from "@modelcontextprotocol/sdk/types.js"
import { onTestFinished } from "vitest"

const levels = ["debug", "info", "error"] as const
const order = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"]

export interface LoggingServer {
  readonly url: string
  /** Every level that it was told, in order. */
  readonly told: LoggingLevel[]
  /** Every session so far becomes unknown, as after a restart. */
  forget(): void
}

/**
 * A server of the legacy SDK that says nothing until it is told a level, and from then on says one thing of each level
 * from that one up when its tool `say` is called. With `refuses` it declares `logging` and takes no level.
 */
export async function serveLogging({ refuses = false } = {}): Promise<LoggingServer> {
  const told: LoggingLevel[] = []
  const transports = new Map<string, StreamableHTTPServerTransport>()
  const connect = async () => {
    let level: LoggingLevel | undefined
    const server = new McpServer(
      { name: "logging", version: "1" },
      { capabilities: { logging: {} } },
    )
    server.server.setRequestHandler(SetLevelRequestSchema, ({ params }) => {
      told.push(params.level)
      if (refuses) throw new Error("not now")
      level = params.level
      return {}
    })
    server.registerTool("say", {}, async ({ sendNotification }) => {
      for (const said of levels)
        if (level !== undefined && order.indexOf(said) >= order.indexOf(level))
          await sendNotification({
            method: "notifications/message",
            params: { level: said, data: said },
          })
      return { content: [{ type: "text", text: "said" }] }
    })
    const transport = new StreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (id) => void transports.set(id, transport),
    })
    await server.connect(transport as Parameters<typeof server.connect>[0])
    return transport
  }
  const http = createServer((request, response) => {
    const id = request.headers["mcp-session-id"]
    const known = transports.get(String(id))
    if (known === undefined && id !== undefined) {
      response.writeHead(404).end()
      return
    }
    const transport = known === undefined ? connect() : Promise.resolve(known)
    void transport.then((one) => one.handleRequest(request, response))
  })
  http.listen(0, "127.0.0.1")
  await once(http, "listening")
  onTestFinished(() => {
    http.close()
    http.closeAllConnections()
  })
  const { port } = http.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/mcp`, told, forget: () => transports.clear() }
}
