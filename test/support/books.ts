import { isObject, type JsonObject } from "../../src/schema/json.ts"
import type { BackendCall } from "./e2e-backend.ts"

type Sent = Pick<BackendCall, "tool" | "arguments" | "headers">

/**
 * What the servers behind a gateway did for each order, which outlives the gateway: `x` does a thing and `unx` undoes it. The
 * same key is the same thing, however often it comes.
 */
export class Books {
  readonly #done = new Map<string, Set<string>>()
  readonly #byKey = new Map<string, JsonObject>()
  readonly #times = new Map<string, number>()
  readonly #sent = new Map<string, number>()
  readonly #keyOf: (sent: Sent) => string

  /** `keyOf`: what a server takes for the key; a broken gateway would send others. */
  constructor(keyOf = ({ headers }: Sent) => String(headers["idempotency-key"])) {
    this.#keyOf = keyOf
  }

  /** Notes that it was asked for, which is all that a lost request comes to. */
  hear({ tool, arguments: args }: Sent): void {
    const thing = `${tool} ${orderOf(args)}`
    this.#sent.set(thing, (this.#sent.get(thing) ?? 0) + 1)
  }

  /** Does it; the answer. */
  act(call: Sent): JsonObject {
    const { tool } = call
    const order = orderOf(call.arguments)
    const key = this.#keyOf(call)
    const known = this.#byKey.get(key)
    if (known !== undefined) return known
    const done = this.#done.get(order) ?? new Set()
    this.#done.set(order, done)
    if (tool.startsWith("un")) done.delete(tool.slice(2))
    else done.add(tool)
    const thing = `${tool} ${order}`
    this.#times.set(thing, (this.#times.get(thing) ?? 0) + 1)
    const result = said(`${tool} of ${order}`)
    this.#byKey.set(key, result)
    return result
  }

  /** What stands there for an order. */
  of(order: string): readonly string[] {
    return [...(this.#done.get(order) ?? [])].sort()
  }

  get orders(): readonly string[] {
    return [...this.#done.keys()]
  }

  /** How often it was asked for. */
  sent(tool: string, order: string): number {
    return this.#sent.get(`${tool} ${order}`) ?? 0
  }

  /** Things that were really done more than once. */
  get twice(): readonly string[] {
    return [...this.#times].flatMap(([thing, times]) => (times > 1 ? thing : []))
  }
}

export const said = (text: string): JsonObject => ({
  content: [{ type: "text", text }],
  resultType: "complete",
})
export const refused = (text: string): JsonObject => ({ ...said(text), isError: true })

export const orderOf = (args: unknown): string => String(isObject(args) ? args["id"] : "")
