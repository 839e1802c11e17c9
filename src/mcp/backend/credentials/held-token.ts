import { hash } from "node:crypto"
import type { SubjectToken } from "../../../call/backends.ts"
import { Backoff } from "../backoff.ts"
import type { Failure } from "../failure.ts"
import type { Credential, Obtained, ProofHeaders } from "./credential.ts"
import type { Token } from "./token-answer.ts"
import type { Timing, TokenSource } from "./token-source.ts"

interface Held {
  readonly headers: ProofHeaders
  /** From here on the next is fetched meanwhile. */
  readonly refreshMs: number
  readonly untilMs: number
}

/** A server that goes on refusing does not make us ask for tokens without end. */
const betweenRenewalsMs = 10_000

/**
 * One token: the gateway's own for a server, or the one that stands for a caller there. It is fetched when it is first
 * needed, once however many calls need it, and renewed in good time while calls go on with the old one.
 */
export class HeldToken implements Credential {
  readonly #source: TokenSource
  readonly #now: () => number
  readonly #backoff: Backoff
  readonly #obtained: (token: string) => void
  readonly #subject: (() => SubjectToken | undefined) | undefined
  #held: Held | undefined
  #flight: Promise<Obtained> | undefined
  #problem = "anywhere: no caller has shown one to exchange"
  #renewableMs = 0
  /** Which token of the caller was refused last: another need not wait for it. */
  #refused: string | undefined

  /**
   * `obtained` is told each token before it is used: from then on nothing may show it. `subject` gives the token of the
   * caller for whom this one stands, while a request of that caller is under way; absent for the gateway's own.
   */
  constructor(
    source: TokenSource,
    timing: Timing,
    obtained: (token: string) => void,
    subject?: () => SubjectToken | undefined,
  ) {
    const { backoffMaxMs, backoffMs, now } = timing
    this.#source = source
    this.#now = now
    this.#backoff = new Backoff(backoffMs, backoffMaxMs, 0, now)
    this.#obtained = obtained
    this.#subject = subject
  }

  headers(): ProofHeaders | undefined {
    const held = this.#held
    if (held === undefined) return
    const now = this.#now()
    if (now < held.refreshMs) return held.headers
    if (now >= held.untilMs) return
    if (this.#flight === undefined && this.#canFetch) void this.#fetch()
    return held.headers
  }

  obtain(): Promise<Obtained> {
    if (this.#flight !== undefined) return this.#flight
    return this.#canFetch ? this.#fetch() : Promise.resolve(this.#notYet())
  }

  async renew(refused: ProofHeaders): Promise<ProofHeaders | undefined> {
    const held = this.#held
    if (held !== undefined && held.headers !== refused) return held.headers // another call was faster
    if (this.#flight === undefined) {
      const now = this.#now()
      if (now < this.#renewableMs || !this.#canFetch) return
      this.#renewableMs = now + betweenRenewalsMs
    }
    const obtained = await (this.#flight ?? this.#fetch())
    return obtained.ok ? obtained.headers : undefined
  }

  get #restMs(): number {
    return Math.max(this.#backoff.remainingMs, this.#source.restMs)
  }

  /**
   * A token that stands for a caller is fetched for that caller's requests only, never for one of the gateway's own.
   */
  get #canFetch(): boolean {
    if (this.#source.restMs > 0) return false
    const subject = this.#subject?.()
    if (this.#subject !== undefined && subject === undefined) return false
    return this.#backoff.remainingMs === 0 || digestOf(subject) !== this.#refused
  }

  /** When the token in hand ends, on the clock that was given; undefined where there is none. */
  get untilMs(): number | undefined {
    return this.#held?.untilMs
  }

  #fetch(): Promise<Obtained> {
    this.#flight = this.#obtain().finally(() => {
      this.#flight = undefined
    })
    return this.#flight
  }

  async #obtain(): Promise<Obtained> {
    const askedMs = this.#now()
    const subject = this.#subject?.()
    const answer = await this.#source.grant(subject)
    if (answer.ok) {
      this.#backoff.succeeded()
      this.#obtained(answer.token.text)
      this.#held = heldFrom(answer.token, askedMs)
      return { ok: true, headers: this.#held.headers }
    }
    if (answer.about === "request") {
      this.#backoff.failed() // else the source waits, for all
      this.#refused = digestOf(subject)
    }
    this.#problem = answer.reason
    return this.#notYet()
  }

  #notYet(): Obtained {
    const problem = this.#source.restMs > 0 ? this.#source.state.problem : this.#problem
    const failure: Failure = {
      code: "backend_unavailable",
      kind: "token",
      reason: `no token from ${problem}`,
      retryAfterMs: this.#restMs,
    }
    return { ok: false, failure }
  }
}

const digestOf = (subject: SubjectToken | undefined): string | undefined =>
  subject && hash("sha256", subject.reveal())

/** Renewed after about four fifths of its life, by chance a little apart from the others of a fleet. */
function heldFrom({ text, livesMs }: Token, askedMs: number): Held {
  return {
    headers: ["authorization", `Bearer ${text}`],
    refreshMs: askedMs + livesMs * (0.75 + Math.random() / 10),
    untilMs: askedMs + livesMs - Math.min(10_000, livesMs / 10), // it must last until it is looked at
  }
}
