import { readMessage } from "../answer.ts"
import { Backoff } from "../backoff.ts"
import type { Failure } from "../failure.ts"
import type { BackendLimits } from "../limits.ts"
import { Exchange } from "./exchange.ts"
import type { LegacySession } from "./legacy-session.ts"
import { isWireId } from "./wire-id.ts"

/** What the stream of a session needs of its link. */
export interface StandaloneHost {
  /** Sends a GET with these headers. */
  get(headers: string[], exchange: Exchange): void
  message(session: LegacySession, text: string): void
  /** The stream is there: for the first time, or after it was lost, with or without all that was said meanwhile. */
  opened(how: "first" | "resumed" | "again"): void
  /** The server has no such stream. */
  refused(): void
  /** The server does not know the session (any more). */
  forgotten(session: LegacySession): void
  /** Nobody is there. Who has no other way to find out that somebody is again lets it be tried. */
  unreachable(failure: Failure): "stop" | "try_again"
}

/**
 * The stream of a legacy session for what belongs to no request (`GET`), open as long as it is wanted. When it is lost
 * it is opened again, after the time that the server gave or one that grows, and from where it broke if the server's
 * events have ids.
 */
export class StandaloneStream {
  readonly #host: StandaloneHost
  readonly #bytesMax: number
  readonly #backoff: Backoff
  #session: LegacySession | undefined
  #isWanted = false
  #exchange: GetExchange | undefined
  #timer: NodeJS.Timeout | undefined
  #hasBeenOpen = false
  #lastEventId = ""
  #retryMs: number | undefined

  constructor(host: StandaloneHost, bytesMax: number, limits: BackendLimits) {
    this.#host = host
    this.#bytesMax = bytesMax
    this.#backoff = new Backoff(limits.backoffMs, limits.backoffMaxMs, limits.healthyMs)
  }

  want(isWanted: boolean, session: LegacySession): void {
    if (!isWanted) {
      this.stop()
      return
    }
    if (this.#isWanted && session === this.#session) return
    this.#isWanted = true
    this.#session = session
    this.#open()
  }

  /** What was said in a session before is of no use in another. */
  stop(): void {
    this.#isWanted = false
    this.#hasBeenOpen = false
    this.#lastEventId = ""
    this.#retryMs = undefined
    clearTimeout(this.#timer)
    this.#exchange?.close()
    this.#exchange = undefined
  }

  #open(): void {
    const session = this.#session
    if (session === undefined) return
    const last = this.#lastEventId
    const exchange = new GetExchange(this.#bytesMax, {
      opened: () => this.#opened(last !== ""),
      message: (text) => this.#host.message(session, text),
      over: (why) => this.#over(exchange, session, why),
    })
    this.#exchange = exchange
    const resuming = last === "" ? [] : ["last-event-id", last]
    this.#host.get([...session.headers, ...resuming], exchange)
  }

  #opened(isResumed: boolean): void {
    this.#backoff.succeeded()
    const again = isResumed ? "resumed" : "again"
    this.#host.opened(this.#hasBeenOpen ? again : "first")
    this.#hasBeenOpen = true
  }

  #over(exchange: GetExchange, session: LegacySession, why: Over): void {
    if (exchange !== this.#exchange) return
    this.#exchange = undefined
    if (isWireId(exchange.lastEventId)) this.#lastEventId = exchange.lastEventId
    this.#retryMs = exchange.retryMs ?? this.#retryMs
    if (why === "unknown_session") this.#host.forgotten(session)
    else if (why === "none") this.#host.refused()
    else if (why === "ended" || !why.isUnsent || this.#host.unreachable(why) === "try_again")
      this.#again(exchange.saidSomething)
  }

  /**
   * The server's own wait is only honoured where it has something to say: a stream that just ends is asked for less and
   * less often.
   */
  #again(saidSomething: boolean): void {
    const waitMs = this.#backoff.failed()
    const asked = this.#retryMs === undefined ? undefined : Math.min(this.#retryMs, retryMaxMs)
    const wait = asked === undefined ? waitMs : saidSomething ? asked : Math.max(asked, waitMs)
    this.#timer = setTimeout(() => this.#open(), wait).unref()
  }
}

const retryMaxMs = 30_000

/** Why a stream is over, or never began. */
type Over = "ended" | "none" | "unknown_session" | Failure

interface GetTaker {
  opened(): void
  message(text: string): void
  over(why: Over): void
}

class GetExchange extends Exchange {
  readonly #taker: GetTaker
  saidSomething = false

  constructor(bytesMax: number, taker: GetTaker) {
    super({ bytesMax, streamBytesMax: Number.POSITIVE_INFINITY })
    this.#taker = taker
  }

  protected override opened(): void {
    this.#taker.opened()
  }

  protected override streamed(text: string, type: string): void {
    this.saidSomething = true
    if (type === "") this.#taker.message(text)
  }

  protected override streamEnded(): void {
    this.#taker.over("ended")
  }

  protected override answered(text: string): void {
    const incoming = readMessage(text)
    const isError = incoming.kind === "response" && incoming.outcome.kind === "error"
    const rpcCode = isError ? incoming.outcome.error.code : undefined
    if (this.status === 404 || (this.status === 400 && rpcCode !== undefined))
      this.#taker.over("unknown_session")
    else if (this.status === 405 || this.status < 400) this.#taker.over("none")
    else this.#taker.over(this.refusedByStatus(rpcCode) ?? "none")
  }

  protected override failed(failure: Failure): void {
    this.#taker.over(failure)
  }
}
