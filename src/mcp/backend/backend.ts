import type { BackendReply, BackendRequest, Listed, ListKind } from "../../call/backends.ts"
import type { Eagerness, Follower, Following, Topic } from "../../call/following.ts"
import type { CatalogServer } from "../../registry/catalog.ts"
import { type Ref, written } from "../../registry/model.ts"
import type { JsonObject } from "../../schema/json.ts"
import type { Address } from "./address.ts"
import { BackendCall, type CallOwner, type Errand } from "./backend-call.ts"
import { Backoff } from "./backoff.ts"
import type { TokenStatus } from "./credentials/server-credentials.ts"
import { Deadlines } from "./deadlines.ts"
import {
  cancelled,
  closing,
  type Failure,
  type FailureKind,
  saysNothingOfServer,
  unsent,
} from "./failure.ts"
import { further, type Means } from "./further.ts"
import type { Gate } from "./gate.ts"
import { GivenPages } from "./given-pages.ts"
import type { BackendLimits } from "./limits.ts"
import type { Link, LinkEvents, LogFields, LogLevel, Opening } from "./link.ts"
import { Offering, type OfferingEvents } from "./offering.ts"
import type { Outcome } from "./outgoing.ts"
import { paramHeaders } from "./param-headers.ts"
import type { Redactor } from "./redact.ts"
import { replyOf } from "./reply.ts"
import type { BackendState, Status } from "./status.ts"
import { isUnknownTool, unopened } from "./trouble.ts"
import type { Era } from "./wire.ts"

/** What a backend needs from the pool. */
export interface BackendContext extends OfferingEvents {
  readonly limits: BackendLimits
  readonly redactor: Redactor
  /** Who may go in; several backends of one server share it. */
  readonly gate: Gate
  /** How the tokens for it are doing, where it is called with tokens. */
  tokens?(): TokenStatus | undefined
  openLink(events: LinkEvents): Link
}

/**
 * One server version: its requests from their arrival to their answer, and when none is let through. It connects at the
 * first call and after a failure leaves the server alone for a while: calls in between are refused at once instead of
 * piling up.
 */
export class Backend implements CallOwner, LinkEvents {
  readonly ref: Ref
  readonly address: Address
  readonly pages = new GivenPages()
  readonly #context: BackendContext
  readonly #link: Link
  readonly #backoff: Backoff
  /** Every call that is not over, but for those that wait for an answer of their callers. */
  readonly #calls: Deadlines<BackendCall>
  readonly #asking: Deadlines<BackendCall>
  /** With a place, but without a connection yet. */
  readonly #waiting = new Set<BackendCall>()
  readonly #offering: Offering
  /** Who wait for a connection, and are told when there is one or why there is none. */
  readonly #arrivals: ((failure: Failure | undefined) => void)[] = []
  /** As the registry of the last call knows it. */
  #server: CatalogServer | undefined
  #state: BackendState = "idle"
  #era: Era | undefined
  #lastError: { readonly kind: FailureKind; readonly atMs: number } | undefined
  #callCount = 0
  #restarts = 0
  #restart: NodeJS.Timeout | undefined
  #isClosing = false
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
    const connection = { ready: () => this.#ready(), connect: () => this.#connectInTime() }
    const log: BackendContext["log"] = (...line) => this.log(...line)
    this.#offering = new Offering(limits, this.#link, connection, { ...context, log })
    this.#backoff = new Backoff(limits.backoffMs, limits.backoffMaxMs, limits.healthyMs)
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
      const refused = this.#refusal(errand.request)
      if (refused !== undefined) call.fail(unsent(refused))
      else this.#context.gate.admit(call)
    })
  }

  /** Connects unless it is; what hinders it is the answer. */
  async #ready(): Promise<Failure | undefined> {
    if (this.#isClosing) return closing
    if (this.#state === "up") return
    if (this.#isResting) return this.#resting()
    const { promise, resolve } = Promise.withResolvers<Failure | undefined>()
    this.#arrivals.push(resolve)
    this.#connect()
    return promise
  }

  list(kind: ListKind, need: "fresh" | "known"): Promise<Listed> {
    return this.#offering.list(kind, need)
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
    if (this.#state === "up") this.#link.rootsChanged?.(session)
  }

  #refusal({ cancellation }: BackendRequest): Failure | undefined {
    if (cancellation?.isCancelled) return cancelled
    if (this.#isClosing) return closing
    if (this.#isResting) return this.#resting()
    if (!this.#context.gate.isFull) return
    const { concurrencyMax, queueMax } = this.address.options
    return {
      code: "overloaded",
      kind: "overloaded",
      reason: `${concurrencyMax} calls are in flight and ${queueMax} wait`,
      retryAfterMs: 1000,
    }
  }

  get #isResting(): boolean {
    return this.#state === "down" && this.#backoff.remainingMs > 0
  }

  #resting(): Failure {
    return {
      code: "backend_unavailable",
      kind: "backoff",
      reason: `the last attempt failed (${this.#lastError?.kind}); the next is not due yet`,
      retryAfterMs: this.#backoff.remainingMs,
    }
  }

  entered(call: BackendCall): void {
    if (this.#state === "up") {
      this.#link.send(call)
      return
    }
    if (this.#isResting) {
      call.fail(unsent(this.#resting()))
      return
    }
    this.#waiting.add(call)
    this.#connect()
  }

  /** Not before the server has been left alone for long enough. */
  #connectInTime(): void {
    if (this.#isResting) this.#comeBack(this.#backoff.remainingMs)
    else if (!this.#isClosing) this.#connect()
  }

  #connect(): void {
    if (this.#state !== "idle" && this.#state !== "down") return
    this.#state = "connecting"
    clearTimeout(this.#restart)
    void this.#open()
  }

  async #open(): Promise<void> {
    const opening = await this.#link.open().catch(unopened)
    if (this.#state !== "connecting") return
    if (opening.ok) this.#rose(opening)
    else this.#fell(opening.failure)
  }

  #rose({ era, capabilities }: Opening & { readonly ok: true }): void {
    this.#state = "up"
    this.#era = era
    this.#backoff.succeeded()
    this.log("info", "backend_up", { era, pid: this.#link.pid })
    this.#offering.connected(era, capabilities)
    for (const call of takeAll(this.#waiting)) this.#link.send(call)
    for (const arrive of this.#arrivals.splice(0)) arrive(undefined)
  }

  down(failure: Failure): void {
    if (this.#state !== "up") return
    this.#restarts++
    const waitMs = this.#fell(failure)
    if (this.address.process !== undefined) this.#comeBack(waitMs)
  }

  #comeBack(waitMs: number): void {
    clearTimeout(this.#restart)
    if (!this.#isClosing) this.#restart = setTimeout(() => this.#connect(), waitMs).unref()
  }

  renewed({ era, capabilities }: Opening & { readonly ok: true }): void {
    if (this.#state !== "up") return
    this.#era = era
    this.#offering.connected(era, capabilities)
  }

  opened(how: "first" | "resumed" | "again"): void {
    this.#offering.feed.opened(how)
  }

  refused(): void {
    this.#offering.feed.refused()
  }

  #fell(failure: Failure): number {
    const { kind, reason, retryAfterMs = 0 } = failure
    const isNews = kind !== "token" || this.#lastError?.kind !== kind
    this.#state = "down"
    this.#noteError(failure)
    // Where no token was to be had the server was not asked; who asks for tokens keeps a pace of its own.
    const waitMs =
      kind === "token"
        ? Math.max(retryAfterMs, this.#context.limits.backoffMs)
        : this.#backoff.failed()
    if (isNews) this.log("warn", "backend_down", { kind, reason, retryAfterMs: Math.round(waitMs) })
    for (const call of takeAll(this.#waiting))
      call.fail(unsent({ ...failure, code: "backend_unavailable", retryAfterMs: waitMs }))
    for (const arrive of this.#arrivals.splice(0)) arrive(failure)
    this.#offering.feed.lost()
    if (this.#offering.feed.isMissed) this.#comeBack(waitMs)
    return waitMs
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
    const reply = replyOf(outcome, call, this.#context.redactor)
    const more = further(call, outcome, reply, this.#means)
    if (more === undefined) call.reply(reply)
    else void more.then(call.reply)
    if (this.#calls.size === 0 && this.#asking.size === 0) this.#drained?.()
  }

  /** People take longer than servers: the call's own time stands still, and another may have its place. */
  asking(call: BackendCall): void {
    if (call.isAsking) return
    call.isAsking = true
    this.#calls.delete(call)
    this.#asking.add(call)
    if (this.#asking.size <= this.#context.limits.askingMax) this.#leave(call)
  }

  /** Its time begins anew. It may be one more than the limit now; what waits in the queue goes on waiting. */
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
    if (outcome.kind === "failure") this.#noteError(outcome.failure)
    if (outcome.kind === "error" && isUnknownTool(outcome.error)) this.#lookAtTools()
  }

  #noteError({ kind }: Failure): void {
    if (!saysNothingOfServer(kind)) this.#lastError = { kind, atMs: Date.now() }
  }

  /** Frees the place of a call that is over. */
  #leave(call: BackendCall): void {
    if (this.#context.gate.forsake(call)) return
    this.#waiting.delete(call)
    if (!call.hasPlace) return
    call.hasPlace = false
    this.#context.gate.leave()
  }

  #lookAtTools(): void {
    if (this.#state === "up") this.#offering.lookAtTools()
  }

  noticed(notification: JsonObject): void {
    this.pages.heard(notification)
    if (this.#state === "up") this.#offering.noticed(notification)
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
      transport: this.#link.transport,
      era: this.#era,
      state: this.#isClosing ? "closing" : this.#state,
      lastError: this.#lastError?.kind,
      lastErrorAt: this.#lastError && new Date(this.#lastError.atMs).toISOString(),
      inFlight: this.#context.gate.taken,
      queued: this.#context.gate.queued,
      calls: this.#callCount,
      restarts: this.#restarts,
      pid: this.#link.pid,
      strays: this.#link.strays,
      toolCount: this.#offering.tools?.size,
      missing: this.#offering.missing(this.#server),
      followed: this.#offering.feed.size,
      tokens: this.#context.tokens?.(),
    }
  }

  /** Takes no more calls, lets those it has end or, after `drainMs`, ends them, and then everything else. */
  async close(): Promise<void> {
    if (this.#isClosing) return
    this.#isClosing = true
    await this.#drain()
    clearTimeout(this.#restart)
    this.#offering.stop()
    this.#state = "closing"
    for (const arrive of this.#arrivals.splice(0)) arrive(closing)
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

function takeAll<T>(set: Set<T>): T[] {
  const all = [...set]
  set.clear()
  return all
}
