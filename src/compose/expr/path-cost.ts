import type { Json } from "../../schema/json.ts"

/** Values that a query may look at, one by one. */
const visitsMax = 10_000_000

/**
 * How often a query may go through all of a value for each value that it has come to: 0 for what reads once through it,
 * more for a second `..`, a filter inside a filter, and a query from the root inside a filter.
 */
export function passesInside(path: string): number {
  let descents = 0
  let inner = 0
  const isFilter: boolean[] = []
  for (const [token] of path.matchAll(/'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*"|\.\.|[[\]?$]/g)) {
    const within = isFilter.includes(true)
    if (token === "..") descents++
    else if (token === "[") isFilter.push(false)
    else if (token === "]") isFilter.pop()
    else if ((token === "?" || token === "$") && within) inner++
    if (token === "?") isFilter[isFilter.length - 1] = true
  }
  return Math.max(0, descents - 1) + inner
}

/** Whether so many passes through the value inside of each other are few enough. */
export function isAffordable(value: Json, passes: number): boolean {
  const max = Math.floor(visitsMax ** (1 / (passes + 1)))
  return hasAtMost(value, max)
}

/** Whether there are at most `max` values in a value. */
function hasAtMost(value: Json, max: number): boolean {
  const open: Json[] = [value]
  let count = 0
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    if (++count > max) return false
    if (typeof at === "object" && at !== null)
      for (const inner of Object.values(at)) open.push(inner)
  }
  return true
}
