import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { isDeeperThan } from "../../../src/mcp/backend/depth.ts"

const depthOf = (value: unknown): number =>
  typeof value === "object" && value !== null
    ? 1 + Math.max(0, ...Object.values(value).map(depthOf))
    : 0

describe("the depth of a JSON text", () => {
  test("is that of its value, whatever its strings hold", () => {
    const json = fc.jsonValue({ maxDepth: 6 })
    const noisy = fc.string({ unit: fc.constantFrom('"', "\\", "[", "]", "{", "}", "a") })
    fc.assert(
      fc.property(json, noisy, fc.nat(7), (value, noise, levels) => {
        const both = { [noise]: [value, noise] }
        // Spaces make the text long enough to be looked at.
        const text = JSON.stringify(both, undefined, 8)
        expect(isDeeperThan(text, levels)).toBe(depthOf(both) > levels)
      }),
    )
  })

  test("of a text that is cut in a string is what came before", () => {
    expect(isDeeperThan(`[[["${"[".repeat(50)}`, 3)).toBe(false)
    expect(isDeeperThan(`[[["${"[".repeat(50)}`, 2)).toBe(true)
  })
})
