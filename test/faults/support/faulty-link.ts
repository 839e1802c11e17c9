import { once } from "node:events"
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net"

/** What becomes of bytes between the gateway and a server. */
export type LinkFault =
  /** Nothing: bytes go through. */
  | { readonly kind: "none" }
  /** The server is not there: connections are turned away. */
  | { readonly kind: "refuse" }
  /** Connections open, and nothing comes back. */
  | { readonly kind: "hang" }
  /** Of every answer so many bytes arrive, then nothing more. */
  | { readonly kind: "stall"; readonly afterBytes: number }
  /** Of every answer so many bytes arrive, then the connection is reset. */
  | { readonly kind: "reset"; readonly afterBytes: number }
  /** Answers come so many bytes at a time, so far apart. */
  | { readonly kind: "drip"; readonly bytes: number; readonly everyMs: number }

/** A TCP link to a server that can be made worse and better while it is used. */
export class FaultyLink implements AsyncDisposable {
  readonly port: number
  readonly #target: number
  readonly #sockets = new Set<Socket>()
  #server: Server
  #fault: LinkFault = { kind: "none" }

  static async open(target: number): Promise<FaultyLink> {
    const server = createServer().listen(0, "127.0.0.1")
    await once(server, "listening")
    return new FaultyLink(server, target)
  }

  private constructor(server: Server, target: number) {
    this.port = (server.address() as AddressInfo).port // it listens on TCP
    this.#target = target
    this.#server = server
    server.on("connection", (socket) => this.#carry(socket))
  }

  /** From now on; connections that are open are cut, as they are when a network changes. */
  async set(fault: LinkFault): Promise<void> {
    const was = this.#fault
    this.#fault = fault
    if (fault.kind === "refuse") await this.#close()
    else if (was.kind === "refuse") {
      this.#server.listen(this.port, "127.0.0.1")
      await once(this.#server, "listening")
    }
    if (fault.kind !== "none" || was.kind === "hang") this.#cut()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#server.listening) await this.#close()
  }

  async #close(): Promise<void> {
    const closed = once(this.#server, "close")
    this.#server.close()
    this.#cut()
    await closed
  }

  #cut(): void {
    for (const socket of this.#sockets) socket.destroy()
    this.#sockets.clear()
  }

  #carry(near: Socket): void {
    const far = connect({ port: this.#target, host: "127.0.0.1" })
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(one)
      one.on("error", () => other.destroy())
      one.on("close", () => {
        this.#sockets.delete(one)
        other.destroy()
      })
    }
    near.on("data", (bytes) => {
      if (this.#fault.kind !== "hang") far.write(bytes)
    })
    let arrived = 0
    far.on("data", (bytes) => {
      arrived = this.#back(near, bytes, arrived)
    })
  }

  /** Sends an answer on as the fault lets it; how many bytes of the answers of this connection were sent until now. */
  #back(near: Socket, bytes: Buffer, before: number): number {
    const fault = this.#fault
    if (fault.kind === "stall" || fault.kind === "reset") {
      const left = Math.max(0, fault.afterBytes - before)
      near.write(bytes.subarray(0, left))
      if (fault.kind === "reset" && bytes.length >= left) near.resetAndDestroy()
      return before + bytes.length
    }
    if (fault.kind === "drip") drip(near, bytes, fault)
    else near.write(bytes)
    return before + bytes.length
  }
}

function drip(
  near: Socket,
  bytes: Buffer,
  { bytes: size, everyMs }: { bytes: number; everyMs: number },
): void {
  let sent = 0
  const timer = setInterval(() => {
    if (near.destroyed || sent >= bytes.length) return clearInterval(timer)
    near.write(bytes.subarray(sent, sent + size))
    sent += size
  }, everyMs)
}
