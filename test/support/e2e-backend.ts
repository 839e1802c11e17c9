import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { json as read } from "node:stream/consumers"

/** One `tools/call` as it reached the backend. */
export interface BackendCall {
  readonly id: unknown
  readonly tool: string
  readonly arguments: unknown
  /** Its `_meta`. */
  readonly meta: unknown
  readonly headers: IncomingMessage["headers"]
  readonly response: ServerResponse
  /** Answers with one text. */
  text(value: string): void
  /** Answers with any JSON, or with a text as it is. */
  send(body: unknown, status?: number): void
}

export interface TestBackend extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** Names of the tools that were called, in order. */
  readonly called: string[]
  /** Answers calls of the tool `held` and lets later ones through. */
  release(): void
  /** How many calls are being held. */
  held(): number
}

type Act = (call: BackendCall) => void

/**
 * A modern MCP server over HTTP in this process. Tools: `echo` says its arguments, `held` answers when it is released;
 * others as `acts` says. A request that it does not admit is answered 401.
 */
export async function openBackend(
  acts: Readonly<Record<string, Act>> = {},
  port = 0,
  admits: (request: IncomingMessage) => boolean = () => true,
  /** Shorter, and a busy machine has it close a connection just as a call arrives on it. */
  keepAliveMs = 60_000,
): Promise<TestBackend> {
  const called: string[] = []
  const holding = new Set<BackendCall>()
  const own: Record<string, Act> = {
    echo: (call) => call.text(JSON.stringify(call.arguments ?? null)),
    held: (call) => {
      holding.add(call)
      call.response.on("close", () => holding.delete(call))
    },
    ...acts,
  }
  const server = createServer((request, response) => {
    if (!admits(request)) {
      response.writeHead(401, { "www-authenticate": "Bearer realm=inner" }).end()
      return
    }
    void answer(request, response, (call) => {
      called.push(call.tool)
      const act = own[call.tool]
      if (act === undefined) call.send({ error: { code: -32602, message: "Unknown tool" } })
      else act(call)
    })
  })
  server.keepAliveTimeout = keepAliveMs
  server.listen(port, "127.0.0.1")
  await once(server, "listening")
  const given = (server.address() as AddressInfo).port // it listens on TCP
  return {
    url: `http://127.0.0.1:${given}/mcp`,
    port: given,
    called,
    release() {
      for (const call of holding) call.text("released")
      holding.clear()
    },
    held: () => holding.size,
    async [Symbol.asyncDispose]() {
      server.close()
      server.closeAllConnections()
      await once(server, "close")
    },
  }
}

async function answer(request: IncomingMessage, response: ServerResponse, act: Act): Promise<void> {
  const { id, method, params } = (await read(request)) as Posted
  const send = (body: unknown, status = 200) => {
    const text =
      typeof body === "string" ? body : JSON.stringify({ jsonrpc: "2.0", id, ...(body as object) })
    response.writeHead(status, { "content-type": "application/json" }).end(text)
  }
  if (method === "server/discover")
    send({ result: { supportedVersions: ["2026-07-28"], capabilities: { tools: {} } } })
  else if (method === "tools/list") send({ result: { tools: [] } })
  else {
    const text = (value: string) =>
      send({ result: { content: [{ type: "text", text: value }], resultType: "complete" } })
    const { name, arguments: args, _meta: meta } = params ?? {}
    const call = { id, tool: String(name), arguments: args, meta }
    act({ ...call, headers: request.headers, response, text, send })
  }
}

interface Posted {
  readonly id?: unknown
  readonly method?: string
  readonly params?: {
    readonly name?: unknown
    readonly arguments?: unknown
    readonly _meta?: unknown
  }
}
