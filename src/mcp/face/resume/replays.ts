import { randomBytes } from "node:crypto"

import type { RpcId } from "../../jsonrpc.ts"
import { ResumableStream, requestOf } from "./resumable-stream.ts"

/** How much is kept, in characters, so that a client that lost a stream gets the rest of it. */
export interface ReplayLimits {
  /** Of one session. */
  readonly replayBytesMax: number
  /** Of all sessions of the process. */
  readonly replayBytesTotalMax: number
}

/** What the process keeps for clients that come back: nothing of it outlives the process. */
export class Replays {
  readonly limits: ReplayLimits
  /** In every stream's name: an id of another process, or of the one before a restart, is known for that. */
  readonly #life = randomBytes(6).toString("base64url")
  /** Those that hold something, the longest unchanged first. */
  readonly #holding = new Set<ResumableStream>()
  #serial = 0
  /** Characters held, and events that were sent a second time since the start. */
  held = 0
  resent = 0

  constructor(limits: ReplayLimits) {
    this.limits = limits
  }

  openSession(): Replay {
    return new Replay(this)
  }

  nextName(): string {
    this.#serial++
    return `${this.#life}.${this.#serial.toString(36)}`
  }

  grew(stream: ResumableStream, by: number): void {
    this.held += by
    this.#holding.delete(stream)
    this.#holding.add(stream)
    for (const oldest of this.#holding) {
      if (this.held <= this.limits.replayBytesTotalMax) return
      oldest.forget()
    }
  }

  shrank(stream: ResumableStream, by: number): void {
    this.held -= by
    if (stream.held === 0) this.#holding.delete(stream)
  }
}

/** What an event id leads to. */
export type Lost =
  /** A stream that is still known, and the number of the event that the client has. */
  | { readonly kind: "stream"; readonly stream: ResumableStream; readonly after: number }
  /** The answer to this request was on a stream that nobody knows any more. */
  | { readonly kind: "answer"; readonly id: RpcId }
  | { readonly kind: "nothing" }

/** The streams of one session that can be taken up again. */
export class Replay {
  readonly #all: Replays
  #streams: Map<string, ResumableStream> | undefined // idle sessions are many
  #held = 0

  constructor(all: Replays) {
    this.#all = all
  }

  /** A stream of its own name; `request` is the one that it ends with the answer to. */
  begin(request: RpcId | undefined): ResumableStream {
    const stream = new ResumableStream(this, this.#all.nextName(), request)
    this.#streams ??= new Map()
    this.#streams.set(stream.name, stream)
    return stream
  }

  find(lastEventId: string): Lost {
    const [, name = "", seq = ""] = /^(.{1,400})\.(\d{1,15})$/.exec(lastEventId) ?? []
    const stream = this.#streams?.get(name)
    if (stream !== undefined && !stream.hasLostItsAnswer)
      return { kind: "stream", stream, after: Number(seq) }
    const id = requestOf(name)
    return id === undefined ? { kind: "nothing" } : { kind: "answer", id }
  }

  /** A stream holds more; what is oldest in the session makes room. */
  grew(stream: ResumableStream, by: number): void {
    this.#held += by
    this.#all.grew(stream, by)
    const max = this.#all.limits.replayBytesMax
    for (const oldest of this.#streams?.values() ?? []) {
      if (this.#held <= max) return
      oldest.forget(this.#held - max)
    }
  }

  shrank(stream: ResumableStream, by: number): void {
    this.#held -= by
    this.#all.shrank(stream, by)
    if (stream.held === 0 && stream.isFinished) this.#streams?.delete(stream.name)
  }

  resent(events: number): void {
    this.#all.resent += events
  }

  /** The session is over, and nothing of it comes back. */
  close(): void {
    const streams = [...(this.#streams?.values() ?? [])]
    this.#streams = undefined
    for (const stream of streams) stream.close()
  }
}
