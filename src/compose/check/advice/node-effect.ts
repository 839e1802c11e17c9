import { worst } from "../../plan/effect.ts"
import { measure } from "../../plan/measure.ts"
import type { Effect, Node } from "../../plan/plan.ts"

/** The worst that a node may do, whatever stands around it. */
export function effectOfNode(node: Node): Effect {
  switch (node.kind) {
    case "call":
      return node.effect
    case "choose":
      return worst(...node.among.map((candidate) => effectOfNode(candidate.node)))
    case "graph":
      return measure(node.graph).effect
    case "approve":
      return "effect"
    case "value":
      return "read"
  }
}
