import { measure, nodesOf } from "../plan/measure.ts"
import type { Graph, Node, Plan } from "../plan/plan.ts"
import type { RunLimits } from "./limits.ts"
import { type Failure, failure } from "./outcome.ts"

/** What an interpreter without a journal can do about `once`. */
export interface Abilities {
  /** Remember outcomes as long as the process lasts. */
  readonly once: "memory" | "refuse"
}

/** Why a plan is not begun at all: it needs a journal, or is larger than a run may be. */
export function refusalOf(
  { root }: Plan,
  limits: RunLimits,
  abilities: Abilities,
): Failure | undefined {
  const { depth } = measure(root)
  if (depth > limits.maxDepth)
    return over({ found: depth, what: "graphs inside each other", limit: "maxDepth" }, limits)
  const graphs = [...graphsOf(root)]
  for (const graph of graphs) {
    const needs = journalFor(graph, abilities)
    if (needs !== undefined) return failure("journal", `${needs}; nothing was called`)
    const size = tooLarge(graph, limits)
    if (size !== undefined) return size
  }
  return
}

/** Every graph of a plan, each once: compositions are shared by all that call them. */
function graphsOf(root: Graph): ReadonlySet<Graph> {
  const found = new Set([root])
  for (const graph of found)
    for (const inner of graph.steps.flatMap(nodesOf).flatMap(graphsIn)) found.add(inner)
  return found
}

function graphsIn(node: Node): readonly Graph[] {
  if (node.kind === "graph") return [node.graph]
  return node.kind === "choose" ? node.among.flatMap((one) => graphsIn(one.node)) : []
}

function journalFor(graph: Graph, { once }: Abilities): string | undefined {
  if (graph.kind === "saga") return "a saga needs a journal, and this gateway runs without one"
  const asking = graph.steps.find((step) => nodesOf(step).some(({ kind }) => kind === "approve"))
  if (asking !== undefined)
    return `step ${asking.id} asks a person, which needs a journal, and this gateway runs without one`
  if (once === "memory") return
  const single = graph.steps.find(({ policies }) => policies.once !== undefined)
  return (
    single &&
    `step ${single.id} is to be done once, which needs a journal, and this gateway runs without one`
  )
}

function tooLarge({ kind, steps }: Graph, limits: RunLimits): Failure | undefined {
  const found = steps.length
  return kind === "scatter"
    ? over({ found, what: "targets", limit: "maxTargets" }, limits)
    : over({ found, what: "steps", limit: "maxSteps" }, limits)
}

interface Excess {
  readonly found: number
  readonly what: string
  readonly limit: keyof RunLimits
}

function over({ found, what, limit }: Excess, limits: RunLimits): Failure | undefined {
  const max = limits[limit]
  if (found <= max) return
  return failure("budget", `${found} ${what}, and at most ${max} are run (limit ${limit})`)
}
