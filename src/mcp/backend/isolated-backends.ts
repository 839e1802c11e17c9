import type { BackendReply, BackendRequest, Listed, ListKind } from "../../call/backends.ts"
import {
  type Eagerness,
  type Follower,
  type Following,
  type Topic,
  unheard,
} from "../../call/following.ts"
import type { CatalogServer } from "../../registry/catalog.ts"
import type { Ref } from "../../registry/model.ts"
import type { JsonObject } from "../../schema/json.ts"
import type { StdioAddress } from "./address.ts"
import type { Backend } from "./backend.ts"
import type { Gate } from "./gate.ts"
import { type Lane, laneOf, plainLane } from "./lane.ts"
import type { BackendLimits } from "./limits.ts"
import { Member } from "./member.ts"
import { Members } from "./members.ts"
import type { Status } from "./status.ts"

export interface IsolatedBackendsContext {
  readonly gate: Gate
  readonly limits: Pick<BackendLimits, "childrenMax" | "childrenPerCallerMax" | "childIdleMs">
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
  /** Used by principals, or for nobody in particular. */
  readonly #members: Members<string | undefined>

  constructor(ref: Ref, address: StdioAddress, context: IsolatedBackendsContext) {
    const { childrenMax: max, childIdleMs: idleMs } = context.limits
    this.ref = ref
    this.address = address
    this.#context = context
    this.#members = new Members(ref, context.gate, { max, idleMs })
  }

  async request(server: CatalogServer, request: BackendRequest): Promise<BackendReply> {
    const lane = laneOf(request, this.address.options.isolation) ?? plainLane
    const user = lane.owner === "everybody" ? undefined : request.caller?.principal
    const isExclusive = lane.mayAsk && lane.owner !== "session"
    const key = isExclusive ? this.#freeKey(lane.key) : lane.key
    const { childrenMax, childrenPerCallerMax } = this.#context.limits
    if (this.#isGreedy(user, key)) {
      const share = `${childrenPerCallerMax} processes of this server are in use by this caller (limits.backendProcessesPerCaller)`
      return this.#members.refusal(request.subject, share)
    }
    const member = this.#members.of(key, () => new Member(() => this.#context.open(lane)))
    const crowd = `${childrenMax} processes of this server are in use (limits.backendProcesses)`
    if (member === undefined) return this.#members.refusal(request.subject, crowd)
    return member.during(user, () => member.backend.request(server, request))
  }

  /** It has its share of the processes in use, and this would be one more. */
  #isGreedy(user: string | undefined, key: string): boolean {
    if (user === undefined || this.#members.find(key)?.isInUse) return false
    return this.#members.usedBy(user) >= this.#context.limits.childrenPerCallerMax
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
    return member?.during(undefined, () => member.backend.list(kind, need))
  }

  async look(): Promise<void> {
    const member = this.#plainMember()
    await member?.during(undefined, () => member.backend.look())
  }

  follow(topic: Topic, follower: Follower, eagerness: Eagerness): Following {
    return this.#plainMember()?.follow(undefined, topic, follower, eagerness) ?? unheard
  }

  /** What is asked on nobody's behalf is answered by a process of its own. */
  #plainMember() {
    const open = () => new Member<string | undefined>(() => this.#context.open(plainLane))
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
