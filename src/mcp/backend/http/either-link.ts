import type { HttpAddress } from "../address.ts"
import type { Credential } from "../credentials/credential.ts"
import type { Failure } from "../failure.ts"
import type { BackendLimits } from "../limits.ts"
import type { Link, LinkEvents, Opening } from "../link.ts"
import type { Outgoing } from "../outgoing.ts"
import { modernCodes } from "../verdict.ts"
import type { Identity } from "../wire.ts"
import { HttpLink } from "./link.ts"
import { SseLink } from "./sse/sse-link.ts"

/** What a link needs beside its address. */
export interface Around {
  readonly identity: Identity
  readonly limits: BackendLimits
  readonly credential: Credential | undefined
}

/**
 * Streamable HTTP and, for a server that does not know it, HTTP+SSE of 2024-11-05. The older one is tried only where
 * the server refused `initialize` with a status that means it does not know it.
 */
export class EitherLink implements Link {
  readonly #streamable: HttpLink
  readonly #sse: SseLink
  readonly #mayBeOld: boolean
  readonly #events: LinkEvents
  #current: Link

  constructor(address: HttpAddress, around: Around, events: LinkEvents) {
    const { credential, identity, limits } = around
    this.#streamable = new HttpLink(address, identity, limits, events, credential)
    this.#sse = new SseLink(address, around, events)
    this.#mayBeOld = address.options.era !== "modern"
    this.#current = this.#streamable
    this.#events = events
  }

  get transport(): Link["transport"] {
    return this.#current.transport
  }

  readonly pid = undefined

  get strays(): number {
    return this.#streamable.strays + this.#sse.strays
  }

  async open(): Promise<Opening> {
    const opening = await this.#streamable.open()
    this.#current = this.#streamable
    if (opening.ok || !this.#mayBeOld || !isUnknownTransport(opening.failure)) return opening
    const older = await this.#sse.open()
    if (!older.ok) return { ok: false, failure: both(opening.failure, older.failure) }
    this.#current = this.#sse
    return older
  }

  listen(isWanted: boolean): void {
    if (this.#current === this.#streamable) this.#streamable.listen(isWanted)
    else if (isWanted) this.#events.opened("first") // all that the server says comes over its one stream
  }

  rootsChanged(session: string): void {
    if (this.#current === this.#streamable) this.#streamable.rootsChanged(session)
  }

  send(outgoing: Outgoing): void {
    this.#current.send(outgoing)
  }

  async close(): Promise<void> {
    await Promise.all([this.#streamable.close(), this.#sse.close()])
  }
}

const isUnknownTransport = ({ status, rpcCode }: Failure): boolean =>
  (status === 400 || status === 404 || status === 405) &&
  (rpcCode === undefined || !modernCodes.includes(rpcCode))

const both = (streamable: Failure, sse: Failure): Failure => ({
  ...streamable,
  reason: `${streamable.reason}; as a server of HTTP+SSE: ${sse.reason}`,
})
