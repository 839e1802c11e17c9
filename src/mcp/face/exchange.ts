import type { ServerResponse } from "node:http"

import type { RpcId } from "../jsonrpc.ts"
import {
  EventStream,
  type Headers,
  type MessageStream,
  writeEmpty,
  writeFail,
  writeJson,
} from "./answer.ts"
import type { Accepts } from "./door.ts"
import { errorText, type Fail } from "./errors.ts"
import { Beating, type Pulse } from "./pulse.ts"
import type { Resumption } from "./resume/resumption.ts"

/**
 * The answer to one POST. It stays undecided until something must be said: a result first makes it plain JSON, a
 * notification or a long silence first makes it a stream that ends with the result.
 */
export class Exchange extends Beating {
  readonly outgoing: ServerResponse
  readonly #accepts: Accepts
  readonly #pulse: Pulse
  readonly #bufferMax: number
  #stream: MessageStream | undefined
  #resumption: Resumption | undefined
  #isWaiting = false

  constructor(outgoing: ServerResponse, accepts: Accepts, pulse: Pulse, bufferMax: number) {
    super()
    this.outgoing = outgoing
    this.#accepts = accepts
    this.#pulse = pulse
    this.#bufferMax = bufferMax
  }

  /**
   * Characters of one message before the answer: half of what may wait, so that one message cannot cost a reader its
   * stream.
   */
  get messageMax(): number {
    return this.#bufferMax / 2
  }

  get canStream(): boolean {
    return this.#accepts.stream
  }

  /** Whether the client can be asked something before the answer: it reads, or may come back to read. */
  get canAsk(): boolean {
    return this.#isWaiting && !(this.#stream === undefined && this.outgoing.destroyed)
  }

  /** Should the answer become a stream, then one that a client can come back to. */
  resumable(resumption: Resumption): void {
    this.#resumption = resumption
  }

  /** Whether the client can come back for the answer when its stream ends before. */
  get canPause(): boolean {
    return this.#accepts.stream && this.#resumption?.isPrimed === true
  }

  /** Ends the stream before the answer is there: the client comes back for it. */
  pause(): void {
    if (this.#isWaiting) this.#open().end()
  }

  /** From here on the answer takes its time: silence will be noticed. */
  wait(): void {
    if (!this.#accepts.stream) return
    this.#isWaiting = true
    this.#pulse.add(this)
  }

  /** A notification or a question that belongs to this request, before its answer. */
  notify(text: string): void {
    if (!this.#isWaiting) return // late: the answer is out
    this.quietBeats = 0
    this.#open().send(text)
  }

  override keepAlive(): void {
    this.quietBeats = 0
    this.#open().comment()
  }

  /**
   * The whole JSON-RPC response, as text; `bytes` where its length is known already: a long text takes time to count.
   */
  finish(text: string, { headers, bytes }: { headers?: Headers; bytes?: number } = {}): void {
    this.#stopWaiting()
    if (this.#stream === undefined && this.#accepts.json) {
      writeJson(this.outgoing, 200, text, headers, bytes)
      return
    }
    this.#open(headers).finish(text)
  }

  /** An error has its HTTP status, unless a stream has begun: then it is the last message there. */
  fail(failure: Fail, id: RpcId | undefined): void {
    this.#stopWaiting()
    if (this.#stream === undefined) writeFail(this.outgoing, failure, id)
    else this.finish(errorText(failure, id))
  }

  /** 202 and nothing more: what was posted was no request. */
  acknowledge(): void {
    writeEmpty(this.outgoing, 202)
  }

  #open(headers?: Headers): MessageStream {
    if (this.#stream !== undefined) return this.#stream
    const connection = new EventStream(this.outgoing, this.#bufferMax, headers)
    this.#stream = this.#resumption?.begin(connection) ?? connection
    return this.#stream
  }

  #stopWaiting(): void {
    if (!this.#isWaiting) return
    this.#isWaiting = false
    this.#pulse.remove(this)
  }
}
