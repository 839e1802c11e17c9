import {
  type BackendReply,
  type BackendRequest,
  type Listed,
  type ListKind,
  refused,
  type SubjectToken,
} from "../../call/backends.ts"
import {
  type Eagerness,
  type Follower,
  type Following,
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
import type { Gate } from "./gate.ts"
import type { BackendLimits } from "./limits.ts"
import { Member } from "./member.ts"
import { Members } from "./members.ts"
import type { Status } from "./status.ts"

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
  readonly #members: Members<SubjectToken>

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
      const refusal = { code: "insufficient_trust", reason, challenge: true } as const
      return refused(refusal)
    }
    const member = this.#memberOf(subjectToken)
    const { callersMax } = this.#context.limits
    const crowd = `${callersMax} callers are using this server (limits.backendCallers)`
    if (member === undefined) return this.#members.refusal(subject, crowd)
    return member.during(subjectToken, () => member.backend.request(server, request))
  }

  /** What a server lists for one caller is nobody else's to see. */
  async list(
    kind: ListKind,
    need: "fresh" | "known",
    subjectToken: SubjectToken | undefined,
  ): Promise<Listed | undefined> {
    if (subjectToken === undefined) return
    const member = this.#memberOf(subjectToken)
    return member?.during(subjectToken, () => member.backend.list(kind, need))
  }

  /** What is followed for one caller is heard with its own identity, for as long as it is followed. */
  follow(
    topic: Topic,
    follower: Follower,
    eagerness: Eagerness,
    subjectToken: SubjectToken | undefined,
  ): Following {
    if (subjectToken === undefined) return unheard
    const member = this.#memberOf(subjectToken)
    return member?.follow(subjectToken, topic, follower, eagerness) ?? unheard
  }

  capabilities(subjectToken: SubjectToken | undefined): JsonObject | undefined {
    return subjectToken && this.#members.find(subjectToken.key)?.backend.capabilities()
  }

  /**
   * The connections, sessions and token of one caller, whose own token is at hand only while a request of that caller
   * is under way.
   */
  #memberOf({ key }: SubjectToken): Member<SubjectToken> | undefined {
    const { credentials, open } = this.#context
    return this.#members.of(key, () => new Member((newest) => open(credentials.ofCaller(newest))))
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
