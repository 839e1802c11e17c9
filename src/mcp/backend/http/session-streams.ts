import { setTimeout as sleep } from "node:timers/promises"
import type { Pool } from "undici"
import type { JsonObject } from "../../../schema/json.ts"
import { readMessage } from "../answer.ts"
import type { BackendLimits } from "../limits.ts"
import { RateLimit } from "../log-lines.ts"
import { isUnderstood } from "../notifications.ts"
import { replyText, unattributedText } from "../wire.ts"
import { openConnections } from "./connections.ts"
import type { Exchange } from "./exchange.ts"
import type { LegacySession } from "./legacy-session.ts"
import { type StandaloneHost, StandaloneStream } from "./standalone-stream.ts"

/** What the streams of sessions need of their link. */
export interface SessionStreamsHost {
  /** Sends a GET with these headers. */
  get(headers: string[], exchange: Exchange, pool: Pool): void
  /** Our answer to the server's own request. */
  tell(session: LegacySession, text: string): void
  noticed(notification: JsonObject): void
  strayed(): void
  /** A question was refused, with so many calls under way: it is not known which one it is about. */
  unattributed(calls: number): void
}

/** A first call waits this long for its session's stream, because what a server asks before there is one is lost. */
const openWaitMs = 1_000

/**
 * The streams (`GET`) of sessions whose callers a legacy server may ask something. Many servers ask there, and not on
 * the stream of the call. Nothing says then which call a question is about, so it goes to the only one there is, or to
 * nobody. One for each session, as long as it lasts. Sessions without an id have none, because all callers would hear
 * what one is asked.
 */
export class SessionStreams {
  readonly #host: SessionStreamsHost
  readonly #bytesMax: number
  readonly #limits: BackendLimits
  /** One connection for each of as many sessions as there may be. */
  readonly #pool: Pool
  readonly #streams = new Map<LegacySession, StandaloneStream>()
  readonly #logLimit = new RateLimit()
  #isClosed = false

  constructor(host: SessionStreamsHost, origin: string, bytesMax: number, limits: BackendLimits) {
    this.#host = host
    this.#pool = openConnections(origin, limits.sessionsMax, limits.connectMs)
    this.#bytesMax = bytesMax
    this.#limits = limits
  }

  /** For a session that has just begun. Ends when the stream is there, or there is none, or after a while. */
  async open(session: LegacySession): Promise<void> {
    this.close(session)
    if (this.#isClosed || !session.lane.mayAsk || session.id === undefined) return
    const { promise: known, resolve } = Promise.withResolvers<void>()
    const stream = new StandaloneStream(this.#hostOf(resolve), this.#bytesMax, this.#limits)
    this.#streams.set(session, stream)
    stream.want(true, session)
    await Promise.race([known, sleep(openWaitMs, undefined, { ref: false })])
  }

  close(session: LegacySession): void {
    this.#streams.get(session)?.stop()
    this.#streams.delete(session)
  }

  /** Of all sessions, those that begin meanwhile, too. */
  stop(): void {
    this.#isClosed = true
    for (const session of [...this.#streams.keys()]) this.close(session)
  }

  /** Ends the connections. */
  destroy(): Promise<void> {
    return this.#pool.destroy()
  }

  #hostOf(known: () => void): StandaloneHost {
    return {
      get: (headers, exchange) => this.#host.get(headers, exchange, this.#pool),
      message: (session, text) => this.#message(session, text),
      opened: known,
      refused: known,
      forgotten: known, // the next call finds it out as well, and begins another session with a stream of its own
      unreachable: () => {
        known()
        return "try_again"
      },
    }
  }

  #message(session: LegacySession, text: string): void {
    const incoming = readMessage(text)
    if (incoming.kind === "request") this.#asked(session, incoming.message)
    else if (incoming.kind === "notification") this.#told(session, incoming.message)
    else this.#host.strayed()
  }

  #told({ calls }: LegacySession, notification: JsonObject): void {
    const { method } = notification
    // All calls are of one caller. What is logged is heard with the newest, and what nobody here understands.
    const newest = isUnderstood(method) ? undefined : [...calls].at(-1)
    if (newest !== undefined) newest.notify(notification)
    else if (method !== "notifications/cancelled") this.#host.noticed(notification)
    else for (const call of calls) call.notify(notification) // only one has that question
  }

  #asked(session: LegacySession, request: JsonObject): void {
    const reply = (text: string) => this.#host.tell(session, text)
    if (request["method"] === "ping") {
      reply(replyText(request))
      return
    }
    const call = session.asked()
    if (call !== undefined) {
      call.asked(request, reply)
      return
    }
    reply(unattributedText(request))
    if (this.#logLimit.allows()) this.#host.unattributed(session.calls.size)
  }
}
