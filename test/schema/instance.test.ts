import { describe, expect, test } from "vitest"
import { weigh } from "../../src/schema/instance.ts"

const nested = (levels: number): unknown => JSON.parse("[".repeat(levels) + "]".repeat(levels))

describe("the weight of a value", () => {
  const limits = { nodesMax: 10, depthMax: 3, charsMax: 100 }

  test("counts values, characters and levels", () => {
    expect(weigh({ ab: ["cde", 1], f: null }, limits)).toEqual({
      nodes: 5,
      chars: 6,
      depth: 2,
    })
  })

  test("is not counted beyond its limits", () => {
    expect(weigh(new Array(1_000).fill(0), limits).nodes).toBe(11)
    expect(weigh(nested(100_000), limits).depth).toBe(4)
    expect(weigh(["x".repeat(101), 1, 2], limits)).toMatchObject({ nodes: 2, chars: 101 })
  })
})
