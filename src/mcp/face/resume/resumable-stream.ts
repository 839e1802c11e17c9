import { isObject } from "../../../schema/json.ts"
import type { RpcId } from "../../jsonrpc.ts"
import type { EventStream, MessageStream } from "../answer.ts"

/** Who counts what a stream holds. */
export interface Keeper {
  grew(stream: ResumableStream, by: number): void
  shrank(stream: ResumableStream, by: number): void
  resent(events: number): void
}

/**
 * A stream of messages that outlives its connection (MCP 2025-11-25, Resumability): each event has the id
 * `<stream>.<number>`, and what was sent is kept as far as the limits go. It writes to one connection at a time; while
 * there is none, messages wait for the next.
 */
export class ResumableStream implements MessageStream {
  readonly name: string
  readonly #keeper: Keeper
  readonly #request: RpcId | undefined
  #connection: EventStream | undefined
  /** The frames that are kept; the first one is number `#first`. Those before `#from` are gone already. */
  #frames: string[] = []
  #first = 1
  #from = 0
  /** Number of the last event that some connection took. */
  #written = 0
  /** Messages that no connection has seen: the same news need not wait twice. */
  #waiting: Set<string> | undefined
  held = 0
  isFinished = false

  constructor(keeper: Keeper, name: string, request: RpcId | undefined) {
    this.#keeper = keeper
    this.name = request === undefined ? name : withRequest(name, request)
    this.#request = request
  }

  get #last(): number {
    return this.#first + this.#frames.length - 1
  }

  /** It is over, and its last message, which is the answer, is no longer there. */
  get hasLostItsAnswer(): boolean {
    return this.isFinished && this.#request !== undefined && this.held === 0
  }

  get isConnected(): boolean {
    return this.#connection?.isOpen === true
  }

  send(text: string): void {
    if (this.isFinished) return
    if (!this.isConnected && this.#request === undefined) {
      this.#waiting ??= new Set()
      if (this.#waiting.has(text)) return
      this.#waiting.add(text)
    }
    this.#put(text)
  }

  comment(): void {
    this.#connection?.comment()
  }

  finish(text: string): void {
    if (this.isFinished) return
    this.isFinished = true
    const connection = this.#connection
    this.#connection = undefined
    connection?.endWith(this.#keep(text))
    if (connection?.isOpen === true) this.#written = this.#last
    this.#keeper.grew(this, this.#frames.at(-1)?.length ?? 0)
  }

  /** The end without a word: the client may come back to it. */
  end(): void {
    this.#connection?.end()
    this.#connection = undefined
  }

  /** Goes on over this connection, from the event after `after`; by default from the first that nobody has taken. */
  connect(connection: EventStream, after = this.#written): void {
    this.#connection?.end()
    this.#connection = connection
    this.#waiting = undefined
    const missed = this.#frames.slice(Math.max(this.#from, after + 1 - this.#first))
    if (missed.length > 0) connection.frames(missed.join(""))
    this.#keeper.resent(missed.length)
    this.#written = this.#last
    if (this.isFinished) this.end()
  }

  /** An event without a message, from which a client can come back before there was one (SEP-1699). */
  prime(retryMs: number): void {
    this.#connection?.frame(`id: ${this.name}.${this.#last}\nretry: ${retryMs}\ndata: \n\n`)
  }

  /** Gives up its oldest events, `amount` characters or more. */
  forget(amount = this.held): void {
    let given = 0
    while (given < amount && this.#from < this.#frames.length) {
      given += this.#frames[this.#from]?.length ?? 0
      this.#frames[this.#from] = ""
      this.#from++
    }
    if (this.#from * 2 > this.#frames.length) {
      this.#frames.splice(0, this.#from)
      this.#first += this.#from
      this.#from = 0
    }
    if (given === 0) return
    this.held -= given
    this.#keeper.shrank(this, given)
  }

  close(): void {
    this.end()
    this.isFinished = true
    this.forget()
  }

  #put(text: string): void {
    const frame = this.#keep(text)
    if (this.isConnected) {
      this.#connection?.frame(frame)
      this.#written = this.#last
    }
    this.#keeper.grew(this, frame.length)
  }

  #keep(text: string): string {
    const frame = `id: ${this.name}.${this.#last + 1}\nevent: message\ndata: ${text}\n\n`
    this.#frames.push(frame)
    this.held += frame.length
    return frame
  }
}

/** Longer ids of requests are left out: an event id has to fit into a header. */
const requestMax = 200

/** The stream's name says which request it answers, so that its loss can be told even by another process. */
function withRequest(name: string, request: RpcId): string {
  const encoded = Buffer.from(JSON.stringify({ id: request })).toString("base64url")
  return encoded.length > requestMax ? name : `${name}.${encoded}`
}

/** The request whose answer a stream of this name ends with; undefined where the name tells of none. */
export function requestOf(name: string): RpcId | undefined {
  const encoded = name.split(".")[2]
  if (encoded === undefined) return undefined
  try {
    const read: unknown = JSON.parse(Buffer.from(encoded, "base64url").toString())
    const id = isObject(read) ? read["id"] : undefined
    return typeof id === "string" || Number.isSafeInteger(id) ? (id as RpcId) : undefined
  } catch {
    return undefined // no name that we gave
  }
}
