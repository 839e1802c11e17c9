import type { IncomingHttpHeaders } from "node:http"
import type { Dispatcher } from "undici"
import type { Due } from "../deadlines.ts"
import { withoutSecrets } from "../echo.ts"
import { type Failure, protocolFailure, tooLarge } from "../failure.ts"
import type { Connection } from "./connections.ts"
import { EventStream } from "./event-stream.ts"
import { networkFailure, statusFailure } from "./network-failure.ts"

/** How much of an answer is read. */
export interface AnswerSizes {
  /** Bytes of one that is no stream, or of one event. */
  readonly bytesMax: number
  /** Bytes of all events together. */
  readonly streamBytesMax: number
}

/**
 * One request and its answer, straight on undici's dispatcher: no stream object and no timer per call. The answer is one
 * JSON text or a stream of events; the text, and each event, are counted against the limit as they arrive.
 */
export abstract class Exchange implements Dispatcher.DispatchHandler, Due<Exchange> {
  dueMs = 0
  before: Exchange | undefined = undefined
  after: Exchange | undefined = undefined
  connection: Connection | undefined
  status = 0
  headers: IncomingHttpHeaders = {}
  /** What it was sent with, and what its answer therefore must not show. */
  secrets: readonly string[] = none
  /** Looks for another proof of who sends it; gives what then sends it again. Asked once. */
  renewal: (() => Promise<(() => void) | undefined>) | undefined
  readonly #sizes: AnswerSizes
  #controller: Dispatcher.DispatchController | undefined
  /** What is held of an answer that is no stream, or all that has come of one that is. */
  #bytes = 0
  #chunks: Buffer[] = []
  #events: EventStream | undefined
  #isClosed = false

  constructor(sizes: AnswerSizes) {
    this.#sizes = sizes
  }

  /** The answer is a stream. */
  protected opened(): void {}
  /** The whole text of an answer that is not a stream. */
  protected abstract answered(text: string): void
  /** One event of a stream; `type` is empty where it is a message. */
  protected abstract streamed(text: string, type: string): void
  protected abstract streamEnded(): void
  protected abstract failed(failure: Failure): void

  /**
   * Stops reading and writing; the connection is closed too, unless the answer had ended. Nothing is reported
   * afterwards.
   */
  close(): void {
    this.#isClosed = true
    this.#controller?.abort(stopped)
    this.#chunks = []
  }

  /** The same, and the connection goes in any case. */
  protected cut(): void {
    this.close()
    this.connection?.cut()
  }

  /** It cannot be sent. */
  fail(failure: Failure): void {
    if (!this.#isClosed) this.#give(failure)
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  get isSent(): boolean {
    return this.#controller !== undefined
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    if (this.#isClosed) controller.abort(stopped)
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: IncomingHttpHeaders,
  ): void {
    if (status < 200) return
    this.status = status
    this.headers = headers
    const wrong = this.#unreadable(headers)
    if (wrong !== undefined) this.#give(wrong)
    else if (status === 200 && isEventStream(headers)) {
      this.#events = new EventStream((text, type) => {
        if (!this.#isClosed) this.streamed(this.#clean(text), type)
      })
      this.opened()
    }
  }

  #unreadable(headers: IncomingHttpHeaders): Failure | undefined {
    const encoding = headers["content-encoding"]
    if (encoding !== undefined && encoding !== "identity")
      return protocolFailure(`the answer is encoded (${encoding}), which was not accepted`)
    const { bytesMax } = this.#sizes
    return Number(headers["content-length"]) > bytesMax ? tooLarge(bytesMax) : undefined
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isClosed) return
    this.#bytes += chunk.length
    const { bytesMax, streamBytesMax } = this.#sizes
    const events = this.#events
    if (events === undefined) {
      this.#chunks.push(chunk)
      if (this.#bytes > bytesMax) this.#give(tooLarge(bytesMax))
      return
    }
    events.push(chunk)
    if (this.#isClosed) return
    if (this.#bytes > streamBytesMax) this.#give(tooLarge(streamBytesMax))
    else if (events.held > bytesMax) this.tooLong(() => events.discard())
  }

  /** One event is too large. That ends the exchange, unless the stream is worth keeping for its other events. */
  protected tooLong(_discard: () => string): void {
    this.#give(tooLarge(this.#sizes.bytesMax))
  }

  /** Where to go on when a stream broke: empty where the server gave its events no ids. */
  get lastEventId(): string {
    return this.#events?.lastEventId ?? ""
  }

  /** All that has come of a stream. */
  get bytes(): number {
    return this.#bytes
  }

  get retryMs(): number | undefined {
    return this.#events?.retryMs
  }

  onResponseEnd(): void {
    if (this.#isClosed) return
    const isRefused = this.status === 401 || this.status === 403
    if (this.#events !== undefined) this.streamEnded()
    else if (isRefused && this.renewal !== undefined) void this.#sendAgain(this.renewal)
    else this.#finish()
  }

  async #sendAgain(renewal: NonNullable<typeof this.renewal>): Promise<void> {
    this.renewal = undefined
    const leave = await renewal()
    if (this.#isClosed) return
    if (leave === undefined) {
      this.#finish()
      return
    }
    this.#controller = undefined
    this.#chunks = []
    this.#bytes = 0
    leave()
  }

  #finish(): void {
    const [first] = this.#chunks
    const whole = this.#chunks.length > 1 ? Buffer.concat(this.#chunks) : first
    this.#chunks = []
    this.answered(whole === undefined ? "" : this.#clean(whole.toString()))
  }

  #clean(text: string): string {
    return this.secrets.length === 0 ? text : withoutSecrets(text, this.secrets)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.failed(networkFailure(error, this.isSent))
  }

  /** The failure that a status other than 2xx means; undefined for 2xx. */
  protected refusedByStatus(rpcCode: number | undefined): Failure | undefined {
    return statusFailure(this.status, this.headers, rpcCode)
  }

  #give(failure: Failure): void {
    this.close()
    this.failed(failure)
  }
}

const none: readonly string[] = []
const stopped = new Error("the exchange was stopped")

const isEventStream = (headers: IncomingHttpHeaders): boolean =>
  headers["content-type"]?.startsWith("text/event-stream") === true
