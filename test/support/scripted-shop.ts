import { isObject } from "../../src/schema/json.ts"
import { type BackendCall, openBackend, type TestBackend } from "./e2e-backend.ts"
import { agentOf, sourceTool, toolDependency } from "./registries.ts"

const names = ["reserve", "charge", "ship", "tell", "unreserve", "uncharge"]
const step = (id: string, more: object = {}) => ({ id, action: { tool: id }, ...more })
const undone = (id: string) => ({
  compensate: { tool: `un${id}`, retry: { maxAttempts: 2, backoffMs: 5 } },
})
const told = { type: "object", properties: { told: { type: "string" } }, required: ["told"] }
const note = { type: "object", properties: { note: { type: "string" } }, required: ["note"] }
/** Nothing of it has to be said. */
const noted = {
  type: "object",
  properties: {
    by: { type: "string", enum: ["r", "it's me"] },
    sure: { type: "boolean" },
    times: { type: "integer" },
  },
}

/** A saga of the shop, which calls these tools and those that undo them. */
const saga = (
  name: string,
  description: string,
  calls: readonly string[],
  steps: readonly object[],
) => ({
  ...{ name, version: "1.0.0", description },
  inputSchema: { type: "object", properties: { id: { type: "string" } }, required: ["id"] },
  depends: calls.map((call) => toolDependency(call)),
  spec: { saga: { sagaIdPath: "$.id", steps } },
})
const ask = (id: string, message: string, more: object = {}) => ({
  ...{ id, action: { approve: { message, ...more } } },
})
const lent = ["reserve", "unreserve", "ship"]

const sagas = [
  saga("order", "Reserve, charge, ship, tell.", names, [
    step("reserve", {
      ...undone("reserve"),
      retry: { maxAttempts: 9, backoffMs: 60_000, maxBackoffMs: 60_000, on: ["tool"] },
    }),
    step("charge", { ...undone("charge"), onUnknown: "park" }),
    step("ship", { pivot: true }),
    step("tell"),
  ]),
  saga("loan", "Reserve, ask, ship.", lent, [
    step("reserve", undone("reserve")),
    ask("ask", "Lend it?"),
    step("ship"),
  ]),
  saga("grant", "Reserve, have an operator look at it, ship.", lent, [
    step("reserve", undone("reserve")),
    ask("ask", "Grant it?", { to: "operator", schema: note }),
    step("ship"),
  ]),
  saga(
    "pair",
    "Ask two at once, then ship.",
    ["ship"],
    [
      { ...ask("left", "Left?", { to: "operator" }), after: [] },
      {
        ...ask("right", "Right?", { to: "operator", timeoutMs: 86_400_000, schema: noted }),
        after: [],
      },
      step("ship", { after: ["left", "right"] }),
    ],
  ),
]

/** Orders, past a pivot at the end, and what is done when a person says so. */
export const shopRegistry = JSON.stringify({
  schemaVersion: "2.0",
  servers: [{ name: "shop", version: "1.0.0", provides: names.map((tool) => ({ tool })) }],
  tools: [
    ...names.map((name) =>
      sourceTool(name, {
        source: { server: "shop", tool: name },
        ...(name === "tell" && { outputSchema: told }),
      }),
    ),
    ...sagas,
  ],
  agents: [
    agentOf(
      "buyer",
      sagas.map(({ name }) => toolDependency(name)),
      { version: "1.0.0" },
    ),
  ],
})

/** `held`: well, when {@link Shop.release} lets it. */
export type Deed = "well" | "broken" | "lost" | "held"

/** A backend that does what each order's script says, call by call, and is well when the script is over. */
export class Shop {
  readonly #scripts = new Map<string, Deed[]>()
  readonly #held = new Map<string, () => void>()
  readonly #called = new Map<string, { tool: string; key: unknown }[]>()
  backend: TestBackend | undefined

  async open(): Promise<void> {
    const act = (call: BackendCall) => this.#act(call)
    this.backend = await openBackend(Object.fromEntries(names.map((name) => [name, act])))
  }

  /** What the next calls of a tool come to. */
  plan(order: string, tool: string, ...deeds: Deed[]): void {
    this.#scripts.set(`${order} ${tool}`, deeds)
  }

  called(order: string): readonly string[] {
    return (this.#called.get(order) ?? []).map(({ tool }) => tool)
  }

  /** Has the call of an order that is held be answered. */
  release(order: string): void {
    this.#held.get(order)?.()
  }

  keys(order: string, tool: string): ReadonlySet<unknown> {
    const own = (this.#called.get(order) ?? []).filter((call) => call.tool === tool)
    return new Set(own.map(({ key }) => key))
  }

  #act({ tool, arguments: args, headers, response, send }: BackendCall): void {
    const order = String(isObject(args) ? args["id"] : "")
    const called = this.#called.get(order) ?? []
    this.#called.set(order, [...called, { tool, key: headers["idempotency-key"] }])
    const deed = this.#scripts.get(`${order} ${tool}`)?.shift() ?? "well"
    const answer = () =>
      send({
        result: {
          content: [{ type: "text", text: `${tool} is ${deed}` }],
          ...(tool === "tell" && { structuredContent: { told: deed } }),
          ...(deed === "broken" && { isError: true }),
          resultType: "complete",
        },
      })
    if (deed === "lost") response.destroy()
    else if (deed === "held") this.#held.set(order, answer)
    else answer()
  }
}
