import type { JsonObject } from "../../../schema/json.ts"
import { type Incoming, readMessage } from "../answer.ts"
import { type Failure, protocolFailure } from "../failure.ts"
import { isOfRequest, outlivesRequest } from "../notifications.ts"
import type { Carrier, Outgoing } from "../outgoing.ts"
import { type AnswerSizes, Exchange } from "./exchange.ts"
import type { LegacySession } from "./legacy-session.ts"
import { lostAgain, type TakenUp } from "./taken-up.ts"

/** What an exchange needs of the link that it runs on. */
export interface ExchangeHost {
  /** The server refused the request before it ran, in a way that another attempt may mend; true if there will be one. */
  retries(exchange: RpcExchange, failure: Failure): boolean
  /** A stream with event ids broke before the answer; true if it will be taken up again. */
  takesUp(exchange: RpcExchange): boolean
  broken(exchange: RpcExchange, failure: Failure): void
  /** The server asks us something in the middle of a stream. */
  asked(exchange: RpcExchange, request: JsonObject): void
  /** A notification that belongs to no request in particular. */
  noticed(notification: JsonObject): void
  /** The request is over on our side and had reached the server. */
  withdrawn(exchange: RpcExchange): void
  /** The answer is there and its stream still open. */
  linger(exchange: RpcExchange): void
  strayed(): void
  lingered(exchange: RpcExchange): void
}

/** One JSON-RPC request over HTTP. Only a response with its very id ends it well. */
export class RpcExchange extends Exchange implements Carrier {
  readonly outgoing: Outgoing
  /** Which session of a legacy server it was sent in. */
  readonly session: LegacySession | undefined
  /** Of that session, or else of the plain one, when it was sent. */
  readonly epoch: number
  /** The stream that this one goes on with, after it broke. */
  readonly takenUp: TakenUp | undefined
  readonly #host: ExchangeHost

  constructor(
    host: ExchangeHost,
    outgoing: Outgoing,
    sizes: AnswerSizes,
    { session, epoch, takenUp }: Pick<RpcExchange, "session" | "epoch" | "takenUp">,
  ) {
    super(sizes)
    this.session = session
    this.epoch = epoch
    this.takenUp = takenUp
    this.#host = host
    this.outgoing = outgoing
  }

  hasSent(): boolean {
    return this.isSent
  }

  withdraw(): void {
    if (this.isSent) this.#host.withdrawn(this)
    this.close()
  }

  protected override answered(text: string): void {
    if (this.takenUp !== undefined) {
      this.#lost(lostAgain(this.status)) // a session that is unknown now does not mean that nothing ran
      return
    }
    const incoming: Incoming = text === "" ? empty : readMessage(text)
    const failure = this.#statusFailure(incoming)
    const isOurs = incoming.kind === "response" && incoming.id === this.outgoing.id
    const isError = isOurs && incoming.outcome.kind === "error"
    if (failure !== undefined && this.#host.retries(this, failure)) return
    if (isError && failure?.kind !== "credentials") this.outgoing.settle(incoming.outcome)
    else if (failure !== undefined) this.#host.broken(this, failure)
    else if (isOurs) this.outgoing.settle(incoming.outcome)
    else this.#mistrust(incoming)
  }

  protected override streamed(text: string, type: string): void {
    if (type !== "") return
    const incoming = readMessage(text)
    if (this.outgoing.isOver) this.#toldLate(incoming)
    else if (incoming.kind === "notification") this.#notified(incoming.message)
    else if (incoming.kind === "request") this.#host.asked(this, incoming.message)
    else if (incoming.kind === "response" && incoming.id === this.outgoing.id) {
      this.outgoing.settle(incoming.outcome)
      this.#host.linger(this)
    } else this.#mistrust(incoming)
  }

  protected override streamEnded(): void {
    if (this.outgoing.isOver) this.#host.lingered(this)
    else if (this.#host.takesUp(this)) this.outgoing.paused()
    else this.#host.broken(this, endedEarly)
  }

  protected override failed(failure: Failure): void {
    if (this.outgoing.isOver) return
    const isLost = failure.kind === "lost" || failure.kind === "refused"
    if (isLost) this.#lost(this.takenUp === undefined ? failure : lostAgain(undefined))
    else this.#host.broken(this, failure)
  }

  #lost(failure: Failure): void {
    if (!this.#host.takesUp(this)) this.#host.broken(this, failure)
  }

  #statusFailure(incoming: Incoming): Failure | undefined {
    const isError = incoming.kind === "response" && incoming.outcome.kind === "error"
    return this.refusedByStatus(isError ? incoming.outcome.error.code : undefined)
  }

  #notified(notification: JsonObject): void {
    const isOurs = this.outgoing.lasts || isOfRequest(notification["method"])
    if (isOurs) this.outgoing.notify(notification)
    else this.#host.noticed(notification)
  }

  /** What follows the answer belongs to nobody, except news of the server and of pages that it gave. */
  #toldLate(incoming: Incoming): void {
    if (incoming.kind !== "notification") return
    const { message } = incoming
    if (outlivesRequest(message["method"])) this.#host.noticed(message)
  }

  /** An answer to something else, or none at all: the connection may hold answers that belong to others. */
  #mistrust(incoming: Incoming): void {
    this.cut()
    this.#host.strayed()
    const what =
      incoming.kind === "garbage" ? incoming.why : `a ${incoming.kind} that belongs to no request`
    this.#host.broken(this, protocolFailure(`the answer cannot be used: ${what}`))
  }
}

const endedEarly: Failure = {
  code: "backend_unavailable",
  kind: "lost",
  reason: "the stream ended without an answer",
}

const empty: Incoming = { kind: "garbage", why: "empty" }
