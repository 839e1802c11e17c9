import { memberNamed, walk } from "../../registry/spec/expression.ts"
import { expressionEnvironment } from "../../registry/spec/expression-environment.ts"
import { type CelCost, costOf } from "./cel-cost.ts"

type Program = ReturnType<typeof expressionEnvironment.parse>

/** What can be said of an expression without computing it. */
export interface Source {
  readonly program: Program
  /** The steps that it names by their ids. */
  readonly steps: readonly string[]
  /** It looks at `steps` or `status` as a whole, and so at every step in sight. */
  readonly namesAll: boolean
  readonly cost: CelCost
}

/** Reads a CEL expression; undefined for one that is none, which registration has refused. */
export function readSource(source: string): Source | undefined {
  const program = parse(source)
  if (program === undefined) return
  const steps = new Set<string>()
  let whole = 0
  for (const { node, bound } of walk(program.ast)) {
    const named = memberNamed(node)
    if (named !== undefined && isOfSteps(named.root) && !bound.has(named.root)) {
      steps.add(named.member)
      whole-- // the root of this member is visited as well
    }
    if (node.op === "id" && isOfSteps(node.args) && !bound.has(node.args)) whole++
  }
  const cost = costOf(program.ast)
  return { program, steps: [...steps].sort(), namesAll: whole > 0, cost }
}

const isOfSteps = (root: string): boolean => root === "steps" || root === "status"

function parse(source: string): Program | undefined {
  try {
    return expressionEnvironment.parse(source)
  } catch (error) {
    if (error instanceof Error) return // the library's own, of several classes; there is no program either way
    throw error
  }
}
