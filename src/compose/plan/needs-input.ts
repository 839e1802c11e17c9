import type { Node } from "./plan.ts"

/** Whether a node is not run without an input. What computes, and graphs that are no compositions of their own, may do without. */
export const needsInput = (node: Node): boolean =>
  node.kind === "graph" ? node.graph.boundary !== undefined : node.kind !== "value"
