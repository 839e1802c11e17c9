import { isObject, type JsonObject } from "../../schema/json.ts"
import { metaKeys } from "../meta-keys.ts"
import { readMessage } from "./answer.ts"
import { tooLarge } from "./failure.ts"
import { isUnderstood } from "./notifications.ts"
import { Inquiry, type Outgoing } from "./outgoing.ts"
import type { Unclaimed } from "./unclaimed.ts"
import { replyText } from "./wire.ts"

export interface SharedOptions {
  /** Of one message. */
  readonly bytesMax: number
  /** Whether all requests are of one caller. */
  readonly isOneCallers: boolean
  /** Whether that caller may be asked something. */
  readonly mayAsk: boolean
}

/**
 * All requests on a way that they share, whoever they belong to: a pipe, or the one stream of HTTP+SSE. Ids are the
 * gateway's own, so an answer finds exactly the request it is for; what fits none is dropped and counted.
 */
export class OpenRequests {
  readonly #unclaimed: Unclaimed
  readonly #tell: (text: string) => void
  readonly #bytesMax: number
  readonly #isOneCallers: boolean
  readonly #mayAsk: boolean
  readonly #open = new Map<string, Outgoing>()

  /** `tell` says something back that is no request. */
  constructor(unclaimed: Unclaimed, tell: (text: string) => void, options: SharedOptions) {
    this.#unclaimed = unclaimed
    this.#tell = tell
    this.#bytesMax = options.bytesMax
    this.#isOneCallers = options.isOneCallers
    this.#mayAsk = options.mayAsk
  }

  add(outgoing: Outgoing): void {
    this.#open.set(outgoing.id, outgoing)
  }

  has({ id }: Outgoing): boolean {
    return this.#open.has(id)
  }

  /** False for what is not there (any more). */
  delete({ id }: Outgoing): boolean {
    return this.#open.delete(id)
  }

  /** They are no longer here: it is for the caller of this function to end them. */
  takeAll(): Outgoing[] {
    const all = [...this.#open.values()]
    this.#open.clear()
    return all
  }

  /** One message of the server. */
  take(text: string): void {
    const incoming = readMessage(text)
    if (incoming.kind === "garbage") this.#unclaimed.stray("garbage", text.length)
    else if (incoming.kind === "request") this.#asked(incoming.message)
    else if (incoming.kind === "notification") this.#notified(incoming.message)
    else {
      const outgoing = typeof incoming.id === "string" ? this.#open.get(incoming.id) : undefined
      if (outgoing === undefined) {
        this.#unclaimed.stray("late", text.length)
        return
      }
      this.#open.delete(outgoing.id)
      outgoing.settle(incoming.outcome)
    }
  }

  /** Nothing says which request something is about. Where all of them are of one caller, the last will do. */
  #last(): Outgoing | undefined {
    if (!this.#isOneCallers) return
    return [...this.#open.values()].findLast((one) => !(one instanceof Inquiry))
  }

  #asked(request: JsonObject): void {
    const last = this.#mayAsk ? this.#last() : undefined
    if (last === undefined) this.#tell(replyText(request))
    else last.asked(request, this.#tell)
  }

  /** What does not name a request is heard with the last of one caller's, as long as it is no news of the server. */
  #beside(notification: JsonObject): void {
    const last = isUnderstood(notification["method"]) ? undefined : this.#last()
    if (last === undefined) this.#unclaimed.noticed(notification)
    else last.notify(notification)
  }

  #notified(notification: JsonObject): void {
    const { method, params } = notification
    const listen = subscriptionOf(params)
    if (listen !== undefined) this.#open.get(listen)?.notify(notification)
    else if (method === "notifications/cancelled")
      for (const outgoing of this.#open.values()) outgoing.notify(notification)
    else if (method !== "notifications/progress") this.#beside(notification)
    else {
      const token = isObject(params) ? params["progressToken"] : undefined
      if (typeof token === "string") this.#open.get(token)?.notify(notification)
    }
  }

  /** The id is at one end of a message, so it shows which call is lost, and the others go on. */
  overlong(head: string, tail: string): void {
    for (const [, id] of `${head}\n${tail}`.matchAll(/"([0-9a-f]{16})"/g)) {
      const outgoing = id === undefined ? undefined : this.#open.get(id)
      if (outgoing === undefined) continue
      this.#open.delete(outgoing.id)
      outgoing.fail(tooLarge(this.#bytesMax))
      return
    }
    this.#unclaimed.stray("garbage", this.#bytesMax)
  }
}

/** Which of our `subscriptions/listen` a modern server answers with a notification. */
function subscriptionOf(params: JsonObject[string] | undefined): string | undefined {
  const meta = isObject(params) ? params["_meta"] : undefined
  const id = isObject(meta) ? meta[metaKeys.subscriptionId] : undefined
  return typeof id === "string" ? id : undefined
}
