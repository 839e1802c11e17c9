import type { Topic } from "../../../call/following.ts"
import { isList, type JsonObject } from "../../../schema/json.ts"
import { Backoff } from "../backoff.ts"
import type { Failure } from "../failure.ts"
import type { BackendLimits } from "../limits.ts"
import type { Link } from "../link.ts"
import type { Outcome } from "../outgoing.ts"
import type { Ear, EarReport } from "./ear.ts"
import { keyOf } from "./followed.ts"
import { Listen } from "./listen.ts"

/**
 * The modern era: one `subscriptions/listen` with all that is wanted. What is wanted cannot be changed on an open stream,
 * so another takes its place, and only when the server has acknowledged that one does the first end.
 */
export class ModernEar implements Ear {
  readonly #link: Link
  readonly #limits: BackendLimits
  readonly #report: EarReport
  readonly #hear: (notification: JsonObject) => void
  readonly #backoff: Backoff
  #wanted: readonly Topic[] = []
  /** Acknowledged; what it says is heard. */
  #current: Listen | undefined
  #next: Listen | undefined
  #timer: NodeJS.Timeout | undefined

  constructor(
    link: Link,
    limits: BackendLimits,
    report: EarReport,
    hear: (notification: JsonObject) => void,
  ) {
    this.#link = link
    this.#limits = limits
    this.#report = report
    this.#hear = hear
    this.#backoff = new Backoff(limits.backoffMs, limits.backoffMaxMs, limits.healthyMs)
  }

  want(topics: readonly Topic[]): void {
    this.#wanted = topics
    if (topics.length === 0) {
      this.stop()
      return
    }
    if (this.#timer !== undefined || isSame(topics, (this.#next ?? this.#current)?.topics)) return
    this.#open()
  }

  #open(): void {
    this.#timer = undefined
    const before = this.#next
    const listen = new Listen(this.#wanted, this.#limits.connectMs, {
      acknowledged: (subset) => this.#acknowledged(listen, subset),
      heard: this.#hear,
      over: (outcome) => this.#over(listen, outcome),
    })
    this.#next = listen
    before?.withdraw(replaced) // only now: the end of the one that counts is a loss
    this.#link.send(listen)
  }

  #acknowledged(listen: Listen, subset: JsonObject): void {
    if (listen !== this.#next) return
    const before = this.#current
    this.#current = listen
    this.#next = undefined
    before?.withdraw(replaced)
    this.#backoff.succeeded()
    for (const topic of listen.topics) this.#report.answered(topic, isIn(subset, topic))
  }

  #over(listen: Listen, outcome: Outcome): void {
    if (listen === this.#current) {
      this.#current = undefined
      this.#report.missed()
    } else if (listen !== this.#next) return
    else this.#next = undefined
    if (outcome.kind === "error") {
      // The server does not serve it, or not this: asking once more would be answered the same.
      for (const topic of listen.topics) this.#report.answered(topic, false)
      return
    }
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#open(), this.#backoff.failed()).unref()
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const [current, next] = [this.#current, this.#next]
    this.#current = undefined
    this.#next = undefined
    current?.withdraw(replaced)
    next?.withdraw(replaced)
  }
}

const isSame = (topics: readonly Topic[], others: readonly Topic[] | undefined): boolean => {
  if (others === undefined || topics.length !== others.length) return false
  const keys = new Set(others.map(keyOf))
  return topics.every((topic) => keys.has(keyOf(topic)))
}

/** Whether a server has agreed to report on a topic, judging by what it acknowledged. */
function isIn(subset: JsonObject, topic: Topic): boolean {
  if (topic.kind === "list") return subset[`${topic.of}ListChanged`] === true
  const { resourceSubscriptions: uris } = subset
  return isList(uris) && uris.includes(topic.uri)
}

const replaced: Failure = {
  code: "cancelled",
  kind: "cancelled",
  reason: "no longer wanted",
}
