import {
  createServer,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type RequestListener,
  request as send,
} from "node:http"
import type { AddressInfo } from "node:net"

import { onTestFinished } from "vitest"

import type { Gateway } from "../../src/call/gateway.ts"
import type { FaceEvent } from "../../src/mcp/face/context.ts"
import { createFace, type Face, type FaceOptions } from "../../src/mcp/face/face.ts"
import { type FaceLimits, faceLimits } from "../../src/mcp/face/limits.ts"

export const sessionKey = { kid: "k1", key: new Uint8Array(32).fill(7) }

export interface FaceServer {
  readonly face: Face
  readonly url: string
  readonly port: number
  readonly events: FaceEvent[]
  /** Sockets that are open on our side. */
  connections(): Promise<number>
  close(): Promise<void>
}

/** A face behind a real listener on loopback, gone when the test is. */
export async function faceServer(
  gateway: Gateway,
  options: Partial<Omit<FaceOptions, "limits">> & { readonly limits?: Partial<FaceLimits> } = {},
): Promise<FaceServer> {
  const events: FaceEvent[] = []
  const face = createFace(gateway, {
    path: "/mcp",
    hosts: ["localhost", "127.0.0.1"],
    origins: [],
    sessionKeys: [sessionKey],
    serverInfo: { name: "postern", version: "0.0.1" },
    explainRefusals: false,
    log: (event) => events.push(event),
    ...options,
    limits: { ...faceLimits, ...options.limits },
  })
  const server = await served(face.answer)
  onTestFinished(() => face.close())
  const close = () => {
    face.close()
    return server.close()
  }
  return { ...server, face, url: `http://127.0.0.1:${server.port}/mcp`, events, close }
}

/** A listener on loopback, gone when the test is. */
export async function served(
  answer: RequestListener,
): Promise<Pick<FaceServer, "port" | "connections" | "close">> {
  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  let closed: Promise<void> | undefined
  const close = () => {
    closed ??= new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
    return closed
  }
  onTestFinished(close)
  const connections = () =>
    new Promise<number>((resolve, reject) =>
      server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
    )
  return { connections, port, close }
}

export interface Answer {
  readonly status: number
  readonly headers: IncomingMessage["headers"]
  readonly text: string
}

/** JSON of an answer's body. */
export const json = ({ text }: Answer): unknown => JSON.parse(text)

export interface RawRequest {
  readonly method?: string
  readonly path?: string
  readonly headers?: OutgoingHttpHeaders | readonly string[]
  readonly body?: string | Buffer
  readonly signal?: AbortSignal
}

/** One HTTP request, exactly as told; the answer when it has ended. */
export async function http(port: number, request: RawRequest): Promise<Answer> {
  const incoming = await opened(port, request)
  let text = ""
  incoming.setEncoding("utf8")
  for await (const chunk of incoming) text += chunk
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, text }
}

/** One HTTP request; the answer when its head is there. */
export function opened(port: number, request: RawRequest): Promise<IncomingMessage> {
  const { method = "POST", path = "/mcp", headers = {}, body, signal } = request
  return new Promise((resolve, reject) => {
    const outgoing = send(
      {
        host: "127.0.0.1",
        port,
        method,
        path,
        headers: headers as OutgoingHttpHeaders, // Node takes the flat list, too
        agent: false,
        ...(signal && { signal }),
      },
      resolve,
    )
    outgoing.on("error", reject)
    outgoing.end(body)
  })
}

export const both = "application/json, text/event-stream"

/** A POST of one JSON-RPC message. */
export const post = (
  port: number,
  message: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> => http(port, posting(message, headers))

export const posting = (message: unknown, headers: Record<string, string> = {}): RawRequest => ({
  headers: { "content-type": "application/json", accept: both, ...headers },
  body: typeof message === "string" ? message : JSON.stringify(message),
})

/** Who calls, for a gateway that trusts loopback. */
export const as = (agent: string): Record<string, string> => {
  const [name = "", version] = agent.split("@")
  return { "x-agent-name": name, ...(version && { "x-agent-version": version }) }
}

/** A legacy session of `agent`; the headers that later requests carry. */
export async function session(port: number, agent: string): Promise<Record<string, string>> {
  const answer = await post(port, initialize(), as(agent))
  const id = answer.headers["mcp-session-id"]
  if (typeof id !== "string") throw new Error(`no session: ${answer.status} ${answer.text}`)
  return { ...as(agent), "mcp-session-id": id, "mcp-protocol-version": "2025-11-25" }
}

export const initialize = (protocolVersion = "2025-11-25", id: string | number = 1) => ({
  jsonrpc: "2.0",
  id,
  method: "initialize",
  params: { protocolVersion, capabilities: {}, clientInfo: { name: "test", version: "1" } },
})

export const legacy = (method: string, params?: object, id: string | number = 1) => ({
  jsonrpc: "2.0",
  id,
  method,
  ...(params && { params }),
})

/** A modern request: the message, and the headers that say the same. */
export function modern(
  method: string,
  params: Record<string, unknown> = {},
  id: string | number = 1,
): { readonly message: object; readonly headers: Record<string, string> } {
  const { _meta, ...rest } = params
  const meta = {
    "io.modelcontextprotocol/protocolVersion": "2026-07-28",
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": { name: "test", version: "1" },
    ...(_meta as object | undefined),
  }
  const name = rest["name"]
  return {
    message: { jsonrpc: "2.0", id, method, params: { ...rest, _meta: meta } },
    headers: {
      "mcp-protocol-version": "2026-07-28",
      "mcp-method": method,
      ...(typeof name === "string" && { "mcp-name": name }),
    },
  }
}

/** A modern POST in one go. */
export const ask = (
  port: number,
  agent: string,
  method: string,
  params: Record<string, unknown> = {},
  headers: Record<string, string> = {},
): Promise<Answer> => {
  const request = modern(method, params)
  return post(port, request.message, { ...request.headers, ...as(agent), ...headers })
}

/** The messages of an event stream; comments and events without data are left out. */
export const events = (text: string): unknown[] =>
  text
    .split("\n\n")
    .flatMap((frame) => /^data: (.+)$/m.exec(frame)?.[1] ?? [])
    .map((data) => JSON.parse(data))
