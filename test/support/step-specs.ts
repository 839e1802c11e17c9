import { defaultPlanLimits, type PlanLimits } from "../../src/compose/plan/limits.ts"
import type { Plan } from "../../src/compose/plan/plan.ts"
import type { JsonObject } from "../../src/schema/json.ts"
import { compiled, planOf } from "./plans.ts"

/** A step that calls the tool of its name with the input of the graph. */
export const call = (id: string, rest: JsonObject = {}): JsonObject => ({
  id,
  operation: { tool: { name: id } },
  input: { path: "$" },
  ...rest,
})

/** A target that calls the tool of its name. */
export const target = (name: string, rest: JsonObject = {}): JsonObject => ({
  id: name,
  tool: { name },
  ...rest,
})

/** The values of steps by their ids, as an input. */
export const from = (...steps: readonly string[]): JsonObject => ({
  construct: { fields: Object.fromEntries(steps.map((step) => [step, { reference: { step } }])) },
})

/** What is registered of each tool; those that are called and not named here say nothing of themselves. */
export type Tools = Readonly<Record<string, object>>

export const pipeline = (
  steps: readonly JsonObject[],
  tools: Tools = {},
  rest: JsonObject = {},
): Plan => planOf({ spec: { pipeline: { steps, ...rest } } }, { tools })

export function scatter(
  targets: readonly JsonObject[],
  rest: JsonObject = {},
  tools: Tools = {},
  limits: Partial<PlanLimits> = {},
): Plan {
  const spec = { scatterGather: { targets, ...rest } }
  const { plan, problems } = compiled({ spec }, { tools }, { ...defaultPlanLimits, ...limits })
  if (plan === undefined) throw new Error(JSON.stringify(problems))
  return plan
}
