import type { HttpAddress, StdioAddress } from "./address.ts"
import type { Credential } from "./credentials/credential.ts"
import { EitherLink } from "./http/either-link.ts"
import { ManagedLink } from "./http/managed-link.ts"
import type { Lane } from "./lane.ts"
import type { BackendLimits } from "./limits.ts"
import type { Link, LinkEvents } from "./link.ts"
import type { Reveal } from "./secret-text.ts"
import { Starts } from "./starts.ts"
import { StdioLink } from "./stdio/link.ts"
import type { Identity } from "./wire.ts"

/** Makes the way to a server from its address. Of the processes that this starts only a few start at once. */
export class Links {
  readonly #identity: Identity
  readonly #limits: BackendLimits
  readonly #reveal: Reveal
  readonly #starts: Starts

  constructor(identity: Identity, limits: BackendLimits, reveal: Reveal) {
    this.#identity = identity
    this.#limits = limits
    this.#reveal = reveal
    this.#starts = new Starts(limits.startsMax, limits.startTurnMs)
  }

  http(address: HttpAddress, events: LinkEvents, credential: Credential | undefined): Link {
    const { process: command, url } = address
    const identity = this.#identity
    const http = new EitherLink(address, { identity, limits: this.#limits, credential }, events)
    if (command === undefined) return http
    return new ManagedLink(command, url, http, this.#limits, this.#around, events)
  }

  stdio(address: StdioAddress, events: LinkEvents, lane: Lane): Link {
    const around = { ...this.#around, identity: this.#identity, limits: this.#limits }
    return new StdioLink(address, around, lane, events)
  }

  get #around() {
    return { starts: this.#starts, reveal: this.#reveal }
  }
}
