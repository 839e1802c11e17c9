import type { BackendReply, BackendRequest } from "../../call/backends.ts"
import { tasksExtension } from "../../call/interaction/capabilities.ts"
import type { Rounds } from "../../call/interaction/peer.ts"
import type { CatalogServer } from "../../registry/catalog.ts"
import type { JsonObject } from "../../schema/json.ts"
import { isObject } from "../../schema/json.ts"
import { gravity } from "../log-level.ts"
import type { Address } from "./address.ts"
import type { Due } from "./deadlines.ts"
import { overloaded, unsent } from "./failure.ts"
import type { Guest } from "./gate.ts"
import type { GivenPages } from "./given-pages.ts"
import { type Lane, laneOf } from "./lane.ts"
import { OpenQuestions } from "./open-questions.ts"
import { type Outcome, Outgoing } from "./outgoing.ts"
import { membersOf, replyText } from "./wire.ts"

/** Who is told what becomes of a call. */
export interface CallOwner {
  entered(call: BackendCall): void
  readonly address: Address
  readonly pages: GivenPages
  aborted(call: BackendCall): void
  /** Its caller is asked something, and the server waits; then all that it asked is answered. */
  asking(call: BackendCall): void
  answered(call: BackendCall): void
  ended(call: BackendCall, outcome: Outcome): void
  /** The caller's side failed to take a notification: its bug, not the backend's. */
  deaf(call: BackendCall, error: unknown): void
}

/** What is asked, of which server. */
export interface Errand {
  readonly server: CatalogServer
  readonly request: BackendRequest
  /** Its headers are by the server's own list, read after the server refused those by what was known. */
  readonly isMirroredAnew: boolean
}

/** A caller's request from its arrival here to its answer. */
export class BackendCall extends Outgoing implements Due<BackendCall>, Guest {
  readonly errand: Errand
  readonly request: BackendRequest
  readonly reply: (reply: BackendReply) => void
  readonly startedMs = performance.now()
  /** It counts against the concurrency limit. */
  hasPlace = false
  /** It waits for an answer of its caller. */
  isAsking = false
  dueMs = 0
  before: BackendCall | undefined = undefined
  after: BackendCall | undefined = undefined
  readonly #owner: CallOwner
  #progress = Number.NEGATIVE_INFINITY
  #questions: OpenQuestions | undefined

  constructor(
    owner: CallOwner,
    errand: Errand,
    paramHeaders: readonly string[] | undefined,
    reply: (reply: BackendReply) => void,
  ) {
    const { request } = errand
    const { method, name, meta, rounds, task, logs } = request
    super(method, {
      members: membersOf(request.params),
      name,
      meta,
      paramHeaders,
      capabilities: capabilitiesText(request),
      roundMembers: rounds && roundMembers(rounds),
      legacyMembers: task && `"task":${JSON.stringify(task)}`,
      logs,
    })
    this.errand = errand
    this.request = request
    this.reply = reply
    this.#owner = owner
  }

  get party(): string {
    return this.request.caller?.principal ?? ""
  }

  turnAway(): void {
    this.fail(unsent(overloaded(this.#owner.address.options)))
  }

  enter(): void {
    this.hasPlace = true
    this.#owner.entered(this)
  }

  cancelled(): void {
    this.#owner.aborted(this)
  }

  override get lane(): Lane | undefined {
    return laneOf(this.request, this.#owner.address.options.isolation)
  }

  /** A session has one level at a time; requests without one state theirs each for itself. */
  override get wisher(): string | undefined {
    const { session, caller, logs } = this.request
    return session ?? (caller && `${caller.principal} ${logs?.level}`)
  }

  override sent(revision: string | undefined): void {
    this.request.onSent?.({ id: this.id, revision, session: undefined })
  }

  override asked(request: JsonObject, reply: (text: string) => void): void {
    const { peer } = this.request
    if (peer === undefined || this.isOver || request["method"] === "ping") {
      reply(replyText(request))
      return
    }
    this.#questions ??= new OpenQuestions(peer, () => this.#owner.answered(this))
    this.#owner.asking(this)
    this.#owner.pages.asked(request, this.request)
    this.#questions.ask(request, reply)
  }

  protected override ended(outcome: Outcome): void {
    this.request.cancellation?.release()
    this.#questions?.cancelAll()
    if (outcome.kind === "error") this.#owner.pages.refused(outcome.error, this.request)
    this.#owner.ended(this, outcome)
  }

  override paused(): void {
    if (!this.isOver) this.request.onPause?.()
  }

  /** Told in the caller's terms: with its own progress token, or not at all where it gave none. */
  override notify(notification: JsonObject): void {
    if (notification["method"] === "notifications/cancelled") {
      const { params } = notification
      if (isObject(params)) this.#questions?.cancel(params["requestId"])
      return
    }
    const { onNotification } = this.request
    if (onNotification === undefined || this.isOver || this.#isForOthers(notification)) return
    const ours = this.#inCallersTerms(notification)
    if (ours === undefined) return
    try {
      onNotification(ours)
    } catch (error) {
      this.#owner.deaf(this, error)
    }
  }

  /** A log message that the server says only because somebody else wants to hear that much. */
  #isForOthers({ method, params }: JsonObject): boolean {
    const { logs, isLevelTold } = this
    if (method !== "notifications/message" || logs === undefined) return false
    const isUnasked = isLevelTold && !logs.isStated && isObject(params)
    return isUnasked && gravity(params["level"]) < gravity(logs.level)
  }

  #inCallersTerms(notification: JsonObject): JsonObject | undefined {
    if (notification["method"] !== "notifications/progress") return notification
    const token = this.meta?.["progressToken"]
    const { params } = notification
    if (token === undefined || !isObject(params) || params["progressToken"] !== this.id) return
    const { progress } = params
    if (typeof progress !== "number" || progress <= this.#progress) return // it must rise (MCP, Progress)
    this.#progress = progress
    return { ...notification, params: { ...params, progressToken: token } }
  }
}

/** What a modern server is told of its client; undefined where that is nothing. */
function capabilitiesText({ peer, task }: BackendRequest): string | undefined {
  if (task === undefined) return peer && JSON.stringify(peer.capabilities)
  return JSON.stringify({ ...peer?.capabilities, extensions: { [tasksExtension]: {} } })
}

/** JSON members without braces; "" in a first round. */
const roundMembers = ({ responses, state }: Rounds): string =>
  responses === undefined && state === undefined
    ? ""
    : JSON.stringify({ inputResponses: responses, requestState: state }).slice(1, -1)
