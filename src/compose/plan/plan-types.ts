import type { JsonSchema } from "../../schema/json.ts"
import type { Graph, Plan, Step } from "./plan.ts"

/** What goes into a step or a graph, and what comes out of it; see `schemaOf` for what such a schema says. */
export interface EdgeTypes {
  /** With `forEach`, of each item. */
  readonly input: JsonSchema
  /** Of a step that ran. */
  readonly output: JsonSchema
}

/** By the parts of one plan. */
export type PlanTypes = ReadonlyMap<Step | Graph, EdgeTypes>

/** The types of a plan as data: those of the steps by their paths, such as `book/flight`. */
export interface TypesByPath extends EdgeTypes {
  readonly steps: { readonly [path: string]: EdgeTypes }
}

export function typesByPath({ root }: Plan, types: PlanTypes): TypesByPath {
  const steps = [...stepsIn(root, "")].flatMap(([path, step]) => {
    const found = types.get(step)
    return found === undefined ? [] : [[path, found] as const]
  })
  return { ...(types.get(root) ?? nothingKnown), steps: Object.fromEntries(steps) }
}

const nothingKnown: EdgeTypes = { input: true, output: true }

function* stepsIn({ steps }: Graph, around: string): Generator<readonly [string, Step]> {
  for (const step of steps) {
    const path = `${around}${step.id}`
    yield [path, step]
    if (step.node.kind === "graph") yield* stepsIn(step.node.graph, `${path}/`)
  }
}
