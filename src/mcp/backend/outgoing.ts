import type { LogWish, RpcError } from "../../call/backends.ts"
import type { JsonObject } from "../../schema/json.ts"
import { type Failure, unsent } from "./failure.ts"
import type { Lane } from "./lane.ts"
import { randomId } from "./random-id.ts"
import { membersOf, noCapabilities, replyText } from "./wire.ts"

/** How a request to a backend ends. `plain` is there where `result` holds numbers that a double cannot carry. */
export type Outcome =
  | { readonly kind: "result"; readonly result: JsonObject; readonly plain?: JsonObject }
  | { readonly kind: "error"; readonly error: RpcError }
  | { readonly kind: "failure"; readonly failure: Failure }

/** One JSON-RPC request on its way to a backend, whoever asked for it. It ends once; what comes later is dropped. */
export abstract class Outgoing {
  readonly id: string = randomId()
  readonly method: string
  /** The members of `params` as JSON text, without braces and without `_meta`. */
  readonly members: string
  /** What `Mcp-Name` says. */
  readonly name: string | undefined
  readonly meta: JsonObject | undefined
  /** Alternating names and values of `Mcp-Param-*`. */
  readonly paramHeaders: readonly string[]
  /** Its answer is a stream that stays open: not a call, which has an end. */
  readonly lasts: boolean = false
  isOver = false
  /** It was refused once without being executed, and sent again. */
  isResent = false
  /** What its caller can be asked, as JSON text. */
  readonly capabilities: string
  /** The members of `params` that only a modern server is sent: the answers to its questions, and its state. */
  readonly roundMembers: string
  /** The members of `params` that only a legacy server is sent: that a task will do. */
  readonly legacyMembers: string
  /** The log messages that its caller wants. */
  readonly logs: LogWish | undefined
  /** Its legacy server was told a log level, and no longer logs what it likes. */
  isLevelTold = false
  /** What counts it until it is over. */
  counter: Counter | undefined
  /** Who carries it, once it is on its way. */
  carrier: Carrier | undefined

  constructor(method: string, params: OutgoingParams) {
    this.method = method
    this.members = params.members
    this.name = params.name
    this.meta = params.meta
    this.paramHeaders = params.paramHeaders ?? none
    this.capabilities = params.capabilities ?? noCapabilities
    this.roundMembers = params.roundMembers ?? ""
    this.legacyMembers = params.legacyMembers ?? ""
    this.logs = params.logs
  }

  /** Which session of a legacy server it travels in; undefined for the plain one. */
  get lane(): Lane | undefined {
    return undefined
  }

  /** Whose wish `logs` is; undefined where it is nobody's. */
  get wisher(): string | undefined {
    return undefined
  }

  /** It goes to the server, in this revision of MCP: for whoever makes traces. */
  sent(_revision: string | undefined): void {}

  /** The outcome, once. */
  settle(outcome: Outcome): void {
    if (this.isOver) return
    this.isOver = true
    this.counter?.ended(this, outcome)
    this.ended(outcome)
  }

  fail(failure: Failure): void {
    this.settle({ kind: "failure", failure })
  }

  /** Ends it before its answer has come, and tells the server that nobody waits any more. */
  withdraw(failure: Failure): void {
    if (this.isOver) return
    const isSent = this.carrier?.hasSent(this) === true
    this.fail(isSent ? failure : unsent(failure))
    this.carrier?.withdraw(this)
  }

  protected abstract ended(outcome: Outcome): void

  /** The backend asks something while it works on this request. `reply` sends it one message, the answer. */
  asked(request: JsonObject, reply: (text: string) => void): void {
    reply(replyText(request))
  }

  /** The server has ended the stream and lets us come back for the answer: it takes its time. */
  paused(): void {}

  /** A notification that belongs to this request, as the backend sent it. */
  notify(_notification: JsonObject): void {}
}

/** What has a request under way and can stop it; what the backend answers later is dropped. */
export interface Carrier {
  /** Bytes of it may have left. */
  hasSent(outgoing: Outgoing): boolean
  withdraw(outgoing: Outgoing): void
}

/** What counts the requests that are under way in it. */
export interface Counter {
  ended(outgoing: Outgoing, outcome: Outcome): void
}

export interface OutgoingParams {
  readonly members: string
  readonly name: string | undefined
  readonly meta: JsonObject | undefined
  readonly paramHeaders?: readonly string[] | undefined
  readonly capabilities?: string | undefined
  readonly roundMembers?: string | undefined
  readonly legacyMembers?: string | undefined
  readonly logs?: LogWish | undefined
}

const none: readonly string[] = []

/** A request of the gateway itself: a handshake, a probe, a listing. */
export class Inquiry extends Outgoing {
  readonly outcome: Promise<Outcome>
  readonly #resolve: (outcome: Outcome) => void

  constructor(method: string, params: JsonObject) {
    super(method, {
      members: membersOf(params),
      name: undefined,
      meta: undefined,
    })
    const { promise, resolve } = Promise.withResolvers<Outcome>()
    this.outcome = promise
    this.#resolve = resolve
  }

  protected override ended(outcome: Outcome): void {
    this.#resolve(outcome)
  }
}
