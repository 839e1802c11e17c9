import { Socket } from "node:net"

/** How long a database has to close its connections before they are cut. */
const leaveMs = 1_000

/** The sockets of one `pg` pool, so that closing it never hangs on a database that no longer answers. */
export class Connections {
  readonly #open = new Set<Socket>()

  /** Gives the driver the socket for its next connection. */
  readonly stream = (): Socket => {
    const socket = new Socket()
    this.#open.add(socket)
    socket.once("close", () => this.#open.delete(socket))
    return socket
  }

  /** An open socket keeps the process alive, and a frozen database or a severed network never closes one. */
  async end(pool: { end(): Promise<void> }): Promise<void> {
    const left = [...this.#open] // not those of the pool that is made next
    setTimeout(() => {
      for (const socket of left) socket.destroy()
    }, leaveMs).unref()
    await pool.end()
  }
}
