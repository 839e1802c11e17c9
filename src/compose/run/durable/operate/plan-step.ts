import type { JsonSchema } from "../../../../schema/json.ts"
import type { Graph, Node, Step } from "../../../plan/plan.ts"

/** The step at a path, or the one of which it is an item; undefined where the plan has none. */
export function stepAt(root: Graph, path: string): Step | undefined {
  const [first, ...rest] = path.split("/").map((segment) => segment.replace(/\[\d+\]$/, ""))
  let found = root.steps.find(({ id }) => id === first)
  for (const segment of rest) found = found && stepsIn(found.node).find(({ id }) => id === segment)
  return found
}

/** Those of the graph, or of the graphs that the node may become. */
function stepsIn(node: Node): readonly Step[] {
  if (node.kind === "graph") return node.graph.steps
  return node.kind === "choose" ? node.among.flatMap((one) => stepsIn(one.node)) : []
}

/** What the value of the step is held to, where the plan says so: of a composition inside. */
export const schemaOf = ({ node }: Step): JsonSchema | undefined =>
  node.kind === "graph" ? node.graph.boundary?.outputSchema : undefined

/** Paths, without the numbers of items, after which a saga only goes forward. */
export function pivotsOf(graph: Graph, around = ""): readonly string[] {
  return graph.steps.flatMap((step) => {
    const path = around === "" ? step.id : `${around}/${step.id}`
    return [...(step.pivot === true ? [path] : []), ...innerPivots(step.node, path)]
  })
}

function innerPivots(node: Node, path: string): readonly string[] {
  if (node.kind === "graph") return pivotsOf(node.graph, path)
  return node.kind === "choose" ? node.among.flatMap((one) => innerPivots(one.node, path)) : []
}
