import type { Graph, Step } from "../plan/plan.ts"

/** The graph with these of its steps marked, those of patterns inside included. */
export function markProven(graph: Graph, proven: ReadonlySet<Step>): Graph {
  if (proven.size === 0) return graph
  return { ...graph, steps: graph.steps.map((step) => marked(step, proven)) }
}

function marked(step: Step, proven: ReadonlySet<Step>): Step {
  const { node } = step
  const isInner = node.kind === "graph" && node.graph.boundary === undefined
  const inner = isInner ? { ...node, graph: markProven(node.graph, proven) } : node
  return { ...step, node: inner, ...(proven.has(step) && { isProven: true as const }) }
}
