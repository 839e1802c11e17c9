import type { Graph } from "./graph.ts"
import type { Costs } from "./in-place.ts"
import { allRows, type Rows } from "./rows.ts"

const depthMax = 64
/** Far above every threshold, and small enough for exact sums. */
const workMax = 1e9

/**
 * `work[d]` bounds the steps that one evaluation of the root spends on one place of an instance of depth `d`; the last
 * entry holds for all greater depths. One evaluation costs at most `work[depth] × places`. Undefined when finding out
 * would itself be too much work.
 */
export function workPerLevel(graph: Graph, costs: Costs): readonly number[] | undefined {
  const rows = allRows(graph)
  if (rows === undefined) return
  let level = new Map([...rows.keys()].map((index) => [index, costs[index] ?? 1]))
  const work = [level.get(0) ?? 1]
  for (let depth = 1; depth <= depthMax; depth++) {
    const next = new Map([...rows].map(([index, both]) => [index, worst(both, level)]))
    if ([...next].every(([index, value]) => value === level.get(index))) break
    work.push(Math.max(work[depth - 1] ?? 0, next.get(0) ?? 0))
    level = next
  }
  return work
}

function worst(both: readonly Rows[], level: ReadonlyMap<number, number>): number {
  let most = 0
  for (const { rest, named } of both) {
    const base = sum(rest, level)
    most = Math.max(most, base)
    for (const row of named) most = Math.max(most, base + sum(row, level))
  }
  return Math.min(most, workMax)
}

function sum(terms: Rows["rest"], level: ReadonlyMap<number, number>): number {
  let total = 0
  for (const { child, times } of terms) total += times * (level.get(child) ?? 0)
  return total
}

/** The entry of `work` for instances of this depth. */
export const workAt = (work: readonly number[], depth: number): number =>
  work[Math.min(depth, work.length - 1)] ?? workMax
