import { isObject, type JsonObject } from "../../../schema/json.ts"
import { readMessage } from "../answer.ts"
import { type Failure, tooLarge, unsent } from "../failure.ts"
import type { Carrier, Outgoing } from "../outgoing.ts"
import { Inquiry } from "../outgoing.ts"
import { cancelledText, replyText, requestText } from "../wire.ts"
import type { Child } from "./child.ts"
import { LineReader, type LineTaker } from "./lines.ts"

/** What a session tells its link. */
export interface SessionHost {
  /** A notification that belongs to no request in particular. */
  noticed(notification: JsonObject): void
  /** Output that is no message, or an answer that nobody waits for. It may hold results, so only its size is told. */
  stray(kind: "garbage" | "late", bytes: number): void
  /** A log message of the server: on a shared pipe it belongs to no request in particular. */
  said(message: JsonObject): void
}

const controlLinesMax = 1_000

/** JSON may hold these plainly, but Node's readline, which many servers read with, ends a line at them. */
const alsoLineEnds = /[\u2028\u2029]/g

/**
 * One running child and all requests on it, whoever they belong to. Ids are the gateway's own, so an answer finds exactly
 * the request it is for; what fits none is dropped and counted.
 */
export class StdioSession implements Carrier, LineTaker {
  readonly #child: Child
  readonly #host: SessionHost
  readonly #bytesMax: number
  readonly #open = new Map<string, Outgoing>()
  /** Not yet written, because the child does not read: a request that ends meanwhile leaves no trace. */
  readonly #outbox = new Set<Outgoing>()
  #control: string[] = []
  #isStalled = false
  #ended: Failure | undefined
  /** Members of `_meta` for every request; set when the era is known. */
  common = ""

  constructor(child: Child, bytesMax: number, host: SessionHost) {
    this.#child = child
    this.#host = host
    this.#bytesMax = bytesMax
    const reader = new LineReader(bytesMax, this)
    child.stdout.on("data", (chunk: Buffer) => reader.push(chunk))
    child.stdin.on("drain", () => this.#flush())
  }

  send(outgoing: Outgoing): void {
    outgoing.carrier = this
    if (this.#ended !== undefined) {
      outgoing.fail(unsent(this.#ended))
      return
    }
    if (this.#isStalled) this.#outbox.add(outgoing)
    else this.#write(outgoing)
  }

  #write(outgoing: Outgoing): void {
    this.#open.set(outgoing.id, outgoing)
    this.#put(requestText(outgoing, this.common))
  }

  /** A notification, or our answer to the server's own request. */
  tell(text: string): void {
    if (!this.#isStalled) this.#put(text)
    else if (this.#control.length < controlLinesMax) this.#control.push(text)
  }

  #put(text: string): void {
    const line = text.replaceAll(alsoLineEnds, (end) => (end === "\u2028" ? "\\u2028" : "\\u2029"))
    this.#isStalled = !this.#child.stdin.write(`${line}\n`)
  }

  #flush(): void {
    this.#isStalled = false
    const control = this.#control
    this.#control = []
    for (const text of control) this.tell(text)
    for (const outgoing of this.#outbox) {
      if (this.#isStalled) return
      this.#outbox.delete(outgoing)
      this.#write(outgoing)
    }
  }

  hasSent({ id }: Outgoing): boolean {
    return this.#open.has(id)
  }

  withdraw(outgoing: Outgoing): void {
    if (this.#outbox.delete(outgoing) || !this.#open.delete(outgoing.id)) return
    if (!(outgoing instanceof Inquiry)) this.tell(cancelledText(outgoing.id))
  }

  line(text: string): void {
    const incoming = readMessage(text)
    if (incoming.kind === "garbage") {
      this.#host.stray("garbage", text.length)
      return
    }
    if (incoming.kind === "request") {
      this.tell(replyText(incoming.message))
      return
    }
    if (incoming.kind === "notification") {
      this.#notified(incoming.message)
      return
    }
    const outgoing = typeof incoming.id === "string" ? this.#open.get(incoming.id) : undefined
    if (outgoing === undefined) {
      this.#host.stray("late", text.length)
      return
    }
    this.#open.delete(outgoing.id)
    outgoing.settle(incoming.outcome)
  }

  #notified(notification: JsonObject): void {
    const { method, params } = notification
    if (method === "notifications/message") this.#host.said(notification)
    else if (method !== "notifications/progress") this.#host.noticed(notification)
    else {
      const token = isObject(params) ? params["progressToken"] : undefined
      if (typeof token === "string") this.#open.get(token)?.notify(notification)
    }
  }

  /** The id stands at one end of the line, so the call that it answers can be told and the others go on. */
  overlong(head: string, tail: string): void {
    for (const [, id] of `${head}\n${tail}`.matchAll(/"([0-9a-f]{16})"/g)) {
      const outgoing = id === undefined ? undefined : this.#open.get(id)
      if (outgoing === undefined) continue
      this.#open.delete(outgoing.id)
      outgoing.fail(tooLarge(this.#bytesMax))
      return
    }
    this.#host.stray("garbage", this.#bytesMax)
  }

  /** The child is gone: everything that waits for it fails at once. */
  end(failure: Failure): void {
    this.#ended = failure
    const sent = [...this.#open.values()]
    const waiting = [...this.#outbox]
    this.#open.clear()
    this.#outbox.clear()
    for (const outgoing of sent) outgoing.fail(failure)
    for (const outgoing of waiting) outgoing.fail(unsent(failure))
  }
}
