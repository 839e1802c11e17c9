import { describe, expect, test } from "vitest"
import { guardInstance, instanceLimits, weigh } from "../../src/schema/instance.ts"

const nested = (levels: number): unknown => JSON.parse("[".repeat(levels) + "]".repeat(levels))

describe("the instance guard", () => {
  test("lets ordinary values pass, up to the limits themselves", () => {
    expect(
      guardInstance({ a: [1, "é😀", null, { b: true }], constructor: 1, prototype: {} }),
    ).toBeUndefined()
    expect(guardInstance(nested(64))).toBeUndefined()
    expect(guardInstance(new Array(99_999).fill(0))).toBeUndefined()
  })

  test("finds what is too deep, and a value without end is", () => {
    expect(guardInstance(nested(65))).toMatchObject({ code: "too_deep", at: "/0".repeat(64) })
    expect(guardInstance(nested(100_000))?.code).toBe("too_deep")
    const cycle: unknown[] = []
    cycle.push(cycle)
    expect(guardInstance(cycle)?.code).toBe("too_deep")
  })

  test("finds what is too large, and says so of the whole", () => {
    expect(guardInstance(new Array(1_000_000).fill(0))).toMatchObject({ code: "too_large", at: "" })
    const limits = { ...instanceLimits, charsMax: 10 }
    expect(guardInstance({ a: ["12345", "12345"] }, limits)).toMatchObject({
      code: "too_large",
      at: "",
    })
    expect(guardInstance({ ["k".repeat(11)]: 1 }, limits)?.code).toBe("too_large")
  })

  test("finds a member named __proto__ at any depth", () => {
    const value: unknown = JSON.parse('{"a":[{"__proto__":{"polluted":true}}]}')
    expect(guardInstance(value)).toMatchObject({ code: "forbidden_key", at: "/a/0/__proto__" })
    expect("polluted" in {}).toBe(false)
  })

  test("finds half surrogate pairs in texts and keys", () => {
    expect(guardInstance({ "a/b": "\ud800" })).toMatchObject({
      code: "malformed_text",
      at: "/a~1b",
    })
    expect(guardInstance([{ "\udc00": 1 }])).toMatchObject({ code: "malformed_text", at: "/0" })
  })
})

describe("the weight of a value", () => {
  test("counts values, characters and levels", () => {
    expect(weigh({ ab: ["cde", 1], f: null }, instanceLimits)).toEqual({
      nodes: 5,
      chars: 6,
      depth: 2,
    })
  })

  test("is not counted beyond its limits", () => {
    const limits = { nodesMax: 10, depthMax: 3, charsMax: 100 }
    expect(weigh(new Array(1_000).fill(0), limits).nodes).toBe(11)
    expect(weigh(nested(100_000), limits).depth).toBe(4)
    expect(weigh(["x".repeat(101), 1, 2], limits)).toMatchObject({ nodes: 2, chars: 101 })
  })
})
