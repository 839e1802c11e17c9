import { describe, expect, test } from "vitest"
import { distinct, registryNames } from "../../../src/portable/import/names.ts"

/** So many that to count from 2 for each of them would take minutes. */
const many = 100_000

describe("names that all become one", () => {
  test("are numbered: tools in an alphabet of which nothing is left", () => {
    const wanted = Array.from({ length: many }, (_, index) => ({
      server: "docs",
      on: String.fromCodePoint(0x4e00 + (index % 20_000)),
    }))
    const names = [...registryNames(wanted, new Set(["docs__3"])).values()]
    expect(names.slice(0, 4)).toEqual(["docs__", "docs___2", "docs___3", "docs___4"])
    expect(new Set(names).size).toBe(many)
  })

  test("are numbered: servers, but for those that keep their names", () => {
    const settled = [false, true, false]
    expect(distinct(["docs", "docs-2", "docs"], settled)).toEqual(["docs", "docs-2", "docs-3"])
    const names = distinct(
      Array.from({ length: many }, () => "docs"),
      Array.from({ length: many }, () => false),
    )
    expect(names.at(-1)).toBe(`docs-${many}`)
    expect(new Set(names).size).toBe(many)
  })
})

test("a number does not make a name longer than it may be", () => {
  const wanted = ["a", "b"].map((end) => ({ server: "s", on: "n".repeat(130) + end }))
  const [first, second] = registryNames(wanted, new Set()).values()
  expect([first?.length, second?.length]).toEqual([128, 128])
  expect(second).toMatch(/n_2$/)
})
