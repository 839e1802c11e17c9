import type { BackendReply, BackendRequest, Listed, ListKind } from "../../call/backends.ts"
import {
  type Eagerness,
  type Follower,
  type Following,
  followedBy,
  type Topic,
  unheard,
} from "../../call/following.ts"
import type { CatalogServer } from "../../registry/catalog.ts"
import type { Ref } from "../../registry/model.ts"
import type { JsonObject } from "../../schema/json.ts"
import type { StdioAddress } from "./address.ts"
import type { Backend } from "./backend.ts"
import { closing, refusalOf, unsent } from "./failure.ts"
import type { Gate } from "./gate.ts"
import { type Lane, laneOf, plainLane } from "./lane.ts"
import type { BackendLimits } from "./limits.ts"
import { type Member, Members } from "./members.ts"
import type { Status } from "./status.ts"

/** A process, and those of its calls that are under way. */
class ProcessMember implements Member {
  readonly backend: Backend
  inFlight = 0
  usedMs = 0

  constructor(backend: Backend) {
    this.backend = backend
  }

  get isInUse(): boolean {
    return this.inFlight > 0
  }
}

export interface IsolatedBackendsContext {
  readonly gate: Gate
  readonly limits: Pick<BackendLimits, "childrenMax" | "childIdleMs">
  open(lane: Lane): Backend
}

/**
 * A server on stdio with a process for each caller, or for each session of a client. What a legacy server asks over a pipe
 * does not say which request it belongs to: a process that may ask works for one session, or, where a caller has none,
 * on one call at a time, so that every question can only be meant for whom it reaches.
 */
export class IsolatedBackends {
  readonly ref: Ref
  readonly address: StdioAddress
  readonly #context: IsolatedBackendsContext
  readonly #members: Members<ProcessMember>

  constructor(ref: Ref, address: StdioAddress, context: IsolatedBackendsContext) {
    const { childrenMax: max, childIdleMs: idleMs } = context.limits
    this.ref = ref
    this.address = address
    this.#context = context
    this.#members = new Members(ref, context.gate, { max, idleMs })
  }

  async request(server: CatalogServer, request: BackendRequest): Promise<BackendReply> {
    const { subject } = request
    if (this.#members.isClosing) return refused(refusalOf(unsent(closing), subject, 0))
    const member = this.#memberFor(request)
    if (member === undefined) {
      const reason = `${this.#context.limits.childrenMax} processes of this server are in use`
      return refused({ code: "overloaded", subject, reason, retryAfterMs: 1000, fate: "unsent" })
    }
    return use(member, () => member.backend.request(server, request))
  }

  #memberFor(request: BackendRequest): ProcessMember | undefined {
    const lane = laneOf(request, this.address.options.isolation) ?? plainLane
    const isExclusive = lane.mayAsk && lane.owner !== "session"
    const key = isExclusive ? this.#freeKey(lane.key) : lane.key
    return this.#members.of(key, () => new ProcessMember(this.#context.open(lane)))
  }

  /** The first of this lane's processes that works on nothing; the next number where all do. */
  #freeKey(key: string): string {
    for (let number = 1; ; number++) {
      const numbered = `${key} ${number}`
      if (!this.#members.find(numbered)?.isInUse) return numbered
    }
  }

  async list(kind: ListKind, need: "fresh" | "known"): Promise<Listed | undefined> {
    const member = this.#plainMember()
    return member && use(member, () => member.backend.list(kind, need))
  }

  follow(topic: Topic, follower: Follower, eagerness: Eagerness): Following {
    const member = this.#plainMember()
    if (member === undefined) return unheard
    return followedBy(member.backend.follow(topic, follower, eagerness), () => {
      member.inFlight++
      return () => member.inFlight--
    })
  }

  /** What is asked for nobody in particular, a process of its own tells. */
  #plainMember(): ProcessMember | undefined {
    if (this.#members.isClosing) return
    const open = () => new ProcessMember(this.#context.open(plainLane))
    return this.#members.of(plainLane.key, open)
  }

  capabilities(): JsonObject | undefined {
    return this.#members.find(plainLane.key)?.backend.capabilities()
  }

  rootsChanged(session: string): void {
    this.#members.rootsChanged(session)
  }

  get status(): Status {
    const { size, status } = this.#members
    return { ...status, transport: "stdio", processes: size }
  }

  close(): Promise<void> {
    return this.#members.close()
  }
}

async function use<T>(member: ProcessMember, work: () => Promise<T>): Promise<T> {
  member.inFlight++
  try {
    return await work()
  } finally {
    member.inFlight--
  }
}

const refused = (
  refusal: (BackendReply & { readonly kind: "refusal" })["refusal"],
): BackendReply => ({ kind: "refusal", refusal })
