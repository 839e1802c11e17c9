import type { BackendReply, BackendRequest, Listed, ListKind } from "../../call/backends.ts"
import type { Eagerness, Follower, Following, Topic } from "../../call/following.ts"
import type { CatalogServer } from "../../registry/catalog.ts"
import { type Ref, written } from "../../registry/model.ts"
import { isObject, type Json, type JsonObject } from "../../schema/json.ts"
import type { Address } from "./address.ts"
import { BackendCall, type CallOwner, type Errand } from "./backend-call.ts"
import { Connection, type ConnectionHost } from "./connection.ts"
import type { TokenStatus } from "./credentials/server-credentials.ts"
import { Deadlines } from "./deadlines.ts"
import { cancelled, closing, type Failure, unsent } from "./failure.ts"
import { further, type Means } from "./further.ts"
import type { Gate } from "./gate.ts"
import { GivenPages } from "./given-pages.ts"
import type { BackendLimits } from "./limits.ts"
import type { Link, LinkEvents, LogFields, LogLevel, Opened } from "./link.ts"
import { Offering, type OfferingEvents } from "./offering.ts"
import type { Outcome } from "./outgoing.ts"
import { paramHeaders } from "./param-headers.ts"
import { type ReplyContext, replyOf } from "./reply.ts"
import type { Status } from "./status.ts"
import { isUnknownTool } from "./trouble.ts"

/** What a backend needs from the pool. */
export interface BackendContext extends OfferingEvents, ReplyContext {
  readonly limits: BackendLimits
  /** Who may go in; several backends of one server share it. */
  readonly gate: Gate
  /** The state of its tokens, where it is called with tokens. */
  tokens?(): TokenStatus | undefined
  openLink(events: LinkEvents): Link
}

/**
 * One server version: its requests from their arrival to their answer. It connects at the first of them.
 */
export class Backend implements CallOwner, LinkEvents, ConnectionHost {
  readonly ref: Ref
  readonly address: Address
  readonly pages = new GivenPages()
  readonly #context: BackendContext
  readonly #link: Link
  readonly #connection: Connection
  /** Every call that is not over, but for those that wait for an answer of their callers. */
  readonly #calls: Deadlines<BackendCall>
  readonly #asking: Deadlines<BackendCall>
  /** With a place, but without a connection yet. */
  readonly #waiting = new Set<BackendCall>()
  readonly #offering: Offering
  /** As the registry of the last call knows it. */
  #server: CatalogServer | undefined
  #callCount = 0
  #drained: (() => void) | undefined
  /** For calls that go on after an answer. */
  readonly #means: Means = {
    send: (server, request) => this.request(server, request),
    sendMirrored: (errand, mirrored) => this.#begin({ ...errand, isMirroredAnew: true }, mirrored),
    tools: () => this.list("tools", "fresh"),
    toolsAnew: () => this.#offering.toolsAnew(),
  }

  constructor(ref: Ref, address: Address, context: BackendContext) {
    const { limits } = context
    this.ref = ref
    this.address = address
    this.#context = context
    this.#link = context.openLink(this)
    this.#connection = new Connection(this.#link, limits, this)
    const log: BackendContext["log"] = (...line) => this.log(...line)
    this.#offering = new Offering(limits, this.#link, this.#connection, { ...context, log })
    this.#calls = new Deadlines(address.options.timeoutMs, (call) => this.#expire(call))
    this.#asking = new Deadlines(limits.askingMs, (call) => this.#expire(call))
  }

  request(server: CatalogServer, request: BackendRequest): Promise<BackendReply> {
    this.#callCount++
    this.#server = server
    const mirrored = paramHeaders(server, request, this.#offering.liveTools)
    return this.#begin({ server, request, isMirroredAnew: false }, mirrored)
  }

  #begin(errand: Errand, mirrored: readonly string[] | undefined): Promise<BackendReply> {
    return new Promise((reply) => {
      const call = new BackendCall(this, errand, mirrored, reply)
      this.#calls.add(call)
      errand.request.cancellation?.listen(call) // which ends it at once where its caller has gone
      if (call.isOver) return
      const refused = this.#refusal()
      if (refused !== undefined) call.fail(unsent(refused))
      else if (!this.#context.gate.admit(call)) call.turnAway()
    })
  }

  list(kind: ListKind, need: "fresh" | "known"): Promise<Listed> {
    return this.#offering.list(kind, need)
  }

  /** Has a look at the server's tools, which whoever observes is told of. To connect is to look. */
  async look(): Promise<void> {
    if (this.#connection.isUp) this.#offering.lookAtTools()
    else await this.#connection.ready()
  }

  follow(topic: Topic, follower: Follower, eagerness: Eagerness): Following {
    return this.#offering.feed.follow(topic, follower, eagerness)
  }

  /** Followers of the server at its former address are its followers here. */
  adopt(before: Backend): void {
    this.#offering.feed.adopt(before.#offering.feed)
  }

  capabilities(): JsonObject | undefined {
    return this.#offering.capabilities
  }

  rootsChanged(session: string): void {
    if (this.#connection.isUp) this.#link.rootsChanged?.(session)
  }

  #refusal(): Failure | undefined {
    return this.#connection.isClosing ? closing : this.#connection.resting()
  }

  entered(call: BackendCall): void {
    if (this.#connection.isUp) {
      this.#link.send(call)
      return
    }
    const resting = this.#connection.resting()
    if (resting !== undefined) {
      call.fail(unsent(resting))
      return
    }
    this.#waiting.add(call)
    this.#connection.connect()
  }

  rose(opening: Opened): void {
    this.log("info", "backend_up", { era: opening.era, pid: this.#link.pid })
    this.#offering.connected(opening)
    for (const call of takeAll(this.#waiting)) this.#link.send(call)
  }

  down(failure: Failure): void {
    const waitMs = this.#connection.lost(failure)
    const isProcess = this.address.process !== undefined
    if (waitMs !== undefined && isProcess) this.#connection.comeBack(waitMs)
  }

  fell(failure: Failure, waitMs: number, isNews: boolean): void {
    const { kind, reason } = failure
    if (isNews) this.log("warn", "backend_down", { kind, reason, retryAfterMs: Math.round(waitMs) })
    for (const call of takeAll(this.#waiting))
      call.fail(unsent({ ...failure, code: "backend_unavailable", retryAfterMs: waitMs }))
    this.#offering.feed.lost()
    if (this.#offering.feed.isMissed) this.#connection.comeBack(waitMs)
  }

  renewed(opening: Opened): void {
    if (this.#connection.renewed(opening.era)) this.#offering.connected(opening)
  }

  opened(how: "first" | "resumed" | "again"): void {
    this.#offering.feed.opened(how)
  }

  refused(): void {
    this.#offering.feed.refused()
  }

  aborted(call: BackendCall): void {
    call.withdraw(cancelled)
  }

  #expire(call: BackendCall): void {
    const { timeoutMs } = this.address.options
    call.withdraw({
      code: "backend_timeout",
      kind: "timeout",
      reason: `no answer within ${timeoutMs} ms`,
    })
  }

  ended(call: BackendCall, outcome: Outcome): void {
    const list = call.isAsking ? this.#asking : this.#calls
    list.delete(call)
    this.#leave(call)
    this.#learn(outcome)
    const reply = replyOf(outcome, call, this.#context)
    const more = further(call, outcome, reply, this.#means)
    if (more === undefined) call.reply(reply)
    else void more.then(call.reply)
    if (this.#calls.size === 0 && this.#asking.size === 0) this.#drained?.()
  }

  /** People take longer than servers: meanwhile the call's clock is stopped, and another call may have its place. */
  asking(call: BackendCall): void {
    if (call.isAsking) return
    call.isAsking = true
    this.#calls.delete(call)
    this.#asking.add(call)
    if (this.#asking.size <= this.#context.limits.askingMax) this.#leave(call)
  }

  /** Its clock starts again. This may be one call above the limit; those in the queue keep waiting. */
  answered(call: BackendCall): void {
    if (!call.isAsking || call.isOver) return
    call.isAsking = false
    this.#asking.delete(call)
    this.#calls.add(call)
    if (call.hasPlace) return
    call.hasPlace = true
    this.#context.gate.retake()
  }

  deaf({ id }: BackendCall, error: unknown): void {
    this.log("error", "notification_not_taken", { id, reason: String(error) })
  }

  #learn(outcome: Outcome): void {
    if (outcome.kind === "failure") this.#connection.failed(outcome.failure)
    if (mayBeAnother(outcome) && this.#connection.isUp) this.#offering.lookAtTools()
  }

  /** Frees the place of a call that is over. */
  #leave(call: BackendCall): void {
    if (this.#context.gate.forsake(call)) return
    this.#waiting.delete(call)
    if (!call.hasPlace) return
    call.hasPlace = false
    this.#context.gate.leave()
  }

  noticed(notification: JsonObject): void {
    this.pages.heard(notification)
    const { method, params } = notification
    if (method === "notifications/progress" && isObject(params))
      this.#named(params["progressToken"])?.notify(notification)
    else if (this.#connection.isUp) this.#offering.noticed(notification)
  }

  /** The call that a message names by its progress token, where the message did not come on the call's own stream. */
  #named(token: Json | undefined): BackendCall | undefined {
    return [...this.#calls.items(), ...this.#asking.items()].find(({ id }) => id === token)
  }

  log(level: LogLevel, event: string, fields: LogFields): void {
    const clean = Object.entries(fields).map(([key, value]) => {
      return [key, typeof value === "string" ? this.#context.redactor.text(value) : value] as const
    })
    this.#context.log(level, event, { server: written(this.ref), ...Object.fromEntries(clean) })
  }

  /** Whether a request is not over. */
  get isBusy(): boolean {
    return this.#calls.size > 0
  }

  get status(): Status {
    return {
      server: this.ref,
      ...this.#connection.status,
      inFlight: this.#context.gate.taken,
      queued: this.#context.gate.queued,
      calls: this.#callCount,
      toolCount: this.#offering.tools?.size,
      missing: this.#offering.missing(this.#server),
      followed: this.#offering.feed.size,
      tokens: this.#context.tokens?.(),
    }
  }

  /** Takes no more calls, lets those in flight end, cuts them off after `drainMs`, and then closes everything else. */
  async close(): Promise<void> {
    if (this.#connection.isClosing) return
    this.#connection.retire()
    await this.#drain()
    this.#offering.stop()
    this.#connection.stop()
    for (const call of [...this.#calls.items(), ...this.#asking.items()]) call.withdraw(closing)
    this.#calls.clear()
    this.#asking.clear()
    await this.#link.close()
  }

  async #drain(): Promise<void> {
    if (this.#calls.size === 0 && this.#asking.size === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#drained = resolve
    const late = setTimeout(resolve, this.#context.limits.drainMs)
    await promise
    clearTimeout(late)
  }
}

/** The server may have been started again, behind something that takes its connections, and may have other tools now. */
function mayBeAnother(outcome: Outcome): boolean {
  if (outcome.kind === "error") return isUnknownTool(outcome.error)
  if (outcome.kind !== "failure") return false
  const { kind, status = 0 } = outcome.failure
  return kind === "lost" || (kind === "http_status" && status >= 502 && status <= 504)
}

function takeAll<T>(set: Set<T>): T[] {
  const all = [...set]
  set.clear()
  return all
}
