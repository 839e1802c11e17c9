import type { ServerResponse } from "node:http"

import type { FaceLimits } from "./limits.ts"

/** The limit that leaves no place. */
export type FullLimit = "streams" | "streamsPerCaller"

/** The places for open streams: so many in all, and a share of them for each caller. */
export class StreamPlaces {
  readonly #limits: Pick<FaceLimits, "streamsMax" | "streamsPerCallerMax">
  readonly #byCaller = new Map<string, number>()
  #taken = 0

  constructor(limits: Pick<FaceLimits, "streamsMax" | "streamsPerCallerMax">) {
    this.#limits = limits
  }

  /**
   * Takes a place for what this response may become, until it closes; the limit where there is none. With `instead`,
   * one of this caller's streams ends for it, and it needs no more room than that.
   */
  take(principal: string, outgoing: ServerResponse, instead = false): FullLimit | undefined {
    const freed = instead ? 1 : 0
    const mine = this.#byCaller.get(principal) ?? 0
    if (this.#taken - freed >= this.#limits.streamsMax) return "streams"
    if (mine - freed >= this.#limits.streamsPerCallerMax) return "streamsPerCaller"
    if (outgoing.destroyed) return // "close" has been told, and nobody would give it back
    this.#taken++
    this.#byCaller.set(principal, mine + 1)
    outgoing.once("close", () => this.#leave(principal))
    return
  }

  #leave(principal: string): void {
    this.#taken--
    const left = (this.#byCaller.get(principal) ?? 1) - 1
    if (left > 0) this.#byCaller.set(principal, left)
    else this.#byCaller.delete(principal)
  }
}

export const fullWords = (limit: FullLimit): string =>
  limit === "streams"
    ? "busy: too many streams (limits.streams)"
    : "busy: too many streams of this caller (limits.streamsPerCaller)"
