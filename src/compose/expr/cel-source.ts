import { memberNamed, walk } from "../../registry/spec/expression.ts"
import { expressionEnvironment } from "../../registry/spec/expression-environment.ts"

type Program = ReturnType<typeof expressionEnvironment.parse>

/** What can be said of an expression without computing it. */
export interface Source {
  readonly program: Program
  /** The steps that it names by their ids. */
  readonly steps: readonly string[]
  /** It looks at `steps` or `status` as a whole, and so at every step in sight. */
  readonly namesAll: boolean
  /** How many comprehensions it has inside each other. */
  readonly nesting: number
  /** It cuts texts to arrays, which may be as long as they. */
  readonly splits: boolean
}

/** Reads a CEL expression; undefined for one that is none, which registration has refused. */
export function readSource(source: string): Source | undefined {
  const program = parse(source)
  if (program === undefined) return
  const steps = new Set<string>()
  let whole = 0
  let nesting = 0
  let splits = false
  for (const { node, bound, nesting: around } of walk(program.ast)) {
    nesting = Math.max(nesting, around)
    const named = memberNamed(node)
    if (named !== undefined && isOfSteps(named.root) && !bound.has(named.root)) {
      steps.add(named.member)
      whole-- // the root of this member is visited as well
    }
    if (node.op === "rcall" && node.args[0] === "split") splits = true
    if (node.op === "id" && isOfSteps(node.args) && !bound.has(node.args)) whole++
  }
  return { program, steps: [...steps].sort(), namesAll: whole > 0, nesting, splits }
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
