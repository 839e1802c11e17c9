import { once } from "node:events"
import { connect, createServer, type Server, type Socket } from "node:net"

export interface Proxied extends AsyncDisposable {
  /** The same database, through the proxy. */
  url(url: string): string
  /** Ends all connections. */
  cut(): void
  /** From now on nothing gets through. */
  stall(): void
  flow(): void
}

/** What stands between a gateway and its database. */
export async function proxied(target: number): Promise<Proxied> {
  const sockets = new Set<Socket>()
  let isStalled = false
  const server: Server = createServer((near) => {
    const far = connect(target, "127.0.0.1")
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      if (isStalled) from.pause()
      from.on("data", (bytes) => void to.write(bytes))
      from.on("error", () => to.destroy())
      from.on("close", () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  }).listen(0, "127.0.0.1")
  await once(server, "listening")
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("a TCP server has a port")
  const all = (act: (socket: Socket) => void) => {
    for (const socket of sockets) act(socket)
  }
  return {
    url(url) {
      const through = new URL(url)
      through.port = String(address.port)
      return through.href
    },
    cut: () => all((socket) => socket.destroy()),
    stall() {
      isStalled = true
      all((socket) => socket.pause())
    },
    flow() {
      isStalled = false
      all((socket) => socket.resume())
    },
    async [Symbol.asyncDispose]() {
      all((socket) => socket.destroy())
      server.close()
      await once(server, "close")
    },
  }
}
