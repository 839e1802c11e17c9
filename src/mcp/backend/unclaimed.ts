import type { JsonObject } from "../../schema/json.ts"
import type { LinkEvents } from "./link.ts"
import { RateLimit, shown } from "./log-lines.ts"
import { isUnderstood } from "./notifications.ts"

/** What comes from a server and belongs to no request, be it on a way that many share or on a stream beside them: news of the server, or something for the log. */
export class Unclaimed {
  /** Messages that fitted nothing we asked, and output that is no message. */
  strays = 0
  readonly #events: LinkEvents
  readonly #logLimit: RateLimit

  constructor(events: LinkEvents, logLimit = new RateLimit()) {
    this.#events = events
    this.#logLimit = logLimit
  }

  /** A notification that belongs to no request in particular. Those that nobody here understands are logged. */
  noticed(notification: JsonObject): void {
    if (isUnderstood(notification["method"])) this.#events.noticed(notification)
    else this.#said(notification)
  }

  /** Output that is no message, or an answer that nobody waits for. It may hold results, so only its size is told. */
  stray(kind: "garbage" | "late", bytes: number): void {
    this.strays++
    if (this.#logLimit.allows()) this.#events.log("info", "backend_stray", { kind, bytes })
  }

  /** An answer to something that was not asked on this connection; the connection is no longer trusted. */
  foreign(): void {
    this.strays++
    this.#events.log("warn", "backend_stray", { kind: "foreign answer" })
  }

  /** The server does not take the level that its caller wants. */
  levelRefused(reason: string): void {
    this.#events.log("warn", "backend_level_refused", { reason })
  }

  #said({ method, params }: JsonObject): void {
    if (!this.#logLimit.allows()) return
    const words = String(JSON.stringify(params))
    const line = method === "notifications/message" ? words : `${String(method)} ${words}`
    this.#events.log("info", "backend_message", { line: shown(line) })
  }
}
