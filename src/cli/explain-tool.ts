import { describePlan } from "../compose/plan/describe.ts"
import { drawPlan } from "../compose/plan/mermaid.ts"
import { rowsOf } from "../compose/plan/order.ts"
import type { Plan } from "../compose/plan/plan.ts"
import { type PlanTypes, typesByPath } from "../compose/plan/plan-types.ts"
import type { Address } from "../mcp/backend/address.ts"
import type { CatalogTool } from "../registry/catalog.ts"
import type { ToolLookup } from "../registry/explain.ts"
import { written } from "../registry/model.ts"
import { type ResultsShown, resultWords } from "./explain-results.ts"
import { type RuleShown, ruleWords } from "./explain-rules.ts"
import { dependsWords, routeWords, toolWords } from "./explain-words.ts"

/** The landscape that a tool stands in. */
export interface Around {
  readonly plans: Plans
  readonly typesOf: TypesOf
  readonly addresses: ReadonlyMap<string, Address>
  /** What rules of the configuration say of its calls. */
  readonly rules: readonly RuleShown[]
  /** What it does with their results; undefined where nothing. */
  readonly results: ResultsShown | undefined
}

export type Plans = ReadonlyMap<CatalogTool, Plan>

/** Infers the types of a plan, for whoever is to see them. */
export type TypesOf = (plan: Plan) => PlanTypes

/** A tool in words, whoever may call it: where its calls go, or the plan of the composition that it is. */
export function* wordsOfTool(
  found: ToolLookup,
  { plans, typesOf, addresses, rules, results }: Around,
): Generator<string> {
  if (!found.found) {
    yield* toolWords("nobody", found.explained, addresses)
    return
  }
  const { tool, route, seenBy } = found
  const { description, annotations } = tool.shown
  yield description === undefined ? written(tool) : `${written(tool)} — ${description}`
  if (tool.unavailable !== undefined) yield `  unavailable: ${tool.unavailable}`
  yield `  seen by   ${seenBy.length === 0 ? "no agent" : seenBy.map(written).join(", ")}`
  if (annotations !== undefined) yield `  effects   ${effectWords(annotations)}`
  if (results !== undefined) yield `  ${resultWords(results)}`
  for (const rule of rules) yield `  ${ruleWords(rule)}`
  const plan = plans.get(tool)
  if (plan === undefined) {
    for (const line of routeWords(route, addresses)) yield `  ${line}`
    return
  }
  yield `  may call  ${dependsWords(tool.entity.depends ?? [])}`
  yield* planWords(plan, typesOf(plan))
}

/** The order in one line, and then each step. */
export function* planWords(plan: Plan, types: PlanTypes): Generator<string> {
  const rows = rowsOf(plan.root)
  if (plan.root.steps.length > 1)
    yield `  order     ${rows.map((row) => row.join(" + ")).join(" → ")}`
  yield ""
  yield* describePlan(plan, types)
}

/** A composition as a Mermaid flowchart; in words why there is nothing to draw. */
export function mermaidOf(
  found: ToolLookup,
  plans: Plans,
  typesOf: TypesOf,
): readonly string[] | string {
  if (!found.found) return [...toolWords("nobody", found.explained, new Map())].join("\n")
  const plan = plans.get(found.tool)
  return plan === undefined
    ? `${written(found.tool)} is no composition: there is no plan to draw`
    : drawPlan(plan, typesOf(plan))
}

/** The same as data. */
export function jsonOfTool(
  found: ToolLookup,
  { plans, typesOf, rules, results }: Omit<Around, "addresses">,
): object {
  if (!found.found) return { tool: found.explained }
  const { tool, route, seenBy } = found
  const { description, annotations, inputSchema, outputSchema } = tool.shown
  const { name, version, unavailable } = tool
  const plan = plans.get(tool)
  return {
    tool: { name, version, description, annotations, inputSchema, outputSchema, unavailable },
    route,
    seenBy,
    ...(rules.length > 0 && { rules }),
    ...(results && { results }),
    ...(plan && planJson(plan, typesOf(plan))),
  }
}

export const planJson = (plan: Plan, types: PlanTypes): object => ({
  plan,
  types: typesByPath(plan, types),
})

function effectWords(annotations: NonNullable<CatalogTool["shown"]["annotations"]>): string {
  const { readOnlyHint, destructiveHint, idempotentHint, openWorldHint } = annotations
  const words = [
    readOnlyHint === true ? "reads only" : "may change something",
    readOnlyHint !== true &&
      (destructiveHint === false ? "destroys nothing" : "may destroy something"),
    readOnlyHint !== true && (idempotentHint === true ? "may be repeated" : "not to be repeated"),
    openWorldHint === false ? "closed world" : "open world",
  ]
  return words.filter((word) => word !== false).join(", ")
}
