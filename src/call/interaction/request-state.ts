import { digest } from "../../schema/canonical.ts"
import type { Json } from "../../schema/json.ts"

/** Seals texts so that nobody else can read, change or make them; `open` is undefined for what it did not seal. */
export interface Sealer {
  seal(text: string): string
  open(sealed: string): string | undefined
}

/** What a `requestState` of ours stands for. */
export type RequestState =
  /** A modern backend's own state, which goes back to it byte for byte. */
  | { readonly kind: "sent"; readonly state: string }
  /** A request that is still under way in the process that made this, and which of its rounds. */
  | {
      readonly kind: "held"
      readonly replica: string
      readonly hold: string
      readonly round: number
    }
  /** Nothing is under way: the request is to be made once more. */
  | { readonly kind: "again" }

/** What a state is bound to: the same request of the same caller, and no other. */
export interface Binding {
  readonly principal: string
  readonly method: string
  /** What the request is about, and the parameters that it must repeat. */
  readonly about: Json
}

/**
 * Makes and reads `requestState`. It comes back through the client, who may have shown it to others or changed it: it is
 * sealed, and bound to caller, method, parameters and a time (MCP 2026-07-28, Multi Round-Trip Requests).
 */
export class RequestStates {
  readonly #sealer: Sealer
  readonly #now: () => number

  constructor(sealer: Sealer, now: () => number) {
    this.#sealer = sealer
    this.#now = now
  }

  seal(state: RequestState, binding: Binding, lifetimeMs: number): string {
    const expiresMs = Math.ceil(this.#now() + lifetimeMs)
    return this.#sealer.seal(JSON.stringify([expiresMs, textOf(binding), ...membersOf(state)]))
  }

  /** Whether it was made here, and for this request. */
  isOf(sealed: string, binding: Binding): boolean {
    const text = this.#sealer.open(sealed)
    return text !== undefined && (JSON.parse(text) as Members)[1] === textOf(binding)
  }

  /** What was sealed and has not expired, whoever brings it. Not to be acted on; it only tells where it belongs. */
  peek(sealed: string): RequestState | undefined {
    const text = this.#sealer.open(sealed)
    if (text === undefined) return
    const [expiresMs, , ...members] = JSON.parse(text) as Members // or a task id of ours, which has no time there
    return expiresMs > this.#now() ? stateOf(members) : undefined
  }

  /** The state, or in words why it is none. */
  open(sealed: string, binding: Binding): RequestState | string {
    const text = this.#sealer.open(sealed)
    if (text === undefined) return "it was not made by this gateway, or with another key"
    const [expiresMs, bound, ...members] = JSON.parse(text) as Members // authenticated: our own shape
    if (bound !== textOf(binding)) return "it belongs to another request"
    if (expiresMs <= this.#now()) return "it has expired"
    return stateOf(members)
  }
}

type Members = [expiresMs: number, bound: string, ...state: StateMembers]
type StateMembers = ["sent", string] | ["held", string, string, number] | ["again"]

const membersOf = (state: RequestState): StateMembers => {
  if (state.kind === "sent") return ["sent", state.state]
  if (state.kind === "held") return ["held", state.replica, state.hold, state.round]
  return ["again"]
}

function stateOf(members: StateMembers): RequestState {
  if (members[0] === "sent") return { kind: "sent", state: members[1] }
  if (members[0] === "again") return { kind: "again" }
  const [kind, replica, hold, round] = members
  return { kind, replica, hold, round }
}

const textOf = ({ principal, method, about }: Binding): string => digest([principal, method, about])
