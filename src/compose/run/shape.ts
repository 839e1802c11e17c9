import type { Graph } from "../plan/plan.ts"

/** Which step of a graph waits for which, by index. */
export interface Shape {
  /** How many steps each waits for. */
  readonly waitsFor: readonly number[]
  /** Which steps wait for each. */
  readonly waiting: readonly (readonly number[])[]
}

const shapes = new WeakMap<Graph, Shape>()

/** Throws for edges that lead nowhere: the compiler makes none. */
export function shapeOf(graph: Graph): Shape {
  const known = shapes.get(graph)
  if (known !== undefined) return known
  const indexes = new Map(graph.steps.map(({ id }, index) => [id, index] as const))
  const waiting = graph.steps.map((): number[] => [])
  const waitsFor = graph.steps.map(({ after }, index) => {
    const before = new Set(after)
    for (const id of before) {
      const list = waiting[indexes.get(id) ?? -1]
      if (list === undefined) throw new Error(`step ${id}, which others wait for, is not there`)
      list.push(index)
    }
    return before.size
  })
  const shape = { waitsFor, waiting }
  shapes.set(graph, shape)
  return shape
}
