import type { Failure } from "../failure.ts"
import { type Lane, plainLane } from "../lane.ts"
import { LegacySession } from "./legacy-session.ts"

export interface SessionLimits {
  /** Sessions with one server, the plain one aside. */
  readonly sessionsMax: number
  /** A session that no call used for so long is ended. */
  readonly sessionIdleMs: number
}

/** The sessions with one legacy server, by lane. The plain one is kept; the others are ended when nobody uses them. */
export class LegacySessions {
  readonly plain = new LegacySession(plainLane)
  /** In the order of their last use. */
  readonly #others = new Map<string, LegacySession>()
  readonly #limits: SessionLimits
  readonly #end: (session: LegacySession) => void
  #sweep: NodeJS.Timeout | undefined

  constructor(limits: SessionLimits, end: (session: LegacySession) => void) {
    this.#limits = limits
    this.#end = end
  }

  /** Undefined where there are as many as there may be, and all are in use. */
  of(lane: Lane | undefined): LegacySession | undefined {
    if (lane === undefined || lane.key === "") return this.plain
    const session = this.#existing(lane) ?? this.#begin(lane)
    if (session === undefined) return
    this.#others.delete(lane.key)
    this.#others.set(lane.key, session)
    session.usedMs = performance.now()
    this.#sweep ??= setInterval(() => this.#endIdle(), this.#limits.sessionIdleMs / 4).unref()
    return session
  }

  #existing({ key }: Lane): LegacySession | undefined {
    const session = this.#others.get(key)
    if (session === undefined || !session.isUncertain || session.calls.size > 0) return session
    this.#drop(session)
    return
  }

  #begin(lane: Lane): LegacySession | undefined {
    if (this.#others.size < this.#limits.sessionsMax) return new LegacySession(lane)
    const idle = [...this.#others.values()].find(({ calls }) => calls.size === 0)
    if (idle === undefined) return
    this.#drop(idle)
    return new LegacySession(lane)
  }

  /** Tells the server in those that know of the roots of this session of a client. */
  rootsChanged(of: string, tell: (session: LegacySession) => Promise<unknown>): void {
    for (const session of this.#others.values())
      if (session.lane.rootsOf === of) void session.rootsChanged(() => tell(session))
  }

  #endIdle(): void {
    const since = performance.now() - this.#limits.sessionIdleMs
    for (const session of this.#others.values())
      if (session.calls.size === 0 && session.usedMs < since) this.#drop(session)
    if (this.#others.size > 0) return
    clearInterval(this.#sweep)
    this.#sweep = undefined
  }

  #drop(session: LegacySession): void {
    this.#others.delete(session.lane.key)
    if (session.isOpen) this.#end(session)
  }

  /** All there are; they are forgotten, and it is for the caller of this function to end them. */
  takeAll(): LegacySession[] {
    const all = [this.plain, ...this.#others.values()].filter(({ isOpen }) => isOpen)
    this.#others.clear()
    clearInterval(this.#sweep)
    this.#sweep = undefined
    return all
  }
}

export const tooManySessions: Failure = {
  code: "overloaded",
  kind: "overloaded",
  reason: "as many sessions with this server as there may be are in use",
  retryAfterMs: 1000,
}
