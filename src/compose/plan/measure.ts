import { worst } from "./effect.ts"
import type { CallNode, Effect, Graph, Node, Step } from "./plan.ts"

/** What is asked of a graph with all that is in it. */
export interface Measure {
  readonly steps: number
  /** Graphs inside each other, with this one. */
  readonly depth: number
  readonly effect: Effect
  /** Holds a saga, a question to a person or a `once`. */
  readonly durable: boolean
}

/** Graphs of compositions are shared by all that call them, and so is what was measured. */
const measured = new WeakMap<Graph, Measure>()

export function measure(graph: Graph): Measure {
  const known = measured.get(graph)
  if (known !== undefined) return known
  const inner = graph.steps.flatMap(nodesOf).flatMap(graphsIn).map(measure)
  const undoing = graph.steps.flatMap(({ undo }) => undo?.effect ?? [])
  const made: Measure = {
    steps: inner.reduce((sum, { steps }) => sum + steps, graph.steps.length),
    depth: 1 + Math.max(0, ...inner.map(({ depth }) => depth)),
    effect: worst(...graph.steps.map(({ effect }) => effect), ...undoing),
    durable:
      graph.kind === "saga" || graph.steps.some(isDurable) || inner.some(({ durable }) => durable),
  }
  measured.set(graph, made)
  return made
}

const isDurable = (step: Step): boolean =>
  step.policies.once !== undefined || nodesOf(step).some(({ kind }) => kind === "approve")

/** Everything that a step may run. */
export function nodesOf({ node, policies, undo, onUnknown }: Step): readonly Node[] {
  const others = [
    policies.onError?.run?.node,
    undo?.node,
    typeof onUnknown === "object" ? onUnknown.probe : undefined,
  ]
  return [node, ...others.filter((other) => other !== undefined)]
}

/** What it calls itself, or may choose to call. */
export function callsOf(node: Node): readonly CallNode[] {
  if (node.kind === "call") return [node]
  return node.kind === "choose" ? node.among.flatMap((one) => callsOf(one.node)) : []
}

/** The graphs that it runs, or may choose to run. */
export function graphsIn(node: Node): readonly Graph[] {
  if (node.kind === "graph") return [node.graph]
  return node.kind === "choose" ? node.among.flatMap((candidate) => graphsIn(candidate.node)) : []
}
