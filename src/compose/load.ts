import type { CatalogTool } from "../registry/catalog.ts"
import { type Loaded, type LoadOptions, loadRegistry, type Origin } from "../registry/load.ts"
import type { Problem } from "../registry/problem.ts"
import { placeProblems } from "../registry/read/position.ts"
import { type Checked, checkCompositions, type ToolProblem } from "./check-compositions.ts"
import type { PlanLimits } from "./plan/limits.ts"
import type { Plan } from "./plan/plan.ts"

export interface PlannedOptions extends LoadOptions {
  readonly plans: PlanLimits
}

/** A document with the plans of its compositions: all of them where there is a catalog. */
export interface Planned extends Loaded {
  readonly plans: Checked["plans"]
}

/**
 * From the bytes of a registry document to its catalog and the plans of its compositions; this is how every document is
 * judged, by the gateway and by the commands. Compositions are planned when the rest is sound, because what they call
 * must be. Pauses as {@link loadRegistry} does.
 */
export function* loadPlanned(
  text: string,
  options: PlannedOptions,
): Generator<void, Planned, void> {
  const loaded = yield* loadRegistry(text, options)
  if (loaded.catalog === undefined) return { ...loaded, plans: none }
  const { plans, problems: found } = yield* checkCompositions(loaded.catalog, options.plans)
  if (found.length === 0) return { ...loaded, plans }
  const written = found.map((one) => inDocument(one, loaded.origin))
  const problems = yield* placeProblems([...loaded.problems, ...written], text, options)
  const isSound = problems.every(({ severity }) => severity !== "error")
  return isSound
    ? { ...loaded, problems, plans }
    : { ...loaded, problems, catalog: undefined, plans: none }
}

const none: ReadonlyMap<CatalogTool, Plan> = new Map()

function inDocument({ tool: { entity }, problem }: ToolProblem, origin: Origin): Problem {
  const { pointer, related } = problem
  return {
    ...problem,
    pointer: origin(entity, pointer),
    ...(related && {
      related: related.map((one) => ({ ...one, pointer: origin(entity, one.pointer) })),
    }),
  }
}
