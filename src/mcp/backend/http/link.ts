import type { Dispatcher, Pool } from "undici"
import type { JsonObject } from "../../../schema/json.ts"
import type { HttpAddress } from "../address.ts"
import { Deadlines } from "../deadlines.ts"
import { closing, type Failure } from "../failure.ts"
import type { BackendLimits } from "../limits.ts"
import type { Link, LinkEvents, Opening } from "../link.ts"
import { Inquiry, type Outgoing } from "../outgoing.ts"
import { modernCodes, verdictOf } from "../verdict.ts"
import {
  cancelledText,
  type Era,
  envelope,
  type Identity,
  initializedText,
  replyText,
  requestText,
} from "../wire.ts"
import { openConnections } from "./connections.ts"
import type { Exchange } from "./exchange.ts"
import { initialize } from "./handshake.ts"
import { HeaderSets } from "./header-sets.ts"
import { Notice } from "./notice.ts"
import { type ExchangeHost, RpcExchange } from "./rpc-exchange.ts"

const controlConnections = 4

/**
 * Streamable HTTP in both eras. Calls have connections of their own; what the gateway itself has to say (handshakes,
 * cancellations, listings) goes over a few others, so that it gets through when every call hangs.
 */
export class HttpLink implements Link, ExchangeHost {
  readonly transport = "http"
  readonly #address: HttpAddress
  readonly #identity: Identity
  readonly #limits: BackendLimits
  readonly #events: LinkEvents
  readonly #path: string
  readonly #calls: Pool
  readonly #control: Pool
  readonly #headers: HeaderSets
  readonly #lingering: Deadlines<Exchange>
  #era: Era | undefined
  #common = ""
  #sessionId: string | undefined
  /** Counts sessions, so that of many calls that find one lost, the first replaces it. */
  #epoch = 0
  #renewal: Promise<Opening> | undefined

  constructor(address: HttpAddress, identity: Identity, limits: BackendLimits, events: LinkEvents) {
    const url = new URL(address.url)
    this.#address = address
    this.#identity = identity
    this.#limits = limits
    this.#events = events
    this.#path = url.pathname + url.search
    this.#calls = openConnections(url.origin, address.options.concurrencyMax, limits.connectMs)
    this.#control = openConnections(url.origin, controlConnections, limits.connectMs)
    this.#headers = new HeaderSets(address.headers)
    this.#lingering = new Deadlines(limits.lingerMs, (exchange) => exchange.close())
  }

  readonly pid = undefined
  strays = 0

  async open(): Promise<Opening> {
    const { era } = this.#address.options
    const verdict = era === "auto" ? await this.#probe() : ({ ok: true, era } as const)
    if (!verdict.ok) return verdict
    this.#era = verdict.era
    this.#common = envelope(verdict.era, this.#identity)
    return verdict.era === "modern" ? verdict : this.#startSession()
  }

  async #probe() {
    const { outcome } = await this.#ask(...this.#modernInquiry("server/discover", {}))
    return verdictOf(outcome)
  }

  #modernInquiry(method: string, params: JsonObject) {
    const inquiry = new Inquiry(method, params)
    return [inquiry, this.#headers.modern(inquiry), envelope("modern", this.#identity)] as const
  }

  async #startSession(): Promise<Opening> {
    const ask = this.#ask.bind(this)
    const session = await initialize(ask, this.#identity, this.#headers.bare)
    if (!session.ok) return session
    this.#sessionId = session.id
    this.#headers.setSession(session.id, session.version)
    this.#epoch++
    const failure = await this.#notify(initializedText).outcome
    return failure === undefined ? { ok: true, era: "legacy" } : { ok: false, failure }
  }

  async #ask(inquiry: Inquiry, headers: string[], common: string) {
    inquiry.isResent = true // a handshake that is refused is not repeated
    const exchange = this.#exchange(this.#control, inquiry, headers, common)
    const late = setTimeout(() => inquiry.withdraw(slowHandshake), this.#limits.connectMs)
    const outcome = await inquiry.outcome
    clearTimeout(late)
    return { outcome, exchange }
  }

  send(outgoing: Outgoing): void {
    const pool = outgoing instanceof Inquiry ? this.#control : this.#calls
    const headers = this.#era === "modern" ? this.#headers.modern(outgoing) : this.#headers.legacy
    this.#exchange(pool, outgoing, headers, this.#common)
  }

  #exchange(pool: Pool, outgoing: Outgoing, headers: string[], common: string): RpcExchange {
    const { answerBytesMax } = this.#address.options
    const exchange = new RpcExchange(this, outgoing, answerBytesMax, this.#epoch)
    outgoing.carrier = exchange
    this.#dispatch(pool, "POST", headers, requestText(outgoing, common), exchange)
    return exchange
  }

  #dispatch(
    pool: Pool,
    method: Dispatcher.HttpMethod,
    headers: string[],
    body: string | null,
    exchange: Exchange,
  ): void {
    pool.dispatch({ path: this.#path, method, headers, body }, exchange)
  }

  #notify(text: string): Notice {
    const notice = new Notice()
    const headers = this.#headers.legacy
    this.#dispatch(this.#control, "POST", headers, text, notice)
    return notice
  }

  retries({ outgoing, epoch }: RpcExchange, failure: Failure): boolean {
    if (outgoing.isResent || !this.#isStale(failure)) return false
    outgoing.isResent = true
    if (epoch === this.#epoch && this.#renewal === undefined) this.#renew()
    void this.#resend(outgoing)
    return true
  }

  /**
   * The session or the era is not what it was, and the server refused the request before anything ran. Servers differ in
   * how they say so: 404 is the specification's word for an unknown session, 400 with -32000 that of many.
   */
  #isStale({ status, rpcCode }: Failure): boolean {
    if (status !== 400 && status !== 404 && status !== 405) return false
    if (this.#era === "modern")
      return this.#address.options.era === "auto" && (rpcCode === undefined || isVague(rpcCode))
    if (rpcCode !== undefined && modernCodes.includes(rpcCode)) return true
    return this.#sessionId !== undefined && (status === 404 || isVague(rpcCode))
  }

  #renew(): void {
    this.#renewal = this.open().finally(() => {
      this.#renewal = undefined
    })
  }

  async #resend(outgoing: Outgoing): Promise<void> {
    const opening = await this.#renewal
    if (outgoing.isOver) return
    if (opening === undefined || opening.ok) return this.send(outgoing)
    this.#events.down(opening.failure)
    outgoing.fail({ ...opening.failure, code: "backend_unavailable" })
  }

  broken({ outgoing }: RpcExchange, failure: Failure): void {
    outgoing.fail(failure)
    if (failure.isUnsent && !(outgoing instanceof Inquiry)) this.#events.down(failure)
  }

  asked(request: JsonObject): void {
    if (this.#era === "legacy") this.#notify(replyText(request))
  }

  noticed(notification: JsonObject): void {
    if (notification["method"] === "notifications/tools/list_changed") this.#events.toolsChanged()
  }

  withdrawn({ outgoing }: RpcExchange): void {
    if (this.#era === "legacy" && outgoing.method !== "initialize")
      this.#notify(cancelledText(outgoing.id))
  }

  linger(exchange: RpcExchange): void {
    this.#lingering.add(exchange)
  }

  strayed(): void {
    this.strays++
    this.#events.log("warn", "backend_stray", { kind: "foreign answer" })
  }

  lingered(exchange: RpcExchange): void {
    this.#lingering.delete(exchange)
  }

  async close(): Promise<void> {
    if (this.#sessionId !== undefined) await this.#endSession()
    this.#lingering.clear()
    await Promise.all([this.#calls.destroy(), this.#control.destroy()])
  }

  async #endSession(): Promise<void> {
    const notice = new Notice()
    const headers = this.#headers.legacy
    this.#dispatch(this.#control, "DELETE", headers, null, notice)
    const late = setTimeout(() => notice.stop(closing), this.#limits.terminateMs)
    await notice.outcome
    clearTimeout(late)
  }
}

/** Codes without a meaning of their own, which the SDKs put on everything their transports refuse. */
const isVague = (rpcCode: number | undefined): boolean => rpcCode === -32000 || rpcCode === -32001

const slowHandshake: Failure = {
  code: "backend_unavailable",
  kind: "timeout",
  reason: "the server did not answer the handshake in time",
}
