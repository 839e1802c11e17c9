import type { JsonObject } from "../../../src/schema/json.ts"

/** Steps that servers do; what takes one of the first two back is `un` before its name. */
export const tools = ["reserve", "unreserve", "charge", "uncharge", "ship"]

const step = (id: string, more: object = {}) => ({
  ...{ id, action: { tool: id }, onUnknown: "retry" },
  ...more,
})
const undone = (id: string, maxAttempts: number) =>
  step(id, { compensate: { tool: `un${id}`, retry: { maxAttempts, backoffMs: 5 } } })
const asking = { id: "ask", action: { approve: { message: "Ship it?", to: "operator" } } }

const stepsOf = {
  order: [undone("reserve", 20), undone("charge", 20), step("ship")],
  /** What it did may be stuck soon. */
  doubtful: [undone("reserve", 2), undone("charge", 2), step("ship")],
  /** An operator is asked before it ships. */
  asked: [undone("reserve", 20), undone("charge", 20), asking, step("ship")],
  /** There is no way back when the money is there. */
  paid: [undone("reserve", 20), step("charge", { pivot: true }), step("ship")],
}
type Saga = keyof typeof stepsOf

export const sagas: readonly JsonObject[] = Object.entries(stepsOf).map(([name, steps]) => ({
  ...{ name, version: "1.0.0", description: "reserves, charges and ships" },
  inputSchema: { type: "object", properties: { id: { type: "string" } }, required: ["id"] },
  depends: tools.map((tool) => ({ type: "tool", name: tool, version: "1.0.0" })),
  spec: { saga: { sagaIdPath: "$.id", steps } },
}))

/** What becomes of an order. */
export interface Kind {
  readonly saga: Saga
  /** What the shop has done in the end, in this order, and nothing else. */
  readonly ledger: string
  readonly status: "completed" | "compensated" | "abandoned"
  readonly operator?: Operator
}

/** What an operator does with it. */
interface Operator {
  /** When it is this. */
  readonly finds: "parked" | "waiting"
  readonly verb: string
  readonly says?: JsonObject
  /** Whether the charge can be taken back from then on. */
  readonly mends?: true
}

const all = "reserve,charge,ship"
const back = "reserve,charge,uncharge,unreserve"
const stuck = "reserve,charge,unreserve"
const late = "reserve,charge,unreserve,uncharge"
const step2 = { step: "charge" }

/** By the first word of an order's id. */
const kinds: Readonly<Record<string, Kind>> = {
  good: { saga: "order", ledger: all, status: "completed" },
  bad: { saga: "order", ledger: back, status: "compensated" },
  resumed: {
    ...{ saga: "doubtful", ledger: late, status: "compensated" },
    operator: { finds: "parked", verb: "resume", mends: true },
  },
  skipped: {
    ...{ saga: "doubtful", ledger: stuck, status: "compensated" },
    operator: { finds: "parked", verb: "skip-step", says: step2 },
  },
  retried: {
    ...{ saga: "doubtful", ledger: late, status: "compensated" },
    operator: { finds: "parked", verb: "retry-step", says: step2, mends: true },
  },
  abandoned: {
    ...{ saga: "doubtful", ledger: stuck, status: "abandoned" },
    operator: { finds: "parked", verb: "abandon" },
  },
  forced: {
    ...{ saga: "paid", ledger: stuck, status: "compensated" },
    operator: { finds: "parked", verb: "compensate", says: { force: true } },
  },
  accepted: {
    ...{ saga: "asked", ledger: all, status: "completed" },
    operator: { finds: "waiting", verb: "answer", says: { action: "accept" } },
  },
  declined: {
    ...{ saga: "asked", ledger: back, status: "compensated" },
    operator: { finds: "waiting", verb: "answer", says: { action: "decline" } },
  },
  cancelled: {
    ...{ saga: "asked", ledger: back, status: "compensated" },
    operator: { finds: "waiting", verb: "cancel" },
  },
  undone: {
    ...{ saga: "asked", ledger: back, status: "compensated" },
    operator: { finds: "waiting", verb: "compensate" },
  },
}

/** Those that need an operator. */
export const operated = Object.keys(kinds).filter((name) => kinds[name]?.operator !== undefined)

export const kindOf = (id: string): Kind => {
  const kind = kinds[String(id.split("/")[0])]
  if (kind === undefined) throw new Error(`an order of no kind: ${id}`)
  return kind
}
