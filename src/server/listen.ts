import type { IncomingMessage, Server, ServerResponse } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import type { Limits } from "./limits.ts"
import type { TlsServing } from "./tls/tls-serving.ts"

// An `import` of its values would read all of them, among them `WebSocket`, for which Node loads 20 ms of code.
const { createServer } = process.getBuiltinModule("node:http")
const { Server: Listening } = process.getBuiltinModule("node:net")

export interface ListenOptions {
  /** The section of the configuration that holds host and port: errors name it. */
  readonly section: "listen" | "admin"
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  /** Answers each request. What it throws nobody catches. */
  readonly answer: (incoming: IncomingMessage, outgoing: ServerResponse) => void
  /** Errors of the listener later on, such as no more file descriptors; it stays open. */
  readonly onError: (error: Error) => void
  /** Open connections at once; more are closed as they come. */
  readonly connectionsMax: number
  /** Undefined: plain HTTP. */
  readonly tls?: Pick<TlsServing, "door"> | undefined
  readonly limits: Pick<
    Limits,
    | "handshakeTimeout"
    | "headerBytes"
    | "headerCount"
    | "requestsPerConnection"
    | "headersTimeout"
    | "requestTimeout"
    | "keepAliveTimeout"
    | "answerTimeout"
  >
}

/** An open listener. */
export interface Listener {
  readonly host: string
  /** The real one, where 0 was asked for. */
  readonly port: number
  /** `http://host:port`, or with https. */
  readonly url: string
  connections(): number
  /** Requests whose answer is not finished, streams among them. */
  inFlight(): number
  /**
   * Takes no more connections, lets the requests in flight finish and cuts what is left after `graceMs` milliseconds.
   * Returns how many requests were cut. A second call waits for the first.
   */
  close(graceMs: number): Promise<number>
}

/**
 * Opens an HTTP listener with every limit set that Node leaves open: slow, large, endless and too many requests end by
 * themselves. Rejects with words for the operator when host and port cannot be had.
 */
export async function listen(options: ListenOptions): Promise<Listener> {
  const door = doorOf(options)
  const { server } = door
  server.maxHeadersCount = options.limits.headerCount
  server.maxConnections = options.connectionsMax
  Object.assign(server, { dropMaxConnection: true }) // or one over the limit would be kept waiting; not in the types yet
  server.maxRequestsPerSocket = options.limits.requestsPerConnection
  server.timeout = 0 // streams have idle timers of their own
  await opened(server, options)
  server.on("error", options.onError) // nobody listening would end the process
  server.on("timeout", endSilent)
  endUnread(server, options.limits.answerTimeout)
  const open = listener(door, options) // before anything is waited for: connections come already
  await door.opened()
  return open
}

/** A server, and what a listener has to know of its connections. */
export interface Door {
  readonly server: Server
  /** Whether nothing of a request has come on a connection yet: to Node it is not idle. */
  isFresh(socket: Socket): boolean
  /** It listens. */
  opened(): Promise<void> | void
  /** It does no more. */
  closed(): void
}

function doorOf({ answer, limits, tls }: ListenOptions): Door {
  const options = serverOptions(limits)
  if (tls !== undefined)
    return tls.door({ ...options, handshakeTimeout: limits.handshakeTimeout }, answer)
  return {
    server: createServer(options, answer),
    isFresh: ({ bytesRead }) => bytesRead === 0,
    opened: () => undefined,
    closed: () => undefined,
  }
}

/**
 * Cuts connections whose reader takes nothing of an answer that has been written: each would hold as much memory as an
 * answer may have, for ever. Any byte taken restarts the timeout, and Node sets its own again when the answer is
 * through.
 */
function endUnread(server: Server, answerTimeout: number): void {
  const written = function (this: ServerResponse): void {
    if (this.writableLength > 0) this.socket?.setTimeout(answerTimeout)
    if (!this.req.complete) endUnheard(this.req)
  }
  server.prependListener("request", (_request, response: ServerResponse) => {
    response.on("prefinish", written)
  })
}

/**
 * In place of Node, which ends a connection as soon as its time is over: where the event loop was late, a request may have
 * come within that time and not be read yet. Reading comes before what is done here.
 */
function endSilent(socket: Socket): void {
  const { bytesRead } = socket
  setImmediate(() => {
    if (socket.bytesRead === bytesRead) socket.destroy()
  })
}

/** How long somebody may go on sending who has the answer already; Node throws away what comes. */
const unheardMs = 500

function endUnheard(incoming: IncomingMessage): void {
  const cut = setTimeout(() => incoming.socket.destroy(), unheardMs)
  incoming.once("close", () => clearTimeout(cut))
}

function serverOptions(limits: ListenOptions["limits"]) {
  return {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: Math.min(limits.headersTimeout, limits.requestTimeout), // Node throws where it is the longer one
    requestTimeout: limits.requestTimeout,
    keepAliveTimeout: limits.keepAliveTimeout,
    // The usual 30 s would let slow requests live as much longer, and a crowd that came at once would be closed in one turn.
    connectionsCheckingInterval: 100,
  }
}

function opened(server: Server, { section, host, port }: ListenOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    const failed = (cause: NodeJS.ErrnoException) =>
      reject(
        new Error(unavailable(cause.code ?? cause.message, { section, host, port }), { cause }),
      )
    server.once("error", failed)
    server.listen({ host, port }, () => {
      server.off("error", failed)
      resolve()
    })
  })
}

function unavailable(
  code: string,
  { section, host, port }: Pick<ListenOptions, "section" | "host" | "port">,
): string {
  const place = `${section}: cannot listen on ${printed(host)}:${port}`
  switch (code) {
    case "EADDRINUSE":
      return `${place}, another process does; stop it, or set ${section}.port to a free port`
    case "EACCES":
      return `${place}, which this user may not; set ${section}.port to 1024 or more`
    case "EADDRNOTAVAIL":
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return `${place}, because that is no address of this machine; set ${section}.host`
    default:
      return `${place} (${code})`
  }
}

const printed = (host: string): string => (host.includes(":") ? `[${host}]` : host)

function listener(door: Door, { host, tls }: ListenOptions): Listener {
  const { server } = door
  const { port } = server.address() as AddressInfo // it listens on TCP, not on a pipe
  const sockets = new Set<Socket>()
  const requests: Requests = { open: 0, last: new Map() }
  let closing: Promise<number> | undefined
  server.on("connection", (socket: Socket) => {
    sockets.add(socket)
    socket.once("close", () => sockets.delete(socket))
  })
  server.prependListener("request", ({ socket }: IncomingMessage, response: ServerResponse) => {
    if (closing !== undefined) response.shouldKeepAlive = false
    underWay(requests, socket, response)
  })
  return {
    host,
    port,
    url: `${tls === undefined ? "http" : "https"}://${printed(host)}:${port}`,
    connections: () => sockets.size,
    inFlight: () => requests.open,
    close: (graceMs) => {
      closing ??= drained({ door, sockets, requests }, graceMs)
      return closing
    },
  }
}

/**
 * How long a connection without a request stays open once the listener closes: the next request may be on its way, and
 * would be lost without an answer. One that comes is answered, and told that the connection ends.
 */
const lingerMs = 250

/** Those under way. A Set that each one enters and leaves would keep them all alive until a major collection. */
interface Requests {
  open: number
  /** The answer to the last one on each connection, until that is closed. */
  readonly last: Map<Socket, ServerResponse | undefined>
}

function underWay(requests: Requests, socket: Socket, response: ServerResponse): void {
  const { last } = requests
  requests.open++
  if (!last.has(socket)) socket.once("close", () => last.delete(socket))
  last.set(socket, response)
  response.once("close", () => {
    requests.open--
    if (last.get(socket) === response) last.set(socket, undefined)
  })
}

interface Open {
  readonly door: Door
  readonly sockets: ReadonlySet<Socket>
  readonly requests: Requests
}

async function drained({ door, sockets, requests }: Open, graceMs: number) {
  const { server } = door
  const closed = new Promise<void>((resolve) => server.once("close", () => resolve()))
  Listening.prototype.close.call(server) // takes no more connections; that of HTTP closes idle ones at once, too
  for (const answer of requests.last.values())
    if (answer?.headersSent === false) answer.shouldKeepAlive = false // a client meets no unforeseen end
  const closeIdle = () => {
    server.closeIdleConnections()
    for (const socket of sockets) if (door.isFresh(socket)) socket.destroy()
  }
  const idle = setInterval(() => setImmediate(closeIdle), lingerMs) // after what has come meanwhile was read
  let cut = 0
  const deadline = setTimeout(() => {
    cut = requests.open
    server.closeAllConnections()
    for (const socket of sockets) socket.destroy() // Node knows of no connection whose handshake is not through
  }, graceMs)
  await closed
  server.close() // of HTTP: ends its clock
  door.closed()
  clearInterval(idle)
  clearTimeout(deadline)
  return cut
}
