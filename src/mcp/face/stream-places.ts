import type { ServerResponse } from "node:http"

import { type Full, Shares } from "../../call/shares.ts"
import type { FaceLimits } from "./limits.ts"

/** The places for open streams: each belongs to a response, from before it is a stream until it closes. */
export class StreamPlaces {
  readonly #shares: Shares

  constructor(limits: Pick<FaceLimits, "streamsMax" | "streamsPerCallerMax">) {
    this.#shares = new Shares(limits.streamsMax, limits.streamsPerCallerMax)
  }

  /**
   * Takes a place for what this response may become; what is full where there is none. With `instead`, one of this
   * caller's streams ends for it, and it needs no more room than that.
   */
  take(principal: string, outgoing: ServerResponse, instead = false): Full | undefined {
    if (outgoing.destroyed) return // "close" has been told, and nobody would give it back
    const full = this.#shares.take(principal, instead ? 1 : 0)
    if (full === undefined) outgoing.once("close", () => this.#shares.give(principal))
    return full
  }
}

export const fullWords = (full: Full): string =>
  full === "all"
    ? "busy: too many streams (limits.streams)"
    : "busy: too many streams of this caller (limits.streamsPerCaller)"
