import type { Catalog, CatalogTool } from "../registry/catalog.ts"
import type { Problem } from "../registry/problem.ts"
import { createPlanner } from "./plan/compile-plan.ts"
import type { PlanLimits } from "./plan/limits.ts"
import type { Plan } from "./plan/plan.ts"

/** What became of the compositions of a catalog. */
export interface Checked {
  /** Of every composition that can be run; a document with an error among `problems` is not sound. */
  readonly plans: ReadonlyMap<CatalogTool, Plan>
  readonly problems: readonly ToolProblem[]
}

/** Something wrong with a tool; pointers are into its canonical form: `/spec/pipeline/steps/0`, `/outputSchema`. */
export interface ToolProblem {
  readonly tool: CatalogTool
  readonly problem: Problem
}

/**
 * Makes a plan of every composition and says what is wrong with those of which none can be made. What cannot be called
 * anyway, because something that it needs is missing and the configuration lets that pass, is left out. Pauses after
 * every composition.
 */
export function* checkCompositions(
  catalog: Catalog,
  limits: PlanLimits,
): Generator<void, Checked, void> {
  const planner = createPlanner(catalog, limits)
  const plans = new Map<CatalogTool, Plan>()
  const problems: ToolProblem[] = []
  for (const tool of catalog.tools) {
    if (tool.implementation.kind !== "composition" || tool.unavailable !== undefined) continue
    const compiled = planner.compile(tool)
    for (const problem of compiled.problems) problems.push({ tool, problem })
    if (compiled.plan !== undefined) plans.set(tool, compiled.plan)
    yield
  }
  return { plans, problems }
}
