import type { Expr } from "../../expr/expr.ts"
import type { Graph, Step } from "../../plan/plan.ts"
import type { Route, Spot } from "../flow.ts"
import { want } from "./want.ts"
import type { Origin, OriginScope, Wanted, Wish } from "./wish.ts"

/** What has to be wished of the sources of a plan for an expression at some place in it to yield what is wanted. */
export function wishesFor(expr: Expr, { route, role }: Spot, wanted: Wanted): readonly Wish[] {
  const scope = scopeAt(route)
  const step = route.at(-1)?.step
  if (role === "input" || step === undefined) return want(expr, scope, wanted)
  const self: Origin = (inner) => want(step.input, scope, inner)
  return want(expr, { ...scope, self }, wanted)
}

const from =
  (source: string): Origin =>
  (wanted) => [{ ...wanted, source }]

/** The scope of what the last stop is given; of its graph's output where it names no step. */
function scopeAt(route: Route): OriginScope {
  let scope: OriginScope = { frame: { input: from(""), steps: new Map() } }
  let path = ""
  for (const [index, { graph, step }] of route.entries()) {
    scope = withSteps(graph, scope, path)
    if (step === undefined) break
    path = pathOf(step, path)
    scope = withItem(step, scope)
    if (index < route.length - 1) scope = inside(step, scope)
  }
  return scope
}

const pathOf = ({ id }: Step, around: string): string => (around === "" ? id : `${around}/${id}`)

function withSteps(graph: Graph, scope: OriginScope, path: string): OriginScope {
  const steps = new Map<string, Origin>()
  const inner: OriginScope = { ...scope, frame: { ...scope.frame, steps } }
  for (const step of graph.steps) steps.set(step.id, originOf(step, inner, pathOf(step, path)))
  return inner
}

/** A step with `forEach` yields a list, and each of its items is what one run of the node yields. */
function originOf(step: Step, around: OriginScope, path: string): Origin {
  const one = originOfNode(step, withItem(step, around), path)
  if (step.policies.forEach === undefined) return one
  return ({ keys: [index, ...keys], value }) => {
    if (typeof index === "number") return one({ keys, value })
    const [first] = Array.isArray(value) ? value : []
    return index === undefined && first !== undefined ? one({ keys: [], value: first }) : []
  }
}

function originOfNode(step: Step, scope: OriginScope, path: string): Origin {
  const { node, input } = step
  if (node.kind === "value") {
    const self: Origin = (wanted) => want(input, scope, wanted)
    return (wanted) => want(node.value, { ...scope, self }, wanted)
  }
  if (node.kind !== "graph" || node.graph.boundary !== undefined) return from(path)
  const inner = withSteps(node.graph, inside(step, scope), path)
  return (wanted) => want(node.graph.output, inner, wanted)
}

function withItem({ policies: { forEach } }: Step, scope: OriginScope): OriginScope {
  if (forEach === undefined) return scope
  const item: Origin = ({ keys, value }) => want(forEach.over, scope, { keys: [0, ...keys], value })
  return { ...scope, item }
}

function inside({ input }: Step, { self: _, ...scope }: OriginScope): OriginScope {
  const frame = {
    input: (wanted: Wanted) => want(input, scope, wanted),
    steps: new Map(),
    outer: scope.frame,
  }
  return { ...scope, frame }
}
