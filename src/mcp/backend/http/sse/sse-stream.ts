import { type Failure, protocolFailure } from "../../failure.ts"
import { Exchange } from "../exchange.ts"

/** Who is told what comes over the stream. */
export interface StreamTaker {
  /** Where to post, as the server wrote it. Once, before any message. */
  endpoint(written: string): void
  message(text: string): void
  /** An event larger than the limit: its beginning and its end. */
  overlong(head: string, tail: string): void
  /** The stream is over, or never was one. Once, and nothing after it. */
  over(failure: Failure): void
}

const keptMax = 512

/** The one stream of HTTP+SSE (MCP 2024-11-05): where to post comes first, then every message of the server. */
export class SseStream extends Exchange {
  readonly #taker: StreamTaker
  #hasEndpoint = false
  /** The beginning of the event that is being skipped. */
  #head: string | undefined
  #isOver = false

  constructor(taker: StreamTaker, bytesMax: number) {
    super({ bytesMax, streamBytesMax: Number.POSITIVE_INFINITY })
    this.#taker = taker
  }

  protected override streamed(text: string, type: string): void {
    const head = this.#head
    this.#head = undefined
    if (head !== undefined) this.#taker.overlong(head, text.slice(-keptMax))
    else if (type === "endpoint" && !this.#hasEndpoint) {
      this.#hasEndpoint = true
      this.#taker.endpoint(text)
    } else if (type === "" && this.#hasEndpoint) this.#taker.message(text)
  }

  /** One message too large is no reason to lose the others. */
  protected override tooLong(discard: () => string): void {
    const lost = discard()
    this.#head ??= lost.slice(0, keptMax)
  }

  protected override answered(_text: string): void {
    this.#end(this.refusedByStatus(undefined) ?? noStream)
  }

  protected override streamEnded(): void {
    this.#end(ended)
  }

  protected override failed(failure: Failure): void {
    this.#end(failure)
  }

  stop(): void {
    this.#isOver = true
    this.close()
  }

  #end(failure: Failure): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#taker.over(failure)
  }
}

const noStream = protocolFailure("the answer to GET is no event stream")

const ended: Failure = {
  code: "backend_unavailable",
  kind: "lost",
  reason: "the server ended its event stream",
}
