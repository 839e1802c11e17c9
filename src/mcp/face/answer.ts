import type { ServerResponse } from "node:http"

import type { RpcId } from "../jsonrpc.ts"
import { errorText, type Fail } from "./errors.ts"

/**
 * On every answer: nothing may keep it, guess its type or embed it. Flat name-value pairs, which is what Node takes
 * without building an object.
 */
const always = [
  "cache-control",
  "no-store",
  "x-content-type-options",
  "nosniff",
  "referrer-policy",
  "no-referrer",
  "cross-origin-resource-policy",
  "same-origin",
]
const jsonHead = ["content-type", "application/json", ...always]
const streamHead = [
  "content-type",
  "text/event-stream",
  "cache-control",
  "no-cache, no-store, no-transform",
  "x-accel-buffering",
  "no",
  ...always.slice(2),
]

export type Headers = Readonly<Record<string, string>>

export function writeJson(
  outgoing: ServerResponse,
  status: number,
  text: string,
  headers?: Headers,
  bytes = Buffer.byteLength(text),
): void {
  if (outgoing.destroyed) return // who asked has left
  const head = [...jsonHead, "content-length", String(bytes)]
  if (headers !== undefined) for (const pair of Object.entries(headers)) head.push(...pair)
  outgoing.writeHead(status, head)
  outgoing.end(text, bytes === text.length ? "latin1" : "utf8") // ASCII needs no transcoding, and Node cannot know
}

export function writeEmpty(outgoing: ServerResponse, status: number, headers: Headers = {}): void {
  if (outgoing.destroyed) return
  const length = status === 204 ? [] : ["content-length", "0"]
  outgoing.writeHead(status, [...always, ...length, ...Object.entries(headers).flat()])
  outgoing.end()
}

export const writeFail = (
  outgoing: ServerResponse,
  failure: Fail,
  id: RpcId | undefined = undefined,
): void => writeJson(outgoing, failure.status, errorText(failure, id), failure.headers)

/** Messages on their way to a caller, the last of which ends them. Each `text` is one JSON-RPC message on one line. */
export interface MessageStream {
  send(text: string): void
  comment(): void
  /** The last message and the end. */
  finish(text: string): void
  /** The end without a word. */
  end(): void
}

/** Server-sent events over one connection: without ids, so what is lost stays lost (resume/ has streams that are not). */
export class EventStream implements MessageStream {
  readonly #outgoing: ServerResponse
  readonly #bufferMax: number
  /**
   * What was sent in this turn: events come in bunches, and writing each of them alone costs more than everything else.
   */
  #pending = ""

  constructor(outgoing: ServerResponse, bufferMax: number, headers: Headers = {}) {
    this.#outgoing = outgoing
    this.#bufferMax = bufferMax
    outgoing.writeHead(200, [...streamHead, ...Object.entries(headers).flat()])
    outgoing.flushHeaders()
  }

  get isOpen(): boolean {
    return !this.#outgoing.destroyed && !this.#outgoing.writableEnded
  }

  send(text: string): void {
    this.frame(`event: message\ndata: ${text}\n\n`)
  }

  comment(): void {
    this.frame(": ka\n\n")
  }

  finish(text: string): void {
    this.endWith(`event: message\ndata: ${text}\n\n`)
  }

  /**
   * Sends one event as it is. What a reader does not take waits in memory; a reader that lets too much wait is cut off.
   */
  frame(text: string): void {
    if (!this.isOpen) return
    const waiting = this.#outgoing.writableLength + this.#pending.length
    if (waiting + text.length > this.#bufferMax) {
      this.#outgoing.destroy()
      return
    }
    if (this.#pending === "") process.nextTick(this.#flush)
    this.#pending += text
  }

  readonly #flush = (): void => {
    const text = this.#takePending()
    if (text !== "" && this.isOpen) this.#outgoing.write(text)
  }

  #takePending(): string {
    const text = this.#pending
    this.#pending = ""
    return text
  }

  /** Events that were kept for this reader: as many as may be kept, whatever the buffer's limit. */
  frames(text: string): void {
    if (this.isOpen) this.#outgoing.write(this.#takePending() + text)
  }

  /** The last event may be as large as an answer may be: nothing can pile up behind it. */
  endWith(frame: string): void {
    if (!this.#outgoing.destroyed) this.#outgoing.end(this.#takePending() + frame)
  }

  end(): void {
    this.#flush()
    if (!this.#outgoing.destroyed) this.#outgoing.end()
  }
}
