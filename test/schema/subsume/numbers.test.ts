import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { subsume } from "../../../src/schema/subsume/subsume.ts"
import { validatorOf } from "./tried.ts"

describe("multiples of numbers beyond 2^53", { timeout: 60_000 }, () => {
  test("are not what they seem, and so nothing is concluded for all integers", () => {
    const value = 21 * (2 ** 50 + 2) + 2
    expect(validatorOf({ type: "integer", multipleOf: 21 })(value)).toBe(true)
    expect(validatorOf({ multipleOf: 7 })(value)).toBe(false)
    const seventh = { type: "integer", multipleOf: 21 }
    expect(subsume(seventh, { multipleOf: 7 }).answer).toBe("unknown")
    expect(subsume({ ...seventh, minimum: 0, maximum: 2 ** 53 }, { multipleOf: 7 }).answer).toBe(
      "yes",
    )
  })

  test("have no exception to a yes near any power of two", () => {
    const divisor = fc.integer({ min: 1, max: 3_000 })
    const factor = fc.integer({ min: 1, max: 3_000 })
    let proved = 0
    const check = fc.property(divisor, factor, fc.integer({ min: 40, max: 70 }), fc.nat(), (of, times, exponent, offset) => {
      const [from, to] = [{ type: "integer", multipleOf: of * times }, { multipleOf: of }]
      if (subsume(from, to).answer !== "yes") return
      proved++
      const [left, right] = [validatorOf(from), validatorOf(to)]
      const quotient = 2 ** exponent + (offset % 4_096)
      for (let remainder = -40; remainder <= 40; remainder++) {
        const value = quotient * of * times + remainder
        expect([value, left(value) === true && right(value) === false]).toEqual([value, false])
      }
    }) // biome-ignore format: the property reads as one
    fc.assert(check, { numRuns: 1_000 })
    expect(proved).toBeGreaterThan(100)
  })
})
