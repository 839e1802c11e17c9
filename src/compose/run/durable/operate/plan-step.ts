import type { JsonSchema } from "../../../../schema/json.ts"
import type { Graph, Node, Step, Target } from "../../../plan/plan.ts"

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

/** What a tool gives, as it is registered; undefined where it promises nothing, or is not registered any more. */
export type OutputSchemaOf = (tool: Target & { readonly kind: "tool" }) => JsonSchema | undefined

/** What the value at a path is held to: that of the step, or of an item of it. */
export function schemaAt(
  root: Graph,
  path: string,
  outputSchemaOf: OutputSchemaOf,
): JsonSchema | undefined {
  const step = stepAt(root, path)
  const schema = step && schemaOf(step.node, outputSchemaOf)
  const isWhole = step?.policies.forEach !== undefined && !path.endsWith("]")
  return isWhole && schema !== undefined ? { type: "array", items: schema } : schema
}

function schemaOf(node: Node, outputSchemaOf: OutputSchemaOf): JsonSchema | undefined {
  if (node.kind === "graph") return node.graph.boundary?.outputSchema
  if (node.kind !== "call" || node.target.kind !== "tool") return
  return outputSchemaOf(node.target)
}

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
