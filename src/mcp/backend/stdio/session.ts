import type { JsonObject } from "../../../schema/json.ts"
import { firstModern } from "../../revisions.ts"
import { withoutSecrets } from "../echo.ts"
import { type Failure, unsent } from "../failure.ts"
import { LogLevels, levelRefusal } from "../log-levels.ts"
import { OpenRequests, type SharedOptions } from "../open-requests.ts"
import type { Carrier, Outgoing } from "../outgoing.ts"
import { Inquiry } from "../outgoing.ts"
import type { Unclaimed } from "../unclaimed.ts"
import { cancelledText, type Envelope, initializedText, requestText } from "../wire.ts"
import type { Child } from "./child.ts"
import { LineReader, type LineTaker } from "./lines.ts"

const controlLinesMax = 1_000

/** JSON may hold these plainly, but Node's readline, which many servers read with, ends a line at them. */
const alsoLineEnds = /[\u2028\u2029]/g

/**
 * One running child and all requests on it, whoever they belong to.
 */
export class StdioSession implements Carrier, LineTaker {
  readonly #child: Child
  readonly #unclaimed: Unclaimed
  readonly #isOneCallers: boolean
  readonly #open: OpenRequests
  /** Not yet written, because the child does not read: a request that ends meanwhile leaves no trace. */
  readonly #outbox = new Set<Outgoing>()
  #control: string[] = []
  #ended: Failure | undefined
  #levels: LogLevels | undefined
  /** That was agreed on with a legacy server. */
  revision: string | undefined
  /** What requests carry in the modern era; set when the era is known. */
  envelope: Envelope | undefined

  constructor(child: Child, unclaimed: Unclaimed, options: SharedOptions) {
    this.#child = child
    this.#unclaimed = unclaimed
    this.#isOneCallers = options.isOneCallers
    const tell = (text: string) => this.tell(text)
    this.#open = new OpenRequests(unclaimed, tell, options)
    const reader = new LineReader(options.bytesMax, this)
    child.stdout.on("data", (chunk: Buffer) => reader.push(chunk))
    child.stdin.on("drain", () => this.#flush())
  }

  send(outgoing: Outgoing): void {
    outgoing.carrier = this
    if (this.#ended !== undefined) {
      outgoing.fail(unsent(this.#ended))
      return
    }
    if (this.#child.input.isStalled) this.#outbox.add(outgoing)
    else this.#write(outgoing)
  }

  #write(outgoing: Outgoing): void {
    const level = this.#levels?.due(outgoing)
    if (level !== undefined) void this.#tellLevel(level) // read before what follows it
    this.#open.add(outgoing)
    outgoing.sent(this.envelope === undefined ? this.revision : firstModern)
    this.#put(requestText(outgoing, this.envelope))
  }

  async #tellLevel(inquiry: Inquiry): Promise<void> {
    this.#open.add(inquiry)
    this.#put(requestText(inquiry, this.envelope))
    const reason = levelRefusal(await inquiry.outcome)
    if (reason !== undefined) this.#unclaimed.levelRefused(reason)
  }

  /**
   * A legacy server has answered `initialize`. A process that many callers share is told no log level: nobody hears
   * what it logs.
   */
  greeted(capabilities: JsonObject | undefined): void {
    this.tell(initializedText)
    if (!this.#isOneCallers) return
    this.#levels = new LogLevels()
    this.#levels.opened(capabilities)
  }

  /** A notification, or our answer to the server's own request. */
  tell(text: string): void {
    if (!this.#child.input.isStalled) this.#put(text)
    else if (this.#control.length < controlLinesMax) this.#control.push(text)
  }

  #put(text: string): void {
    const line = text.replaceAll(alsoLineEnds, (end) => (end === "\u2028" ? "\\u2028" : "\\u2029"))
    this.#child.input.put(line)
  }

  #flush(): void {
    const control = this.#control
    this.#control = []
    for (const text of control) this.tell(text)
    for (const outgoing of this.#outbox) {
      if (this.#child.input.isStalled) return
      this.#outbox.delete(outgoing)
      this.#write(outgoing)
    }
  }

  hasSent(outgoing: Outgoing): boolean {
    return this.#open.has(outgoing)
  }

  withdraw(outgoing: Outgoing): void {
    if (this.#outbox.delete(outgoing) || !this.#open.delete(outgoing)) return
    if (!(outgoing instanceof Inquiry)) this.tell(cancelledText(outgoing.id))
  }

  line(text: string): void {
    this.#open.take(withoutSecrets(text, this.#child.secrets))
  }

  overlong(head: string, tail: string): void {
    this.#open.overlong(head, tail)
  }

  /** The child is gone: everything that waits for it fails at once. */
  end(failure: Failure): void {
    this.#ended = failure
    const sent = this.#open.takeAll()
    const waiting = [...this.#outbox]
    this.#outbox.clear()
    for (const outgoing of sent) outgoing.fail(failure)
    for (const outgoing of waiting) outgoing.fail(unsent(failure))
  }
}
