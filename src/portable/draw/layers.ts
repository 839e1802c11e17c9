import type { Picture, PictureNode } from "./picture.ts"

/** A place in a layer: of a node, or where edges to a node further on pass through. */
export interface Spot {
  readonly layer: number
  /** Undefined: edges pass through on their way to `toward`. */
  readonly node: PictureNode | undefined
  readonly toward: string
  /** Spots in the next lower layer that edges lead to. */
  readonly next: Spot[]
  /** And in the next higher one that edges come from. */
  readonly previous: Spot[]
}

export interface Layers {
  /** Layer 0 needs nothing; every edge leads from a layer to the next lower one. */
  readonly layers: readonly (readonly Spot[])[]
  readonly spotOf: ReadonlyMap<string, Spot>
  /** Of an edge, the spots it runs through, both ends included. */
  route(from: string, to: string): readonly Spot[]
}

/**
 * Puts every node one layer above all it needs (Sugiyama, Tagawa, Toda 1981, with longest paths). Edges over several
 * layers to one node share the spots they pass through, so that they run together.
 */
export function layersOf({ nodes, edges }: Picture): Layers {
  const outgoing = new Map(nodes.map(({ id }) => [id, [] as string[]]))
  for (const { from, to } of edges) outgoing.get(from)?.push(to)
  const { ranks, needs } = rank(outgoing)
  lift({ nodes, edges }, ranks)
  const layers: Spot[][] = []
  const spotOf = new Map<string, Spot>()
  const put = (layer: number, toward: string, node?: PictureNode): Spot => {
    const spot: Spot = { layer, node, toward, next: [], previous: [] }
    while (layers.length <= layer) layers.push([])
    layers[layer]?.push(spot)
    return spot
  }
  for (const node of nodes) spotOf.set(node.id, put(ranks.get(node.id) ?? 0, node.id, node))
  const passing = new Map<string, Spot>()
  for (const [from, to] of needs) connect(from, to)
  return { layers, spotOf, route: (from, to) => [...along(from, to)] }

  function connect(from: string, to: string): void {
    let spot = spotOf.get(from)
    const end = spotOf.get(to)
    while (spot !== undefined && end !== undefined && spot !== end) {
      const below = spotAt(spot.layer - 1, to, end)
      if (!spot.next.includes(below)) {
        spot.next.push(below)
        below.previous.push(spot)
      }
      spot = below
    }
  }

  function spotAt(layer: number, to: string, end: Spot): Spot {
    if (layer === end.layer) return end
    const key = `${layer} ${to}`
    const known = passing.get(key)
    if (known !== undefined) return known
    const made = put(layer, to)
    passing.set(key, made)
    return made
  }

  function* along(from: string, to: string): Generator<Spot> {
    const start = spotOf.get(from)
    const end = spotOf.get(to)
    if (start === undefined || end === undefined) return
    yield start
    for (let layer = start.layer - 1; layer > end.layer; layer--) {
      const spot = passing.get(`${layer} ${to}`)
      if (spot !== undefined) yield spot
    }
    yield end
  }
}

interface Ranked {
  readonly ranks: Map<string, number>
  /** The edges, without those that lead back: schemas may refer to each other in a circle. */
  readonly needs: readonly (readonly [string, string])[]
}

/** The longest way from each node to one that needs nothing. Without recursion: chains may be long. */
function rank(outgoing: ReadonlyMap<string, readonly string[]>): Ranked {
  const ranks = new Map<string, number>()
  const needs: [string, string][] = []
  const open = new Set<string>()
  for (const start of outgoing.keys()) {
    const stack = [start]
    while (stack.length > 0) {
      const id = stack.at(-1) ?? ""
      const targets = outgoing.get(id) ?? []
      if (!ranks.has(id) && !open.has(id)) {
        open.add(id)
        stack.push(...targets.filter((to) => !ranks.has(to) && !open.has(to)))
        continue
      }
      stack.pop()
      if (ranks.has(id)) continue
      open.delete(id)
      const kept = targets.filter((to) => !open.has(to))
      for (const to of kept) needs.push([id, to])
      ranks.set(
        id,
        kept.reduce((most, to) => Math.max(most, (ranks.get(to) ?? 0) + 1), 0),
      )
    }
  }
  return { ranks, needs }
}

/** Agents that nobody calls stand together, above everything that is no agent. */
function lift(
  { nodes, edges }: Pick<Picture, "nodes" | "edges">,
  ranks: Map<string, number>,
): void {
  const called = new Set(edges.map(({ to }) => to))
  const isLifted = ({ id, kind }: PictureNode) => kind === "agent" && !called.has(id)
  const highest = (some: readonly PictureNode[]) =>
    some.reduce((most, { id }) => Math.max(most, ranks.get(id) ?? 0), 0)
  const others = nodes.filter((node) => !isLifted(node))
  const floor =
    others.length === 0 ? 0 : Math.max(highest(nodes.filter(isLifted)), highest(others) + 1)
  for (const node of nodes) if (isLifted(node)) ranks.set(node.id, floor)
}
