import type { Expr } from "../expr/expr.ts"
import type { ChooseNode, Node } from "../plan/plan.ts"
import { approve } from "./approve.ts"
import { call } from "./call.ts"
import { failure, type Result } from "./outcome.ts"
import { computed, fail, held, type Work } from "./work.ts"

/** What a step does, in the innermost of its policies. */
export function runNode(node: Node, work: Work): Promise<Result> {
  switch (node.kind) {
    case "call":
      return call(node, work)
    case "choose":
      return choose(node, work)
    case "value":
      return pure(node.value, work)
    case "graph":
      // What an attempt before this one did is told by its error alone.
      work.tally.inner.length = 0
      return work.run.parts.runGraph(node.graph, work)
    case "approve":
      return approve(node.ask, work)
  }
}

async function pure(expr: Expr, work: Work): Promise<Result> {
  const value = computed(expr, work)
  return value.ok ? held(value.value, work) : value
}

async function choose({ by, among }: ChooseNode, work: Work): Promise<Result> {
  const name = computed(by, work)
  if (!name.ok) return name
  if (typeof name.value !== "string")
    return fail(work, failure("binding", "what chooses the tool is no text"))
  const chosen = among.find((candidate) => candidate.name === name.value)
  // Whether such a tool exists is nobody's business here.
  if (chosen === undefined)
    return fail(work, failure("denied", "the tool that was chosen is none of those declared"))
  return runNode(chosen.node, work)
}
