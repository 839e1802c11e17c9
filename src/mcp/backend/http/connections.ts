import type { Socket } from "node:net"
import type { Client, Dispatcher, Pool } from "undici"
import type { Exchange } from "./exchange.ts"
import { loadUndici } from "./undici.ts"

/** What an exchange knows of the connection it is on. */
export interface Connection {
  /** Ends the TCP connection; the next exchange opens another. */
  cut(): void
}

let undici: ReturnType<typeof load> | undefined

/**
 * Kept-alive HTTP/1.1 connections to one server, none pipelined. undici's own timers are off: calls have deadlines, and
 * two clocks would give two answers.
 */
export function openConnections(origin: string, connections: number, connectMs: number): Pool {
  undici ??= load()
  const { OwnClient, Pool } = undici
  return new Pool(origin, {
    connections,
    pipelining: 1,
    allowH2: false,
    headersTimeout: 0,
    bodyTimeout: 0,
    connectTimeout: connectMs,
    maxHeaderSize: 16 * 1024,
    factory: (url, options) => new OwnClient(url, options),
  })
}

function load() {
  const { buildConnector, Client, Pool } = loadUndici()

  /**
   * One connection that tells each exchange how to be rid of it. After an answer to something that was not asked, nothing
   * on the connection can be trusted: whatever comes next may belong to a request of someone else.
   */
  class OwnClient extends Client implements Connection {
    #socket: Socket | undefined

    constructor(url: URL, options: Client.Options) {
      const connect =
        typeof options.connect === "function"
          ? options.connect
          : buildConnector(options.connect ?? {})
      super(url, {
        ...options,
        connect: (to, done) => {
          connect(to, (...outcome) => {
            if (outcome[1] !== null) this.#socket = outcome[1]
            done(...outcome)
          })
        },
      })
    }

    override dispatch(options: Dispatcher.DispatchOptions, handler: Exchange): boolean {
      handler.connection = this
      return super.dispatch(options, handler)
    }

    cut(): void {
      this.#socket?.destroy()
    }
  }

  return { OwnClient, Pool }
}
