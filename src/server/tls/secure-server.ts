import type { RequestListener, ServerOptions } from "node:http"
import type { Socket } from "node:net"
import type { TLSSocket } from "node:tls"
import type { Door } from "../listen.ts"
import type { TlsServing } from "./tls-serving.ts"

const { createServer } = process.getBuiltinModule("node:https")

export type SecureServerOptions = ServerOptions & { readonly handshakeTimeout: number }

/**
 * An HTTP server that ends TLS itself. Its connections count from their first byte: the limit on connections holds for
 * handshakes that are never finished, too, and those end by themselves.
 */
export function secureServer(
  tls: TlsServing,
  options: SecureServerOptions,
  answer: RequestListener,
): Door {
  const server = createServer({ ...options, ...tls.serverOptions() }, answer)
  const secured = new Map<string, TLSSocket>()
  server.on("secureConnection", (socket) => {
    const end = otherEnd(socket)
    secured.set(end, socket)
    socket.once("close", () => secured.delete(end))
  })
  server.on("tlsClientError", (error, socket) => tls.failed(error, socket))
  return {
    server,
    isFresh: (socket) => (secured.get(otherEnd(socket))?.bytesRead ?? 0) === 0,
    opened: () => tls.keep(server),
    closed: () => tls.close(),
  }
}

/** What a connection and the TLS on it have in common. */
const otherEnd = ({ remoteAddress, remotePort }: Socket) => `${remoteAddress} ${remotePort}`
