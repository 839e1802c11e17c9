import type {
  BackendReply,
  BackendRequest,
  Listed,
  ListKind,
  SubjectToken,
} from "../../call/backends.ts"
import type { CatalogServer } from "../../registry/catalog.ts"
import { type Ref, written } from "../../registry/model.ts"
import type { JsonObject } from "../../schema/json.ts"
import type { HttpAddress } from "./address.ts"
import type { Backend } from "./backend.ts"
import type { Credential } from "./credentials/credential.ts"
import type { ServerCredentials } from "./credentials/server-credentials.ts"
import { closing, refusalOf, unsent } from "./failure.ts"
import type { Gate } from "./gate.ts"
import type { BackendLimits } from "./limits.ts"
import type { Status } from "./status.ts"

type Loan = () => SubjectToken

/** The connections, sessions and token of one caller at one server. */
interface Member {
  readonly backend: Backend
  /** The caller's own tokens, each as long as what came with it is under way. */
  readonly loans: Set<Loan>
  usedMs: number
}

export interface CallerBackendsContext {
  readonly credentials: ServerCredentials
  readonly gate: Gate
  readonly limits: Pick<BackendLimits, "callersMax" | "callerIdleMs">
  open(credential: Credential | undefined): Backend
}

/**
 * A server that is called with its caller's own identity (RFC 8693): nothing of one caller, neither connection nor session
 * nor token, is ever used for another. Their number is limited, and what a caller no longer uses is closed.
 */
export class CallerBackends {
  readonly ref: Ref
  readonly address: HttpAddress
  readonly #context: CallerBackendsContext
  /** In the order of their last use. */
  readonly #members = new Map<string, Member>()
  readonly #closing = new Set<Promise<void>>()
  #past = { calls: 0, restarts: 0, strays: 0 }
  #last: Status | undefined
  #sweep: NodeJS.Timeout | undefined
  #isClosing = false

  constructor(ref: Ref, address: HttpAddress, context: CallerBackendsContext) {
    this.ref = ref
    this.address = address
    this.#context = context
  }

  async request(server: CatalogServer, request: BackendRequest): Promise<BackendReply> {
    const { subject, subjectToken } = request
    if (subjectToken === undefined) {
      const reason = `${written(this.ref)} is called with its caller's own identity, and this one showed no token for it`
      return refused({ code: "insufficient_trust", reason, challenge: true })
    }
    if (this.#isClosing) return refused(refusalOf(unsent(closing), subject, 0))
    const member = this.#memberOf(subjectToken)
    if (member === undefined) {
      const reason = `${this.#context.limits.callersMax} callers are using this server (limits.backendCallers)`
      return refused({ code: "overloaded", subject, reason, retryAfterMs: 1000, fate: "unsent" })
    }
    return lend(member, subjectToken, () => member.backend.request(server, request))
  }

  /** What a server lists for one caller is nobody else's to see. */
  async list(
    kind: ListKind,
    need: "fresh" | "known",
    subjectToken: SubjectToken | undefined,
  ): Promise<Listed | undefined> {
    const member = subjectToken && this.#isClosing === false && this.#memberOf(subjectToken)
    return member ? lend(member, subjectToken, () => member.backend.list(kind, need)) : undefined
  }

  capabilities(subjectToken: SubjectToken | undefined): JsonObject | undefined {
    return subjectToken && this.#members.get(subjectToken.key)?.backend.capabilities()
  }

  /** Undefined where there are as many as there may be, and all are in use. */
  #memberOf({ key }: SubjectToken): Member | undefined {
    const member = this.#members.get(key) ?? this.#begin()
    if (member === undefined) return
    this.#members.delete(key)
    this.#members.set(key, member)
    member.usedMs = performance.now()
    this.#sweep ??= setInterval(
      () => this.#closeIdle(),
      this.#context.limits.callerIdleMs / 4,
    ).unref()
    return member
  }

  #begin(): Member | undefined {
    const { callersMax } = this.#context.limits
    if (this.#members.size >= callersMax) {
      const idle = [...this.#members].find(([, { loans }]) => loans.size === 0)
      if (idle === undefined) return
      this.#drop(...idle)
    }
    const loans = new Set<Loan>()
    const credential = this.#context.credentials.ofCaller(() => [...loans].at(-1)?.())
    return { backend: this.#context.open(credential), loans, usedMs: 0 }
  }

  #closeIdle(): void {
    const since = performance.now() - this.#context.limits.callerIdleMs
    for (const [key, member] of this.#members)
      if (member.loans.size === 0 && member.usedMs < since) this.#drop(key, member)
    if (this.#members.size > 0) return
    clearInterval(this.#sweep)
    this.#sweep = undefined
  }

  #drop(key: string, { backend }: Member): void {
    this.#members.delete(key)
    const { calls, restarts, strays } = backend.status
    this.#last = backend.status
    this.#past.calls += calls
    this.#past.restarts += restarts
    this.#past.strays += strays
    const closed: Promise<void> = backend.close().finally(() => this.#closing.delete(closed))
    this.#closing.add(closed)
  }

  /** Of all callers together: up when one of them is, and otherwise as the last was. */
  get status(): Status {
    const all = [...this.#members.values()].map(({ backend }) => backend.status)
    const newestFirst = all.toReversed()
    const shown = newestFirst.find(({ state }) => state === "up") ?? newestFirst[0] ?? this.#last
    const failed = all.toSorted((a, b) => ((a.lastErrorAt ?? "") < (b.lastErrorAt ?? "") ? 1 : -1))
    const [lastFailed = shown] = failed
    const sum = (pick: (status: Status) => number) =>
      all.reduce((total, status) => total + pick(status), 0)
    return {
      server: this.ref,
      transport: "http",
      era: shown?.era,
      state: this.#isClosing ? "closing" : all.length === 0 ? "idle" : (shown?.state ?? "idle"),
      lastError: lastFailed?.lastError,
      lastErrorAt: lastFailed?.lastErrorAt,
      inFlight: this.#context.gate.taken,
      queued: this.#context.gate.queued,
      calls: this.#past.calls + sum(({ calls }) => calls),
      restarts: this.#past.restarts + sum(({ restarts }) => restarts),
      pid: undefined,
      strays: this.#past.strays + sum(({ strays }) => strays),
      toolCount: shown?.toolCount,
      missing: shown?.missing ?? [],
      tokens: this.#context.credentials.status,
      callers: all.length,
    }
  }

  async close(): Promise<void> {
    this.#isClosing = true
    clearInterval(this.#sweep)
    for (const entry of this.#members) this.#drop(...entry)
    await Promise.all(this.#closing)
  }
}

/** The caller's token is at hand as long as what it came with is under way, and no longer. */
async function lend<T>(
  { loans }: Member,
  subjectToken: SubjectToken,
  work: () => Promise<T>,
): Promise<T> {
  const loan = () => subjectToken // another one each time, though the token may be the same
  loans.add(loan)
  try {
    return await work()
  } finally {
    loans.delete(loan)
  }
}

const refused = (
  refusal: (BackendReply & { readonly kind: "refusal" })["refusal"],
): BackendReply => ({ kind: "refusal", refusal })
