import type {
  BackendReply,
  BackendRequest,
  Listed,
  ListKind,
  SubjectToken,
} from "../../call/backends.ts"
import {
  type Eagerness,
  type Follower,
  type Following,
  followedBy,
  type Topic,
  unheard,
} from "../../call/following.ts"
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
import { type Member, Members } from "./members.ts"
import type { Status } from "./status.ts"

type Loan = () => SubjectToken

/** The connections, sessions and token of one caller at one server. */
class CallerMember implements Member {
  readonly backend: Backend
  /** The caller's own tokens, each as long as what came with it is under way. */
  readonly loans = new Set<Loan>()
  usedMs = 0

  constructor({ credentials, open }: CallerBackendsContext) {
    this.backend = open(credentials.ofCaller(() => [...this.loans].at(-1)?.()))
  }

  get isInUse(): boolean {
    return this.loans.size > 0
  }
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
  readonly #members: Members<CallerMember>

  constructor(ref: Ref, address: HttpAddress, context: CallerBackendsContext) {
    const { callersMax: max, callerIdleMs: idleMs } = context.limits
    this.ref = ref
    this.address = address
    this.#context = context
    this.#members = new Members(ref, context.gate, { max, idleMs })
  }

  async request(server: CatalogServer, request: BackendRequest): Promise<BackendReply> {
    const { subject, subjectToken } = request
    if (subjectToken === undefined) {
      const reason = `${written(this.ref)} is called with its caller's own identity, and this one showed no token for it`
      return refused({ code: "insufficient_trust", reason, challenge: true })
    }
    if (this.#members.isClosing) return refused(refusalOf(unsent(closing), subject, 0))
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
    const member = subjectToken && !this.#members.isClosing && this.#memberOf(subjectToken)
    return member ? lend(member, subjectToken, () => member.backend.list(kind, need)) : undefined
  }

  /** What is followed for one caller is heard with its own identity, for as long as it is followed. */
  follow(
    topic: Topic,
    follower: Follower,
    eagerness: Eagerness,
    subjectToken: SubjectToken | undefined,
  ): Following {
    const member = subjectToken && !this.#members.isClosing && this.#memberOf(subjectToken)
    if (!member) return unheard
    return followedBy(member.backend.follow(topic, follower, eagerness), () => {
      const loan = () => subjectToken
      member.loans.add(loan)
      return () => member.loans.delete(loan)
    })
  }

  capabilities(subjectToken: SubjectToken | undefined): JsonObject | undefined {
    return subjectToken && this.#members.find(subjectToken.key)?.backend.capabilities()
  }

  /** Undefined where there are as many as there may be, and all are in use. */
  #memberOf({ key }: SubjectToken): CallerMember | undefined {
    return this.#members.of(key, () => new CallerMember(this.#context))
  }

  rootsChanged(session: string): void {
    this.#members.rootsChanged(session)
  }

  get status(): Status {
    const { credentials } = this.#context
    const { size, status } = this.#members
    return { ...status, tokens: credentials.status, callers: size }
  }

  close(): Promise<void> {
    return this.#members.close()
  }
}

/** The caller's token is at hand as long as what it came with is under way, and no longer. */
async function lend<T>(
  { loans }: CallerMember,
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
