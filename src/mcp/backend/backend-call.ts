import type { BackendReply, BackendRequest } from "../../call/backends.ts"
import type { JsonObject } from "../../schema/json.ts"
import { isObject } from "../../schema/json.ts"
import type { Due } from "./deadlines.ts"
import type { Guest } from "./gate.ts"
import { type Outcome, Outgoing } from "./outgoing.ts"
import { membersOf } from "./wire.ts"

/** Who is told what becomes of a call. */
export interface CallOwner {
  entered(call: BackendCall): void
  aborted(call: BackendCall): void
  ended(call: BackendCall, outcome: Outcome): void
  /** The caller's side failed to take a notification: its bug, not the backend's. */
  deaf(call: BackendCall, error: unknown): void
}

/** A caller's request from its arrival here to its answer. */
export class BackendCall extends Outgoing implements Due<BackendCall>, Guest {
  readonly request: BackendRequest
  readonly reply: (reply: BackendReply) => void
  readonly startedMs = performance.now()
  /** It counts against the concurrency limit. */
  hasPlace = false
  dueMs = 0
  before: BackendCall | undefined = undefined
  after: BackendCall | undefined = undefined
  readonly #owner: CallOwner
  #progress = Number.NEGATIVE_INFINITY

  constructor(
    owner: CallOwner,
    request: BackendRequest,
    paramHeaders: readonly string[] | undefined,
    reply: (reply: BackendReply) => void,
  ) {
    const { method, name, meta } = request
    const members = membersOf(request.params)
    super(
      method,
      paramHeaders === undefined ? { members, name, meta } : { members, name, meta, paramHeaders },
    )
    this.request = request
    this.reply = reply
    this.#owner = owner
    request.cancellation?.listen(this)
  }

  enter(): void {
    this.hasPlace = true
    this.#owner.entered(this)
  }

  cancelled(): void {
    this.#owner.aborted(this)
  }

  protected override ended(outcome: Outcome): void {
    this.request.cancellation?.release()
    this.#owner.ended(this, outcome)
  }

  /** In the caller's terms: its own progress token, or nothing where it gave none. */
  override notify(notification: JsonObject): void {
    const { onNotification } = this.request
    if (onNotification === undefined || this.isOver) return
    const ours = this.#inCallersTerms(notification)
    if (ours === undefined) return
    try {
      onNotification(ours)
    } catch (error) {
      this.#owner.deaf(this, error)
    }
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
