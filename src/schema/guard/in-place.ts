import type { SchemaFinding } from "./finding.ts"
import type { Graph } from "./graph.ts"

/** What one schema may cost, with all that it applies to the same instance. */
const costMax = 10_000

/** For each node its own cost and that of all it applies in place, as often as it does. */
export type Costs = readonly number[]

interface Frame {
  readonly index: number
  /** How many of its edges are done. */
  done: number
}

/**
 * The cost of one evaluation of each schema at one place of an instance, by a depth-first walk of the in-place edges.
 * A schema that applies itself in place would never end; one whose applications multiply (`anyOf` of two references to
 * an `anyOf` of two references …) doubles with every level, in the validator's code as well as in its time.
 */
export function inPlaceCosts(graph: Graph): Costs | SchemaFinding {
  const costs: number[] = []
  for (const index of graph.nodes.keys()) {
    const finding = costs[index] === undefined ? visit(graph, index, costs) : undefined
    if (finding !== undefined) return finding
  }
  return costs
}

/** Fills in the costs of `start` and of all it applies in place, deepest first. */
function visit(graph: Graph, start: number, costs: number[]): SchemaFinding | undefined {
  const stack: Frame[] = [{ index: start, done: 0 }]
  const isOpen = new Set([start])
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    const next = graph.nodes[frame.index]?.inPlace[frame.done]
    if (next === undefined) {
      const cost = totalCost(graph, frame.index, costs)
      if (cost > costMax) return tooCostly(graph, frame.index)
      costs[frame.index] = cost
      isOpen.delete(frame.index)
      stack.pop()
    } else if (isOpen.has(next)) return loop(graph, stack, next)
    else if (costs[next] === undefined) {
      isOpen.add(next)
      stack.push({ index: next, done: 0 })
    } else frame.done++
  }
  return
}

function totalCost(graph: Graph, index: number, costs: Costs): number {
  const node = graph.nodes[index]
  return (node?.inPlace ?? []).reduce((sum, edge) => sum + (costs[edge] ?? 0), node?.own ?? 0)
}

function loop(graph: Graph, stack: readonly Frame[], start: number): SchemaFinding {
  const from = stack.findIndex((frame) => frame.index === start)
  const places = [...stack.slice(from).map((frame) => frame.index), start].map(
    (index) => `#${graph.nodes[index]?.at ?? ""}`,
  )
  const way = places.length > 8 ? [...places.slice(0, 7), "…", `#${at(graph, start)}`] : places
  return {
    code: "schema_ref_loop",
    at: at(graph, start),
    message: `the schema applies itself to the same value: ${way.join(" → ")}`,
    hint: "recursion must go through properties, items or another step into the value",
  }
}

function tooCostly(graph: Graph, index: number): SchemaFinding {
  return {
    code: "schema_too_complex",
    at: at(graph, index),
    message: `one value could need more than ${costMax} steps here: references multiply`,
    hint: "let branches refer to a shared schema once",
  }
}

const at = (graph: Graph, index: number) => graph.nodes[index]?.at ?? ""
