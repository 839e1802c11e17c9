import type { Edge, Graph } from "./graph.ts"

/** `needs`: what the entity leads to. `neededBy`: what leads to it. `both`: the two, and nothing beside them. */
export type Direction = "needs" | "neededBy" | "both"

/**
 * The part of a graph around one of its nodes, which becomes its root: all that is reached from it in a direction, with
 * every edge that there is between two of them. The registry, which leads to everything, is in no slice but its own.
 * Throws a RangeError for an id that is no node.
 */
export function slice(graph: Graph, id: string, direction: Direction): Graph {
  if (!graph.nodes.some((node) => node.id === id)) throw new RangeError(`${id} is no node`)
  if (id === graph.root) return graph
  const edges = graph.edges.filter(({ from }) => from !== graph.root)
  const needs = new Set<string>()
  if (direction !== "neededBy") reach(needs, [id], outgoing(edges))
  const neededBy = new Set<string>()
  if (direction !== "needs") reach(neededBy, [id], outgoing(edges.map(reversed)))
  const kept = needs.union(neededBy)
  return {
    root: id,
    nodes: graph.nodes.filter((node) => kept.has(node.id)),
    edges: edges.filter(({ from, to }) => kept.has(from) && kept.has(to)),
    unresolved: graph.unresolved.filter(({ from }) => kept.has(from)),
  }
}

/** The edges of a graph by where they begin. */
export type Outgoing = ReadonlyMap<string, readonly Edge[]>

export const outgoing = (edges: readonly Edge[]): Outgoing => Map.groupBy(edges, ({ from }) => from)

/** Adds to `reached` what is reached from `start`, itself included; what is there already is not followed again. */
export function reach(reached: Set<string>, start: Iterable<string>, edges: Outgoing): void {
  const pending = [...start]
  for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
    if (reached.has(id)) continue
    reached.add(id)
    for (const { to } of edges.get(id) ?? []) pending.push(to)
  }
}

const reversed = (edge: Edge): Edge => ({ ...edge, from: edge.to, to: edge.from })
