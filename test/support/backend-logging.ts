import { randomUUID } from "node:crypto"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { StreamableHTTPServerTransport } from "@modelcontextprotocol/sdk/server/streamableHttp.js"
import type { LoggingLevel } from "@modelcontextprotocol/sdk/types.js"
import { onTestFinished } from "vitest"
import { createLoggingServer } from "./logging-server.ts"

export interface LoggingServer {
  readonly url: string
  /** Every level that it was told, in order. */
  readonly told: LoggingLevel[]
  /** Every session so far becomes unknown, as after a restart. */
  forget(): void
}

/** The server of logging-server.ts over HTTP, a session each; with `refuses` it takes no level. */
export async function serveLogging({ refuses = false } = {}): Promise<LoggingServer> {
  const told: LoggingLevel[] = []
  const transports = new Map<string, StreamableHTTPServerTransport>()
  const connect = async () => {
    const server = createLoggingServer(told, refuses)
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
