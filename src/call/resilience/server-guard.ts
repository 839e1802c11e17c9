import type { Clock } from "../../compose/run/ports.ts"
import { BreakerState, type Standing, type Verdict } from "../../compose/run/state/breaker-state.ts"
import { RetryBudget } from "../../compose/run/state/retry-budget.ts"
import { type BackendReply, refused } from "../backends.ts"
import type { Fate } from "../fate.ts"
import type { Refusal } from "../refusal.ts"
import { FailureShare, type ServerBreaker } from "./failure-share.ts"

/** What configuration says of one server. */
export interface Resilience {
  /** Undefined: it is asked whatever it did before. */
  readonly breaker: ServerBreaker | undefined
  /** How often a call is made again at most, where doing it twice does no harm. */
  readonly retries: number
}

/** Of one server, for status and metrics. */
export interface GuardStatus {
  /** Undefined where it has no breaker. */
  readonly standing: Standing | undefined
  /** How often its breaker opened. */
  readonly openings: number
  /** When it is tried again, in milliseconds from now; undefined while it is closed. */
  readonly retryInMs: number | undefined
  readonly retries: number
}

/** The breaker of one server, how often it may be tried again, and what is told of both. */
export class ServerGuard {
  policy: Resilience
  retries = 0
  readonly budget = new RetryBudget()
  readonly #breaker = new BreakerState<ServerBreaker>(new FailureShare())
  readonly #clock: Pick<Clock, "now">
  readonly #tell: (standing: Standing) => void
  #openings = 0

  constructor(policy: Resilience, clock: Pick<Clock, "now">, tell: (standing: Standing) => void) {
    this.policy = policy
    this.#clock = clock
    this.#tell = tell
  }

  /** Sends, unless the breaker is open. */
  pass(subject: string, send: () => Promise<BackendReply>): Promise<BackendReply> {
    const { breaker } = this.policy
    if (breaker === undefined) return send()
    const passage = this.#breaker.enter(this.#clock.now())
    if (passage.isOpen) return Promise.resolve(refused(refusalOf(subject, passage.retryInMs)))
    const leave = (verdict: Verdict) => {
      const now = this.#clock.now()
      const before = this.#breaker.standing(now)
      this.#breaker.leave(passage, verdict, now, breaker)
      this.#note(before, this.#breaker.standing(now))
    }
    return send().then(
      (reply) => {
        leave(verdictOf(reply))
        return reply
      },
      (bug: unknown) => {
        leave("neutral")
        throw bug
      },
    )
  }

  #note(before: Standing, after: Standing): void {
    if (before === after || after === "halfOpen") return
    if (after === "open") this.#openings++
    if (after === "closed" || before === "closed") this.#tell(after) // a trial that failed is no news
  }

  reset(): void {
    const now = this.#clock.now()
    const before = this.#breaker.standing(now)
    this.#breaker.reset()
    this.#note(before, "closed")
  }

  get status(): GuardStatus {
    const now = this.#clock.now()
    return {
      standing: this.policy.breaker && this.#breaker.standing(now),
      openings: this.#openings,
      retryInMs: this.#breaker.retryInMs(now),
      retries: this.retries,
    }
  }
}

/** What a breaker goes by: whether the server was there and spoke, never what its tools said. */
const blamed: ReadonlySet<Fate> = new Set<Fate>(["lost", "late", "failing", "malformed"])

function verdictOf(reply: BackendReply): Verdict {
  if (reply.kind !== "refusal") return "success"
  const { refusal } = reply
  if (refusal.code === "cancelled" || !("fate" in refusal) || refusal.fate === undefined)
    return "neutral"
  return blamed.has(refusal.fate) ? "failure" : "neutral"
}

const refusalOf = (subject: string, retryInMs: number): Refusal => ({
  code: "backend_unavailable",
  subject,
  reason:
    retryInMs > 0
      ? `its breaker is open: it has failed too often of late; tried again in ${Math.ceil(retryInMs / 1000)} s`
      : "its breaker is open, and one call is trying whether it is there again",
  fate: "unsent",
  retryAfterMs: Math.max(1_000, Math.ceil(retryInMs)),
})
