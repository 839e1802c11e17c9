import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { JsonSchema } from "../../../src/schema/json.ts"
import { createSchemas } from "../../../src/schema/schemas.ts"
import { subsume } from "../../../src/schema/subsume/subsume.ts"
import { familyArbitrary, instance, schemaArbitrary } from "./arbitrary.ts"
import { validatorOf } from "./tried.ts"

const schemas = createSchemas({ timeBoxMs: 60_000 })
const answer = (from: JsonSchema, to: JsonSchema) => subsume(from, to, { schemas }).answer
const schema = schemaArbitrary("2020-12")
/** Without names and references, which mean something else inside another schema. */
const plain = schema.filter((one) => !JSON.stringify(one).includes("$ref"))
const numRuns = 400
/** Where a law asks for a proof, and not only that no lie is told, the schemas are the same in every run. */
const seed = 20_260_131

describe("subsumption", { timeout: 60_000 }, () => {
  test("is reflexive, also for a copy that tells people other things", () => {
    const check = fc.property(plain, (one) => {
      const copy: JsonSchema =
        typeof one === "boolean" ? one : { ...structuredClone(one), title: "copy" }
      expect([one, answer(one, copy)]).toEqual([one, "yes"])
    })
    fc.assert(check, { numRuns, seed })
  })

  test("has everything at its top and nothing at its bottom", () => {
    const check = fc.property(schema, (one) => {
      expect([answer(one, true), answer(one, {}), answer(false, one)]).toEqual([
        "yes",
        "yes",
        "yes",
      ])
    })
    fc.assert(check, { numRuns, seed })
  })

  test("takes an alternative for part of the whole, and the whole for part of a conjunct", () => {
    const check = fc.property(plain, plain, (one, other) => {
      expect(answer(one, { anyOf: [other, one] })).toBe("yes")
      expect(answer({ allOf: [one, other] }, other)).toBe("yes")
    })
    fc.assert(check, { numRuns, seed })
  })

  test("is transitive where it is decided", () => {
    const steps = (family: readonly JsonSchema[], from: JsonSchema) =>
      family.filter((to) => answer(from, to) === "yes")
    const check = fc.property(familyArbitrary(4), (family) => {
      for (const from of family)
        for (const end of steps(family, from).flatMap((middle) => steps(family, middle)))
          expect([from, end, answer(from, end)]).not.toEqual([from, end, "no"])
    })
    fc.assert(check, { numRuns: 60 })
  })

  test("of a single value is what the validator says of it", () => {
    const decided = { yes: 0, no: 0 }
    const check = fc.property(schema, instance, (one, value) => {
      const fits = validatorOf(one)(value)
      const found = answer({ const: value }, one)
      if (found === "unknown" || fits === "crash") return
      decided[found]++
      expect([one, value, found]).toEqual([one, value, fits ? "yes" : "no"])
    })
    fc.assert(check, { numRuns: 4_000 })
    expect(decided.yes + decided.no).toBeGreaterThan(3_000)
  })

  test("has the same answer whenever it is asked, and for a copy that was never seen", () => {
    const check = fc.property(familyArbitrary(2), ([from = true, , to = from]) => {
      const first = subsume(from, to, { schemas })
      expect(subsume(from, to, { schemas })).toEqual(first)
      expect(subsume(structuredClone(from), structuredClone(to))).toEqual(first)
    })
    fc.assert(check, { numRuns: 100 })
  })
})
