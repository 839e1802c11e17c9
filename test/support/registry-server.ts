import { createHash } from "node:crypto"
import { once } from "node:events"
import { readFileSync } from "node:fs"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import { createServer as createTlsServer } from "node:https"
import type { AddressInfo } from "node:net"
import { join } from "node:path"

const certificates = join(import.meta.dirname, "../fixtures/tls")
export const certificate = (name: string): string => join(certificates, name)

export type Act = (request: IncomingMessage, response: ServerResponse) => void

/** A real server of a registry document: with ETags, and with whatever else a test wants of it. */
export interface RegistryServer extends AsyncDisposable {
  readonly url: string
  readonly port: number
  /** What was asked for, in order. */
  readonly requests: readonly IncomingMessage[]
  readonly state: RegistryServerState
  /** Streams of changes that are open. */
  readonly streams: ReadonlySet<ServerResponse>
  /** Tells those who listen; the server sends nothing else there. */
  announce(event: string): void
  close(): Promise<void>
}

export interface RegistryServerState {
  document: string | Buffer
  /** Undefined: of the content. */
  etag: string | undefined
  lastModified: Date | undefined
  headers: Record<string, string>
  /** By path. */
  others: Record<string, string>
  /** Answers in place of the server; undefined: the server does. */
  act: Act | undefined
}

export interface ServeOptions {
  readonly tls?: "server" | "mutual"
  readonly port?: number
}

export async function serveRegistry(
  document: string,
  { port = 0, tls }: ServeOptions = {},
): Promise<RegistryServer> {
  const requests: IncomingMessage[] = []
  const streams = new Set<ServerResponse>()
  const state: RegistryServerState = {
    document,
    etag: undefined,
    lastModified: undefined,
    headers: {},
    others: {},
    act: undefined,
  }
  const answer: Act = (request, response) => {
    requests.push(request)
    const path = request.url?.split("?")[0] ?? ""
    const other = state.others[path]
    if (state.act !== undefined) state.act(request, response)
    else if (path === "/events") openStream(response, streams)
    else if (other !== undefined) response.end(other)
    else honestly(state, request, response)
  }
  const server = tls === undefined ? createServer(answer) : createTlsServer(material(tls), answer)
  server.listen(port, "127.0.0.1")
  await once(server, "listening")
  const { port: given } = server.address() as AddressInfo
  const close = async () => {
    if (!server.listening) return
    server.close()
    server.closeAllConnections()
    await once(server, "close")
  }
  return {
    url: `${tls === undefined ? "http" : "https"}://127.0.0.1:${given}/registry.json`,
    port: given,
    requests,
    state,
    streams,
    announce: (event) => {
      for (const stream of streams) stream.write(event)
    },
    close,
    [Symbol.asyncDispose]: close,
  }
}

const material = (tls: "server" | "mutual") => ({
  key: readFileSync(certificate("server.key")),
  cert: readFileSync(certificate("server.pem")),
  ...(tls === "mutual" && {
    ca: readFileSync(certificate("ca.pem")),
    requestCert: true,
    rejectUnauthorized: true,
  }),
})

function openStream(response: ServerResponse, streams: Set<ServerResponse>): void {
  response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders()
  streams.add(response)
  response.on("close", () => streams.delete(response))
}

/** Answers as RFC 9110 wants it, also to a condition. */
function honestly(
  { document, etag: given, headers, lastModified }: RegistryServerState,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const etag = given ?? `"${createHash("sha256").update(document).digest("hex").slice(0, 16)}"`
  const said = {
    etag,
    ...(lastModified && { "last-modified": lastModified.toUTCString() }),
    ...headers,
  }
  if (request.headers["if-none-match"] === etag) response.writeHead(304, said).end()
  else response.writeHead(200, { "content-type": "application/json", ...said }).end(document)
}
