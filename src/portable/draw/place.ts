import type { Spot } from "./layers.ts"

/** How often every layer is drawn towards its neighbours; more makes edges hardly straighter. */
const rounds = 16

/**
 * Where each spot of ordered layers stands across them: as near to the middle of its neighbours as the spots beside it
 * let it, `heightOf` apart. The least is 0.
 */
export function placeLayers(
  layers: readonly (readonly Spot[])[],
  heightOf: (spot: Spot) => number,
): ReadonlyMap<Spot, number> {
  const places = new Map<Spot, number>()
  for (const layer of layers) settle(layer, undefined)
  for (let round = 0; round < rounds; round++) {
    const isUp = round % 2 === 0
    for (const layer of isUp ? layers : layers.toReversed())
      settle(layer, (spot) => meanOf(neighbours(spot, isUp, round)))
  }
  const least = [...places.values()].reduce((low, place) => Math.min(low, place), 0)
  for (const [spot, place] of places) places.set(spot, place - least)
  return places

  /** In the last rounds both sides count, so that neither end of a picture is torn away from the other. */
  function neighbours(spot: Spot, isUp: boolean, round: number): readonly Spot[] {
    if (round >= rounds - 4) return [...spot.next, ...spot.previous]
    return isUp ? spot.next : spot.previous
  }

  function meanOf(spots: readonly Spot[]): number | undefined {
    if (spots.length === 0) return
    return spots.reduce((sum, spot) => sum + (places.get(spot) ?? 0), 0) / spots.length
  }

  function settle(layer: readonly Spot[], wish: ((spot: Spot) => number | undefined) | undefined) {
    let offset = 0
    const offsets = layer.map((spot, index) => {
      const above = layer[index - 1]
      if (above !== undefined) offset += (heightOf(above) + heightOf(spot)) / 2
      return offset
    })
    const wished = layer.map((spot, index) => {
      const place = wish?.(spot) ?? places.get(spot) ?? offsets[index] ?? 0
      return place - (offsets[index] ?? 0)
    })
    const fitted = nonDecreasing(wished)
    for (const [index, spot] of layer.entries())
      places.set(spot, (fitted[index] ?? 0) + (offsets[index] ?? 0))
  }
}

/** The non-decreasing numbers that are nearest in least squares (isotonic regression, by pooling neighbours). */
export function nonDecreasing(values: readonly number[]): readonly number[] {
  const pools: { sum: number; count: number }[] = []
  for (const value of values) {
    let pool = { sum: value, count: 1 }
    for (let last = pools.at(-1); last !== undefined; last = pools.at(-1)) {
      if (last.sum / last.count <= pool.sum / pool.count) break
      pools.pop()
      pool = { sum: pool.sum + last.sum, count: pool.count + last.count }
    }
    pools.push(pool)
  }
  return pools.flatMap(({ sum, count }) => Array<number>(count).fill(sum / count))
}
