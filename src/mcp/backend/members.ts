import { type BackendReply, refused } from "../../call/backends.ts"
import type { Ref } from "../../registry/model.ts"
import { closing, refusalOf, unsent } from "./failure.ts"
import type { Gate } from "./gate.ts"
import type { Member } from "./member.ts"
import type { Status } from "./status.ts"

export interface MemberLimits {
  /** Members at once. */
  readonly max: number
  /** One that nobody used for so long is closed. */
  readonly idleMs: number
}

/**
 * The backends of one server, by the caller they are for. Their number is limited, and those that nobody uses any more
 * are closed.
 */
export class Members<User = undefined> {
  readonly #ref: Ref
  readonly #gate: Gate
  readonly #limits: MemberLimits
  /** In the order of their last use. */
  readonly #all = new Map<string, Member<User>>()
  readonly #closing = new Set<Promise<void>>()
  #past = { calls: 0, restarts: 0, strays: 0 }
  #last: Status | undefined
  #sweep: NodeJS.Timeout | undefined
  #isClosing = false

  constructor(ref: Ref, gate: Gate, limits: MemberLimits) {
    this.#ref = ref
    this.#gate = gate
    this.#limits = limits
  }

  /** Without a use of it. */
  find(key: string): Member<User> | undefined {
    return this.#all.get(key)
  }

  /** Members in use by this user. */
  usedBy(user: User): number {
    let count = 0
    for (const member of this.#all.values()) if (member.isUsedBy(user)) count++
    return count
  }

  /** Undefined where there are as many as there may be, and all are in use; and when all of them are being closed. */
  of(key: string, begin: () => Member<User>): Member<User> | undefined {
    if (this.#isClosing) return
    const member = this.#all.get(key) ?? (this.#makeRoom() ? begin() : undefined)
    if (member === undefined) return
    this.#all.delete(key)
    this.#all.set(key, member)
    member.usedMs = performance.now()
    this.#sweep ??= setInterval(() => this.#closeIdle(), this.#limits.idleMs / 4).unref()
    return member
  }

  /** What a request gets for which there is no member; `crowd` says in words that there are enough of them. */
  refusal(subject: string, crowd: string): BackendReply {
    const failure = this.#isClosing
      ? closing
      : ({ code: "overloaded", kind: "overloaded", reason: crowd } as const)
    return refused(refusalOf(unsent(failure), subject, 0))
  }

  #makeRoom(): boolean {
    if (this.#all.size < this.#limits.max) return true
    const idle = [...this.#all].find(([, { isInUse }]) => !isInUse)
    if (idle === undefined) return false
    this.#drop(...idle)
    return true
  }

  #closeIdle(): void {
    const since = performance.now() - this.#limits.idleMs
    for (const [key, member] of this.#all)
      if (!member.isInUse && member.usedMs < since) this.#drop(key, member)
    if (this.#all.size > 0) return
    clearInterval(this.#sweep)
    this.#sweep = undefined
  }

  #drop(key: string, { backend }: Member<User>): void {
    this.#all.delete(key)
    const { calls, restarts, strays } = backend.status
    this.#last = backend.status
    this.#past.calls += calls
    this.#past.restarts += restarts
    this.#past.strays += strays
    const closed: Promise<void> = backend.close().finally(() => this.#closing.delete(closed))
    this.#closing.add(closed)
  }

  rootsChanged(session: string): void {
    for (const { backend } of this.#all.values()) backend.rootsChanged(session)
  }

  get size(): number {
    return this.#all.size
  }

  /** Of all together: up when one of them is, and otherwise as the last was. */
  get status(): Status {
    const all = [...this.#all.values()].map(({ backend }) => backend.status)
    const newestFirst = all.toReversed()
    const shown = newestFirst.find(({ state }) => state === "up") ?? newestFirst[0] ?? this.#last
    const failed = all.toSorted((a, b) => ((a.lastErrorAt ?? "") < (b.lastErrorAt ?? "") ? 1 : -1))
    const [lastFailed = shown] = failed
    const sum = (pick: (status: Status) => number) =>
      all.reduce((total, status) => total + pick(status), 0)
    return {
      server: this.#ref,
      transport: shown?.transport ?? "http",
      era: shown?.era,
      state: this.#isClosing ? "closing" : all.length === 0 ? "idle" : (shown?.state ?? "idle"),
      lastError: lastFailed?.lastError,
      lastErrorAt: lastFailed?.lastErrorAt,
      inFlight: this.#gate.taken,
      queued: this.#gate.queued,
      calls: this.#past.calls + sum(({ calls }) => calls),
      restarts: this.#past.restarts + sum(({ restarts }) => restarts),
      pid: undefined,
      strays: this.#past.strays + sum(({ strays }) => strays),
      toolCount: shown?.toolCount,
      missing: shown?.missing ?? [],
      followed: sum(({ followed }) => followed),
      tokens: undefined,
    }
  }

  async close(): Promise<void> {
    this.#isClosing = true
    clearInterval(this.#sweep)
    for (const entry of this.#all) this.#drop(...entry)
    await Promise.all(this.#closing)
  }
}
