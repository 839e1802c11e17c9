import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { type Edge, findCycles } from "../../src/registry/graph.ts"
import { toEnd } from "../../src/registry/load.ts"

const graph = (...targets: number[][]): Edge[][] =>
  targets.map((list, from) => list.map((to) => ({ to, pointer: `/${from}/${to}` })))

const cycles = (...targets: number[][]) =>
  toEnd(findCycles(graph(...targets))).map(({ members, way }) => ({
    members,
    way: way.map(({ pointer }) => pointer),
  }))

describe("The graph", () => {
  test("without a cycle has none, also with diamonds", () => {
    expect(cycles([1, 2], [3], [3], [])).toEqual([])
  })

  test("finds a node that names itself", () => {
    expect(cycles([1], [1])).toEqual([{ members: [1], way: ["/1/1"] }])
  })

  test("names one shortest way round, beginning at the lowest member", () => {
    expect(cycles([1, 2], [2], [3, 0], [0])).toEqual([
      { members: [0, 1, 2, 3], way: ["/0/2", "/2/0"] },
    ])
  })

  test("finds each component once, in the order of their lowest members", () => {
    expect(cycles([3], [2], [1], [4], [3])).toEqual([
      { members: [1, 2], way: ["/1/2", "/2/1"] },
      { members: [3, 4], way: ["/3/4", "/4/3"] },
    ])
  })

  test("walks a ring of 100,000 nodes without exhausting the stack", () => {
    const size = 100_000
    const ring = Array.from({ length: size }, (_, at) => [{ to: (at + 1) % size, pointer: "" }])
    const [cycle] = toEnd(findCycles(ring))
    expect(cycle?.members.length).toBe(size)
  })

  test("pauses while it walks", () => {
    const line = Array.from({ length: 10_000 }, (_, at) => (at === 0 ? [] : [at - 1])).reverse()
    expect([...findCycles(graph(...line))].length).toBeGreaterThan(10)
  })

  test("agrees with plain reachability on random graphs", () => {
    const anyGraph = fc.array(fc.array(fc.nat(11), { maxLength: 3 }), {
      minLength: 12,
      maxLength: 12,
    })
    fc.assert(
      fc.property(anyGraph, (targets) => {
        const found = cycles(...targets).flatMap(({ members }) => members)
        const onCycle = targets.flatMap((_, node) => (reaches(targets, node, node) ? [node] : []))
        expect(found.sort((a, b) => a - b)).toEqual(onCycle)
      }),
    )
  })
})

function reaches(targets: readonly number[][], from: number, to: number): boolean {
  const seen = new Set<number>()
  const queue = [...(targets[from] ?? [])]
  for (const node of queue) {
    if (node === to) return true
    if (!seen.has(node)) queue.push(...(targets[node] ?? []))
    seen.add(node)
  }
  return false
}
