import { Socket } from "node:net"

/** So long a database has to take leave. */
const leaveMs = 1_000

/** The connections of one pool of `pg`, which end also where the database is not heard of any more. */
export class Connections {
  readonly #open = new Set<Socket>()

  /** What the driver makes a connection over. */
  readonly stream = (): Socket => {
    const socket = new Socket()
    this.#open.add(socket)
    socket.once("close", () => this.#open.delete(socket))
    return socket
  }

  /** Open ones keep the process from ending, and a frozen database, or a network that is cut, never closes any. */
  async end(pool: { end(): Promise<void> }): Promise<void> {
    const left = [...this.#open] // not those of the pool that is made next
    setTimeout(() => {
      for (const socket of left) socket.destroy()
    }, leaveMs).unref()
    await pool.end()
  }
}
