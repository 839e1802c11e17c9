import type { Dispatcher, Pool } from "undici"
import type { HttpAddress } from "../address.ts"
import type { Credential } from "../credentials/credential.ts"
import type { BackendLimits } from "../limits.ts"
import { Inquiry, type Outgoing } from "../outgoing.ts"
import { openConnections } from "./connections.ts"
import type { Exchange } from "./exchange.ts"
import type { Notice } from "./notice.ts"
import { Notices } from "./notices.ts"
import { Outlet } from "./outlet.ts"

const controlConnections = 4
/** One that is open, and one that takes its place. */
const streamConnections = 2

/**
 * The connections of a link, by what they are for, and what is sent over them. Calls have some of their own; what the
 * gateway itself has to say (handshakes, cancellations, listings) goes over a few others, so that it gets through when
 * every call hangs.
 */
export class Sender {
  readonly #path: string
  readonly #outlet: Outlet
  readonly #notices: Notices
  readonly #calls: Pool
  /** For requests in which the server may ask something: a person's thinking keeps no other call waiting. */
  readonly talks: Pool
  readonly control: Pool
  /** For what stays open: it would starve the others. */
  readonly streams: Pool

  constructor(address: HttpAddress, limits: BackendLimits, credential: Credential | undefined) {
    const { origin, pathname, search } = new URL(address.url)
    const { concurrencyMax } = address.options
    const open = (connections: number) => openConnections(origin, connections, limits.connectMs)
    this.#path = pathname + search
    this.#outlet = new Outlet(address, credential)
    this.#notices = new Notices(limits.connectMs)
    this.#calls = open(concurrencyMax)
    this.talks = open(concurrencyMax + limits.askingMax)
    this.control = open(controlConnections)
    this.streams = open(streamConnections)
  }

  poolFor(outgoing: Outgoing): Pool {
    if (outgoing.lasts) return this.streams
    return outgoing instanceof Inquiry ? this.control : this.#calls
  }

  post(pool: Pool, headers: string[], body: string, exchange: Exchange): void {
    this.#send(pool, "POST", headers, body, exchange)
  }

  get(headers: string[], exchange: Exchange, pool = this.#calls): void {
    this.#send(pool, "GET", headers, null, exchange)
  }

  /** A notification, or our answer to the server's own request. */
  notify(headers: string[], text: string): Notice {
    const notice = this.#notices.begin()
    this.#send(this.control, "POST", headers, text, notice)
    return notice
  }

  /** The end of a session. */
  end(headers: string[]): Notice {
    const notice = this.#notices.begin()
    this.#send(this.control, "DELETE", headers, null, notice)
    return notice
  }

  #send(
    pool: Pool,
    method: Dispatcher.HttpMethod,
    headers: string[],
    body: string | null,
    exchange: Exchange,
  ): void {
    this.#outlet.send(pool, { path: this.#path, method, headers, body }, exchange)
  }

  async destroy(): Promise<void> {
    this.#notices.clear()
    const pools = [this.#calls, this.talks, this.control, this.streams]
    await Promise.all(pools.map((pool) => pool.destroy()))
  }
}
