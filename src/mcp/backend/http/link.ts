import type { Pool } from "undici"
import { idempotencyKey } from "../../../call/meta.ts"
import type { JsonObject } from "../../../schema/json.ts"
import { type Era, firstModern } from "../../revisions.ts"
import type { HttpAddress } from "../address.ts"
import { readMessage } from "../answer.ts"
import type { Credential } from "../credentials/credential.ts"
import { Deadlines } from "../deadlines.ts"
import { type Failure, unsent } from "../failure.ts"
import type { BackendLimits } from "../limits.ts"
import type { Link, LinkEvents, Opening } from "../link.ts"
import { levelRefusal } from "../log-levels.ts"
import { Inquiry, type Outgoing } from "../outgoing.ts"
import { Unclaimed } from "../unclaimed.ts"
import { legacy, modern, verdictOf } from "../verdict.ts"
import {
  cancelledText,
  type Envelope,
  envelopeOf,
  type Identity,
  initializedText,
  replyText,
  requestText,
  rootsChangedText,
} from "../wire.ts"
import type { AnswerSizes, Exchange } from "./exchange.ts"
import { initialize, slowHandshake } from "./handshake.ts"
import { HeaderSets } from "./header-sets.ts"
import type { LegacySession } from "./legacy-session.ts"
import { LegacySessions, tooManySessions } from "./legacy-sessions.ts"
import type { Notice } from "./notice.ts"
import { type ExchangeHost, RpcExchange } from "./rpc-exchange.ts"
import { Sender } from "./sender.ts"
import { SessionStreams, type SessionStreamsHost } from "./session-streams.ts"
import { isStale } from "./stale.ts"
import { type StandaloneHost, StandaloneStream } from "./standalone-stream.ts"
import { lostAgain, nextAttempt } from "./taken-up.ts"
import { traced } from "./trace-headers.ts"

/** Streamable HTTP in both eras. */
export class HttpLink implements Link, ExchangeHost, StandaloneHost, SessionStreamsHost {
  readonly transport = "http"
  readonly #address: HttpAddress
  readonly #identity: Identity
  readonly #limits: BackendLimits
  readonly #events: LinkEvents
  readonly #sizes: AnswerSizes
  readonly #sender: Sender
  readonly #standalone: StandaloneStream
  readonly #sessionStreams: SessionStreams
  readonly #headers: HeaderSets
  readonly #lingering: Deadlines<Exchange>
  readonly #unclaimed: Unclaimed
  #era: Era | undefined
  readonly #envelope: Envelope
  readonly #sessions: LegacySessions

  constructor(
    address: HttpAddress,
    identity: Identity,
    limits: BackendLimits,
    events: LinkEvents,
    credential: Credential | undefined,
  ) {
    this.#address = address
    this.#identity = identity
    this.#envelope = envelopeOf(identity)
    this.#limits = limits
    this.#events = events
    this.#unclaimed = new Unclaimed(events)
    this.#sizes = {
      bytesMax: address.options.answerBytesMax,
      streamBytesMax: limits.streamBytesMax,
    }
    this.#sender = new Sender(address, limits, credential)
    this.#standalone = new StandaloneStream(this, address.options.answerBytesMax, limits)
    this.#sessionStreams = new SessionStreams(
      this,
      new URL(address.url).origin,
      this.#sizes.bytesMax,
      limits,
    )
    this.#headers = new HeaderSets(address.headers)
    this.#lingering = new Deadlines(limits.lingerMs, (exchange) => exchange.close())
    this.#sessions = new LegacySessions(limits, (session) => void this.#endSession(session))
  }

  readonly pid = undefined

  get strays(): number {
    return this.#unclaimed.strays
  }

  open(): Promise<Opening> {
    return this.#openIn(this.#sessions.plain)
  }

  /** Finds out the era, and in the legacy one opens this session. */
  #openIn(session: LegacySession): Promise<Opening> {
    return session.open(async () => {
      const { era } = this.#address.options
      const stated = era === "modern" ? modern : legacy
      const verdict = era === "auto" ? await this.#probe() : stated
      if (!verdict.ok) return verdict
      this.#era = verdict.era
      return verdict.era === "modern" ? verdict : this.#begin(session)
    })
  }

  async #probe() {
    const { outcome } = await this.#ask(...this.#modernInquiry("server/discover", {}))
    return verdictOf(outcome)
  }

  #modernInquiry(method: string, params: JsonObject) {
    const inquiry = new Inquiry(method, params)
    return [inquiry, this.#headers.modern(inquiry), this.#envelope] as const
  }

  async #begin(session: LegacySession): Promise<Opening> {
    const ask = this.#ask.bind(this)
    const { capabilities } = session.lane
    const greeted = await initialize(ask, this.#identity, capabilities, this.#headers.bare)
    if (!greeted.ok) return greeted
    const headers = this.#headers.inSession(greeted.id, greeted.version)
    session.opened(greeted, headers)
    const failure = await this.#notify(initializedText, session).outcome
    if (failure !== undefined) return { ok: false, failure }
    await this.#sessionStreams.open(session)
    return { ...legacy, capabilities: greeted.capabilities, greeting: greeted.greeting }
  }

  async #ask(inquiry: Inquiry, headers: string[], envelope: Envelope | undefined) {
    inquiry.isResent = true // a handshake that is refused is not repeated
    const exchange = this.#exchange(this.#sender.control, inquiry, headers, envelope)
    const late = setTimeout(() => inquiry.withdraw(slowHandshake), this.#limits.connectMs)
    const outcome = await inquiry.outcome
    clearTimeout(late)
    return { outcome, exchange }
  }

  send(outgoing: Outgoing): void {
    if (this.#era === "legacy") this.#sendInSession(outgoing)
    else
      this.#exchange(
        this.#sender.poolFor(outgoing),
        outgoing,
        this.#headers.modern(outgoing),
        this.#envelope,
      )
  }

  #sendInSession(outgoing: Outgoing): void {
    const session = this.#sessions.of(outgoing.lane)
    if (session === undefined) {
      outgoing.fail(unsent(tooManySessions))
      return
    }
    if (session !== this.#sessions.plain && outgoing.counter === undefined) {
      outgoing.counter = session
      session.calls.add(outgoing)
    }
    const pool = session.lane.mayAsk ? this.#sender.talks : this.#sender.poolFor(outgoing)
    const due =
      session.isOpen && !session.isOpening
        ? session.level(outgoing, (inquiry) => this.#tellLevel(inquiry, session))
        : this.#openIn(session)
    if (due !== undefined) void this.#sendAfter(due, outgoing)
    else this.#exchange(pool, outgoing, session.headers, undefined, session)
  }

  /** A server that declares `logging` and refuses this says what it likes. */
  async #tellLevel(inquiry: Inquiry, { headers }: LegacySession): Promise<void> {
    const { outcome } = await this.#ask(inquiry, headers, undefined)
    const reason = levelRefusal(outcome)
    if (reason !== undefined) this.#events.log("warn", "backend_level_refused", { reason })
  }

  rootsChanged(of: string): void {
    if (this.#era !== "legacy") return
    this.#sessions.rootsChanged(of, (session) => this.#notify(rootsChangedText, session).outcome)
  }

  listen(isWanted: boolean): void {
    this.#standalone.want(isWanted && this.#era === "legacy", this.#sessions.plain)
  }

  get(headers: string[], exchange: Exchange, pool = this.#sender.streams): void {
    this.#sender.get(headers, exchange, pool)
  }

  message(session: LegacySession, text: string): void {
    const incoming = readMessage(text)
    if (incoming.kind === "notification") this.noticed(incoming.message)
    else if (incoming.kind === "request") this.#notify(replyText(incoming.message), session)
    else this.strayed()
  }

  tell(session: LegacySession, text: string): void {
    this.#notify(text, session)
  }

  unattributed(calls: number): void {
    this.#events.log("warn", "backend_question_refused", { calls })
  }

  opened(how: "first" | "resumed" | "again"): void {
    this.#events.opened(how)
  }

  refused(): void {
    this.#events.refused()
  }

  forgotten(session: LegacySession): void {
    void this.#renew(session).then((opening) => {
      if (!opening.ok) this.#events.down(opening.failure)
    })
  }

  unreachable(failure: Failure): "stop" {
    this.#events.down(failure)
    return "stop"
  }

  #exchange(
    pool: Pool,
    outgoing: Outgoing,
    headers: string[],
    envelope: Envelope | undefined,
    session?: LegacySession,
  ): RpcExchange {
    const { epoch } = session ?? this.#sessions.plain
    const where = { session, epoch, takenUp: undefined }
    const sizes = outgoing.lasts ? endless(this.#sizes) : this.#sizes
    const exchange = new RpcExchange(this, outgoing, sizes, where)
    outgoing.carrier = exchange
    outgoing.sent(envelope === undefined ? session?.revision : firstModern)
    const text = requestText(outgoing, envelope)
    this.#sender.post(pool, traced(keyed(headers, outgoing), outgoing.meta), text, exchange)
    return exchange
  }

  /** A notification, or our answer to the server's own request. */
  #notify(text: string, { headers }: LegacySession): Notice {
    return this.#sender.notify(headers, text)
  }

  retries({ outgoing, session, epoch }: RpcExchange, failure: Failure): boolean {
    const { plain } = this.#sessions
    const isProbed = this.#address.options.era === "auto"
    const sent = { era: this.#era, isProbed, sessionId: session?.id }
    if (outgoing.isResent || !isStale(failure, sent)) return false
    outgoing.isResent = true
    const lost = session ?? plain
    const another = lost.epoch === epoch || lost.isOpening ? this.#renew(lost) : undefined
    void this.#sendAfter(another, outgoing)
    return true
  }

  /** Opens another session in place of one that the server no longer knows; what it was asked to remember is gone. */
  #renew(session: LegacySession): Promise<Opening> {
    const isFirst = !session.isOpening
    const opening = this.#openIn(session)
    if (isFirst && session === this.#sessions.plain)
      void opening.then((opened) => {
        if (opened.ok) this.#events.renewed(opened)
      })
    return opening
  }

  async #sendAfter(
    opened: Promise<Opening | undefined> | undefined,
    outgoing: Outgoing,
  ): Promise<void> {
    const opening = await opened
    if (outgoing.isOver) return
    if (opening === undefined || opening.ok) return this.send(outgoing)
    if (outgoing.isResent || opening.failure.isUnsent) this.#events.down(opening.failure)
    outgoing.fail(unsent({ ...opening.failure, code: "backend_unavailable" }))
  }

  takesUp(broken: RpcExchange): boolean {
    const { outgoing, session } = broken
    const takenUp = session && nextAttempt(broken, this.#limits.resumptionsMax)
    if (takenUp === undefined) return false
    setTimeout(() => {
      const { epoch } = broken
      if (outgoing.isOver) return
      if (session?.epoch !== epoch) return this.broken(broken, lostAgain(undefined))
      const streamBytesMax = this.#sizes.streamBytesMax - takenUp.bytes
      const sizes = { ...this.#sizes, streamBytesMax }
      const exchange = new RpcExchange(this, outgoing, sizes, { session, epoch, takenUp })
      outgoing.carrier = exchange
      const headers = [...session.headers, "last-event-id", takenUp.lastEventId]
      this.#sender.get(headers, exchange)
    }, takenUp.waitMs).unref()
    return true
  }

  broken({ outgoing }: RpcExchange, failure: Failure): void {
    outgoing.fail(failure)
    if (failure.isUnsent && !(outgoing instanceof Inquiry)) this.#events.down(failure)
  }

  asked({ outgoing, session }: RpcExchange, request: JsonObject): void {
    if (session !== undefined) outgoing.asked(request, (text) => void this.#notify(text, session))
  }

  noticed(notification: JsonObject): void {
    this.#unclaimed.noticed(notification)
  }

  withdrawn({ outgoing, session }: RpcExchange): void {
    if (session !== undefined) this.#notify(cancelledText(outgoing.id), session)
  }

  linger(exchange: RpcExchange): void {
    this.#lingering.add(exchange)
  }

  strayed(): void {
    this.#unclaimed.foreign()
  }

  lingered(exchange: RpcExchange): void {
    this.#lingering.delete(exchange)
  }

  async close(): Promise<void> {
    this.#standalone.stop()
    this.#sessionStreams.stop()
    await Promise.all(this.#sessions.takeAll().map((session) => this.#endSession(session)))
    this.#lingering.clear()
    await Promise.all([this.#sender.destroy(), this.#sessionStreams.destroy()])
  }

  async #endSession(session: LegacySession): Promise<void> {
    this.#sessionStreams.close(session)
    const { id, headers } = session
    if (id === undefined) return // the server gave none: there is nothing to end
    await this.#sender.end(headers).within(this.#limits.terminateMs)
  }
}

const endless = ({ bytesMax }: AnswerSizes): AnswerSizes => ({
  bytesMax,
  streamBytesMax: Number.POSITIVE_INFINITY,
})

/** The idempotency key of a call is sent as a header, too, for servers that front other protocols. */
function keyed(headers: string[], { meta }: Outgoing): string[] {
  const key = meta?.[idempotencyKey]
  return typeof key === "string" ? [...headers, "idempotency-key", key] : headers
}
