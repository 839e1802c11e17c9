import type { StoredEvent } from "../../src/compose/run/durable/event.ts"
import { RunState } from "../../src/compose/run/durable/state.ts"
import { isObject, type Json } from "../../src/schema/json.ts"
import type { Answer, Seen, Tool } from "./composition-world.ts"

/** How the world treats one call. */
export type Fault = "none" | "refuses" | "lostRequest" | "lostResponse" | "down" | "broken"

/** What one account of the ledger has gone through. */
interface Account {
  isDone: boolean
  isUndone: boolean
  /** How often it was really done. */
  effects: number
  value: Json
}

/**
 * The other side of sagas: tools that do something to an account, honour keys, remember what was undone, and lose
 * requests and responses as they are told. `do` tools take `{ account }`, `undo` tools the same.
 */
export class Ledger {
  readonly accounts = new Map<string, Account>()
  readonly #byKey = new Map<string, Json>()
  readonly #inputs = new Map<string, string>()
  readonly violations: string[] = []
  readonly #fault: (tool: string) => Fault
  readonly #isAnnounced: (key: string) => boolean

  constructor(fault: (tool: string) => Fault, isAnnounced: (key: string) => boolean) {
    this.#fault = fault
    this.#isAnnounced = isAnnounced
  }

  doing(name: string): Tool {
    return this.#tool(name, (account, key) => {
      const known = this.#byKey.get(key)
      if (known !== undefined) return { value: known }
      if (account.isUndone) return { fail: { class: "tool", message: "undone before" } }
      account.isDone = true
      account.effects++
      account.value = { id: `${name}-${account.effects}` }
      this.#byKey.set(key, account.value)
      return { value: account.value }
    })
  }

  undoing(name: string): Tool {
    return this.#tool(name, (account) => {
      account.isDone = false
      account.isUndone = true
      return { value: {} }
    })
  }

  /** Says whether something happened to the account. */
  finding(): Tool {
    return (input) => {
      const { isDone = false, value = null } = this.accounts.get(accountOf(input)) ?? {}
      return { value: { found: isDone, ...(isObject(value) && value) } }
    }
  }

  #tool(name: string, act: (account: Account, key: string) => Answer): Tool {
    return (input, { key = "" }: Seen["call"]) => {
      this.#check(input, key)
      const afterMs = (name.length * 7 + key.length * 3) % 11
      const fault = this.#fault(name)
      const account = this.#account(accountOf(input))
      if (fault === "lostRequest") return { afterMs, ...lost }
      if (fault === "down") return { afterMs, fail: { class: "transport", effect: "none" } }
      if (fault === "refuses") return { afterMs, fail: { class: "tool", message: "no" } }
      const answer = act(account, key)
      if (fault === "lostResponse") return { afterMs, ...lost }
      if (fault === "broken" && answer.fail === undefined)
        return { afterMs, fail: { class: "output", effect: "done" } }
      return { afterMs, ...answer }
    }
  }

  #check(input: Json, key: string): void {
    if (key === "") this.violations.push("a call with an effect without a key")
    else if (!this.#isAnnounced(key))
      this.violations.push(`${key} was sent before it was announced`)
    const text = JSON.stringify(input)
    if ((this.#inputs.get(key) ?? text) !== text) this.violations.push(`${key} has two inputs`)
    this.#inputs.set(key, text)
  }

  #account(name: string): Account {
    const known = this.accounts.get(name)
    if (known !== undefined) return known
    const made: Account = { isDone: false, isUndone: false, effects: 0, value: null }
    this.accounts.set(name, made)
    return made
  }
}

const lost = {
  fail: { class: "transport", code: "CONNECTION_LOST", effect: "unknown" },
} as const satisfies Answer

const accountOf = (input: Json): string => String(isObject(input) ? input["account"] : input)

/** The path that a key is of, whatever a broken engine puts after it. */
const pathOf = (key: string): string => key.slice(key.indexOf("/") + 1).replace(/#.*/, "")

/** Whether the call with this key was announced by these events. */
export function announces(events: Iterable<StoredEvent>, key: string): boolean {
  const path = pathOf(key)
  for (const { kind, step } of events)
    if ((kind === "intent" && step === path) || (kind === "undo" && `~${step}` === path))
      return true
  return false
}

/**
 * What is wrong with how a run went back: undone in another order than the reverse of completion. Sagas inside that went
 * back by themselves are independent of what is around them.
 */
export function disorder(events: readonly StoredEvent[]): readonly string[] {
  const state = RunState.of(events)
  const sagas = events.flatMap((event) =>
    event.kind === "turn" && event.data.to === "compensating" ? event.step : [],
  )
  const undone = events.filter(({ kind }) => kind === "undone").map(({ step }) => step)
  const bySaga = Map.groupBy(undone, (step) =>
    sagas
      .filter((saga) => step.startsWith(`${saga}/`))
      .reduce((one, other) => (other.length > one.length ? other : one), ""),
  )
  return [...bySaga.values()].flatMap((order) => {
    const places = order.map((step) => state.endSeq(step) ?? 0)
    const isReverse = places.every((place, at) => at === 0 || place < (places[at - 1] ?? 0))
    return isReverse ? [] : [`undone as ${order.join(", ")}, done at ${places.join(", ")}`]
  })
}
