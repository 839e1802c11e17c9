import type { Layers, Spot } from "./layers.ts"

/** How often the layers are gone over. Each time costs edges × log(edges). */
const rounds = 12

/**
 * The order of spots within layers with few crossings of edges: each goes to the middle of those it is connected with,
 * layer by layer, to and fro (the barycentre method), and the best order seen is kept.
 */
export function orderLayers({ layers }: Layers): readonly (readonly Spot[])[] {
  let current = layers.map((layer) => [...layer].sort(byName))
  let best = current
  let least = crossings(current)
  for (let round = 0; round < rounds && least > 0; round++) {
    current = round % 2 === 0 ? sweepUp(current) : sweepDown(current)
    const count = crossings(current)
    if (count < least) {
      least = count
      best = current
    }
  }
  return best
}

const byName = (a: Spot, b: Spot): number => (keyOf(a) < keyOf(b) ? -1 : 1)
const keyOf = ({ node, toward }: Spot): string => `${node === undefined ? 1 : 0} ${toward}`

type Order = readonly (readonly Spot[])[]

function sweepUp(layers: Order): Spot[][] {
  const ordered: Spot[][] = []
  for (const layer of layers) ordered.push(arranged(layer, ordered.at(-1), ({ next }) => next))
  return ordered
}

function sweepDown(layers: Order): Spot[][] {
  const ordered: Spot[][] = []
  for (const layer of layers.toReversed())
    ordered.unshift(arranged(layer, ordered[0], ({ previous }) => previous))
  return ordered
}

/** Those without a neighbour keep their place among the others. */
function arranged(
  layer: readonly Spot[],
  beside: readonly Spot[] | undefined,
  neighbours: (spot: Spot) => readonly Spot[],
): Spot[] {
  if (beside === undefined) return [...layer]
  const places = placesIn(beside)
  const middle = new Map(
    layer.map((spot, index) => {
      const at = neighbours(spot).map((other) => places.get(other) ?? 0)
      const mean = at.reduce((sum, place) => sum + place, 0) / at.length
      return [spot, at.length === 0 ? (index * beside.length) / layer.length : mean]
    }),
  )
  return layer.toSorted((a, b) => (middle.get(a) ?? 0) - (middle.get(b) ?? 0))
}

const placesIn = (layer: readonly Spot[]): ReadonlyMap<Spot, number> =>
  new Map(layer.map((spot, index) => [spot, index]))

export function crossings(layers: Order): number {
  let sum = 0
  for (const [index, layer] of layers.entries()) {
    const below = layers[index - 1]
    if (below !== undefined) sum += crossingsBetween(layer, below)
  }
  return sum
}

/** Inversions among the lower ends of edges in the order of their upper ends (Barth, Jünger, Mutzel 2002). */
function crossingsBetween(layer: readonly Spot[], below: readonly Spot[]): number {
  const places = placesIn(below)
  const ends = layer.flatMap(({ next }) =>
    next.map((spot) => places.get(spot) ?? 0).sort((a, b) => a - b),
  )
  const tree = new Int32Array(below.length + 1)
  let count = 0
  for (const [seen, end] of ends.entries()) {
    let notAfter = 0
    for (let at = end + 1; at > 0; at -= at & -at) notAfter += tree[at] ?? 0
    count += seen - notAfter
    for (let at = end + 1; at <= below.length; at += at & -at) tree[at] = (tree[at] ?? 0) + 1
  }
  return count
}
