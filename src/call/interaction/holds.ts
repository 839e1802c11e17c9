import { Shares } from "../shares.ts"
import { Hold, type HoldKeeper } from "./hold.ts"
import type { InteractionLimits } from "./limits.ts"
import type { Binding, RequestState, RequestStates } from "./request-state.ts"

/** The requests of this process whose callers are expected back. */
export class Holds implements HoldKeeper {
  readonly #kept = new Map<string, Hold>()
  readonly #shares: Shares
  readonly #limits: InteractionLimits
  readonly #states: RequestStates
  readonly #id: () => string
  /** What no other process is called, this one after a restart included; and where the others reach it, if they do. */
  readonly #replica: string
  readonly #url: string | undefined

  constructor(
    limits: InteractionLimits,
    states: RequestStates,
    { id, replicaUrl }: { readonly id: () => string; readonly replicaUrl: string | undefined },
  ) {
    this.#limits = limits
    this.#shares = new Shares(limits.heldMax, limits.heldPerCallerMax)
    this.#states = states
    this.#id = id
    this.#url = replicaUrl
    this.#replica = replicaUrl === undefined ? id() : `${id()} ${replicaUrl}`
  }

  /** Where the replica is that holds what a state names; undefined where that is this one, or is not known. */
  keeperOf(sealed: string): string | undefined {
    const state = this.#states.peek(sealed)
    if (state?.kind !== "held" || state.replica === this.#replica) return
    const [, url] = state.replica.split(" ")
    return url === this.#url ? undefined : url // what was here before a restart is gone
  }

  create(binding: Binding): Hold {
    return new Hold(this.#id(), binding, this, this.#limits.questionMs)
  }

  /** The hold that a state names, or in words why there is none. */
  find({ replica, hold, round }: Extract<RequestState, { kind: "held" }>): Hold | string {
    if (replica !== this.#replica)
      return "it was made by another replica, or before the gateway was started again"
    const found = this.#kept.get(hold)
    if (found === undefined) return "what it belongs to is over"
    return found.round === round ? found : "it was answered before"
  }

  keep(hold: Hold): string | undefined {
    const { binding, id, round } = hold
    if (!this.#kept.has(id) && this.#shares.take(binding.principal) !== undefined) return
    this.#kept.set(id, hold)
    const state = { kind: "held", replica: this.#replica, hold: id, round } as const
    return this.#states.seal(state, binding, this.#limits.questionMs)
  }

  drop({ binding, id }: Hold): void {
    if (this.#kept.delete(id)) this.#shares.give(binding.principal)
  }

  get count(): number {
    return this.#kept.size
  }
}
