import { once } from "node:events"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"
import { onTestFinished } from "vitest"
import { Behaviour, type Message, type Send } from "./backend-behaviour.ts"

export interface Seen {
  readonly method: string
  readonly headers: IncomingMessage["headers"]
  readonly message: Message
}

export interface HttpServer {
  readonly url: string
  readonly seen: Seen[]
  /** JSON-RPC methods that came, in order. */
  readonly methods: () => string[]
  /** Cuts every connection that is open; others may be made. */
  cut(): void
  close(): Promise<void>
}

export type Answer = (
  message: Message,
  response: ServerResponse,
  request: IncomingMessage,
) => void | Promise<void>

/** An HTTP server on loopback that records what it is sent and answers as it is told. */
export async function serve(answer: Answer, port = 0): Promise<HttpServer> {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    void text(request).then((body) => {
      const message: Message = body === "" ? {} : JSON.parse(body)
      seen.push({ method: request.method ?? "", headers: request.headers, message })
      return answer(message, response, request)
    })
  })
  server.listen(port, "127.0.0.1")
  await once(server, "listening")
  const close = async () => {
    if (!server.listening) return
    server.close()
    server.closeAllConnections()
    await once(server, "close")
  }
  onTestFinished(close)
  const { port: given } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${given}/mcp`,
    seen,
    methods: () => seen.map(({ message, method }) => message.method ?? method),
    cut: () => server.closeAllConnections(),
    close,
  }
}

export function json(response: ServerResponse, body: unknown, status = 200): void {
  const text = typeof body === "string" ? body : JSON.stringify(body)
  response.writeHead(status, { "content-type": "application/json" }).end(text)
}

export interface HonestServer extends HttpServer {
  readonly behaviour: Behaviour
  /** Every session so far becomes unknown, as after a restart. */
  forget(): void
}

/** Whether a request may come in; a number is the status of its refusal. */
export type Admits = (request: IncomingMessage) => boolean | number

/** Turns away what may not come in, with a challenge as OAuth wants it. */
const guarded =
  (admits: Admits, answer: Answer): Answer =>
  (message, response, request) => {
    const verdict = admits(request)
    if (verdict === true) return answer(message, response, request)
    const status = verdict === false ? 401 : verdict
    response.setHeader("www-authenticate", 'Bearer resource_metadata="https://backend.example/x"')
    json(response, { error: "go away" }, status)
  }

const all: Admits = () => true

/** An honest legacy server: sessions; JSON unless there is something to stream. */
export async function serveLegacy(admits = all): Promise<HonestServer> {
  const behaviour = new Behaviour("legacy")
  const sessions = new Set<string>()
  const answer: Answer = (message, response, request) => {
    const id = String(request.headers["mcp-session-id"])
    if (message.method === "initialize") {
      const session = `s-${Math.random()}`
      sessions.add(session)
      response.setHeader("mcp-session-id", session)
    } else if (!sessions.has(id)) {
      const code = request.headers["mcp-session-id"] === undefined ? 400 : 404
      json(
        response,
        { jsonrpc: "2.0", id: null, error: { code: -32000, message: "session" } },
        code,
      )
      return
    }
    if (request.method === "DELETE") {
      sessions.delete(id)
      response.writeHead(200).end()
    } else if (request.method === "GET") {
      response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders()
      response.on("close", behaviour.news.open(frames(response)))
    } else stream(behaviour, message, response)
  }
  const server = await serve(guarded(admits, answer))
  const forget = () => {
    sessions.clear()
    behaviour.news.forget()
  }
  return { ...server, behaviour, forget }
}

/** An honest modern server: checks the standard headers; a stream that is closed is a cancellation. */
export async function serveModern(admits = all): Promise<HonestServer> {
  const behaviour = new Behaviour("modern")
  const answer: Answer = (message, response, request) => {
    const { id, method, params } = message
    const { headers } = request
    const isRight =
      headers["mcp-protocol-version"] === "2026-07-28" &&
      headers["mcp-method"] === method &&
      (method !== "tools/call" || headers["mcp-name"] === params?.["name"])
    if (!isRight) {
      json(response, { jsonrpc: "2.0", id, error: { code: -32020, message: "header" } }, 400)
      return
    }
    response.on("close", () => {
      if (!response.writableEnded) behaviour.cancel(id)
    })
    stream(behaviour, message, response)
  }
  const server = await serve(guarded(admits, answer))
  return { ...server, behaviour, forget: () => {} }
}

/** An honest server of HTTP+SSE (2024-11-05): one stream for all that it says, and a place to post to. */
export async function serveSse(admits = all): Promise<HonestServer> {
  const behaviour = new Behaviour("legacy")
  const streams = new Map<string, ServerResponse>()
  const answer: Answer = (message, response, request) => {
    const { searchParams } = new URL(request.url ?? "", "http://here")
    if (request.method === "GET") {
      const id = String(Math.random())
      streams.set(id, response)
      response.on("close", () => streams.delete(id))
      response.writeHead(200, { "content-type": "text/event-stream" })
      response.write(`event: endpoint\ndata: /messages?session=${id}\n\n`)
      response.on("close", behaviour.news.open(frames(response)))
      return
    }
    const stream = streams.get(searchParams.get("session") ?? "")
    if (stream === undefined) {
      response.writeHead(404).end() // also for who posts to the place of the stream
      return
    }
    response.writeHead(202).end("Accepted")
    behaviour.handle(message, (out) => {
      const text = typeof out === "string" ? out : JSON.stringify(out)
      stream.write(`event: message\ndata: ${text}\n\n`)
    })
  }
  const server = await serve(guarded(admits, answer))
  return { ...server, behaviour, forget: () => streams.clear() }
}

const frames =
  (response: ServerResponse): Send =>
  (message) =>
    void response.write(`event: message\ndata: ${JSON.stringify(message)}\n\n`)

/** Answers with JSON, or, when a message comes before the response, with a stream. */
function stream(behaviour: Behaviour, message: Message, response: ServerResponse): void {
  if (message.id === undefined || message.method === undefined) {
    behaviour.handle(message, () => {})
    response.writeHead(202).end()
    return
  }
  behaviour.handle(message, (out) => {
    const text = typeof out === "string" ? out : JSON.stringify(out)
    const isResponse = typeof out === "string" || out.method === undefined
    if (isResponse && !response.headersSent) {
      json(response, text)
      return
    }
    if (!response.headersSent) response.writeHead(200, { "content-type": "text/event-stream" })
    response.write(`event: message\ndata: ${text}\n\n`)
    if (isResponse) response.end()
  })
}
