import type { Topic } from "../../../call/following.ts"
import { isObject, type JsonObject } from "../../../schema/json.ts"
import type { Failure } from "../failure.ts"
import { type Outcome, Outgoing } from "../outgoing.ts"
import { membersOf } from "../wire.ts"

/** Who is told what becomes of a `subscriptions/listen`. */
export interface ListenTaker {
  /** The server agreed to some of it. First of all, and once. */
  acknowledged(subset: JsonObject): void
  heard(notification: JsonObject): void
  /** It ended, whoever ended it. */
  over(outcome: Outcome): void
}

/** `subscriptions/listen` (MCP 2026-07-28): a request whose answer is a stream that lasts. */
export class Listen extends Outgoing {
  override readonly lasts = true
  readonly topics: readonly Topic[]
  readonly #taker: ListenTaker
  readonly #late: NodeJS.Timeout
  #isAcknowledged = false

  /** It is given up when it is not acknowledged within `waitMs`. */
  constructor(topics: readonly Topic[], waitMs: number, taker: ListenTaker) {
    super("subscriptions/listen", {
      members: membersOf({ notifications: filterOf(topics) }),
      name: undefined,
      meta: undefined,
    })
    this.topics = topics
    this.#taker = taker
    this.#late = setTimeout(() => this.withdraw(unacknowledged), waitMs).unref()
  }

  override notify(notification: JsonObject): void {
    if (this.isOver) return
    const { method, params } = notification
    if (method !== "notifications/subscriptions/acknowledged") {
      if (this.#isAcknowledged) this.#taker.heard(notification)
      return
    }
    const subset = isObject(params) ? params["notifications"] : undefined
    if (this.#isAcknowledged || !isObject(subset)) return
    this.#isAcknowledged = true
    clearTimeout(this.#late)
    this.#taker.acknowledged(subset)
  }

  protected override ended(outcome: Outcome): void {
    clearTimeout(this.#late)
    this.#taker.over(outcome)
  }
}

function filterOf(topics: readonly Topic[]): JsonObject {
  const uris = topics.flatMap((topic) => (topic.kind === "resource" ? [topic.uri] : []))
  const lists = topics.flatMap((topic) =>
    topic.kind === "list" ? [[`${topic.of}ListChanged`, true] as const] : [],
  )
  return {
    ...Object.fromEntries(lists),
    ...(uris.length > 0 && { resourceSubscriptions: uris }),
  }
}

const unacknowledged: Failure = {
  code: "backend_timeout",
  kind: "timeout",
  reason: "subscriptions/listen was not acknowledged in time",
}
