import { describe, expect, test } from "vitest"
import type { JsonObject, JsonSchema } from "../../../src/schema/json.ts"
import { createSchemas } from "../../../src/schema/schemas.ts"
import { subsume } from "../../../src/schema/subsume/subsume.ts"
import type { Schemas } from "../../../src/schema/validator.ts"
import { witness } from "../../support/witness.ts"

const schemas = createSchemas()
const ask = (from: JsonSchema, to: JsonSchema) => subsume(from, to, { schemas })
const defs = (count: number, make: (index: number) => JsonSchema): JsonObject =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`d${index}`, make(index)]))
const ref = (index: number) => ({ $ref: `#/$defs/d${index}` })

describe("schemas that mean harm", { timeout: 60_000 }, () => {
  test("that the guard refuses are not compared, not even with themselves", () => {
    const bomb = { $ref: "#/$defs/d0", $defs: defs(30, (index) => index === 29 ? {} : { anyOf: [ref(index + 1), ref(index + 1)] }) }
    for (const [from, to] of [[bomb, true], [true, bomb], [bomb, bomb]] as const) {
      expect(ask(from, to)).toMatchObject({ answer: "unknown" })
      expect(ask(from, to)).toHaveProperty("why", expect.stringMatching(/^"(from|to)" cannot be used — \S+: /))
    }
    expect(witness(bomb, { schemas })).toBeUndefined()
  })

  test("with long chains of references in place do not exhaust the stack", () => {
    const chain = (last: JsonSchema): JsonObject => ({
      type: "object",
      properties: { a: ref(0) },
      $defs: defs(600, (index) => (index === 599 ? { ...Object(last), properties: { b: { $ref: "#" } } } : { allOf: [ref(index + 1)] })),
    })
    const found = ask(chain({ type: "object" }), chain({ type: ["object", "null"] }))
    expect(found.answer).not.toBe("no")
  })

  test("with ambiguous recursion are given up within the budget", () => {
    const kinds = (limit: number): JsonObject => ({
      oneOf: Array.from({ length: 10 }, (_, index) => ({
        type: "object",
        properties: { [`p${index}`]: { $ref: "#" }, q: { type: "integer", maximum: limit } },
      })),
    })
    expect(["yes", "no", "unknown"]).toContain(ask(kinds(5), kinds(6)).answer)
  })

  test("with alternatives that multiply are given up within the budget", () => {
    const choice = (index: number) => ({ anyOf: [{ required: [`a${index}`] }, { required: [`b${index}`] }] })
    const choices = Array.from({ length: 40 }, (_, index) => choice(index))
    const many = { type: "object", allOf: choices }
    const reversed = { ...many, allOf: choices.toReversed() }
    expect(ask(many, reversed).answer).not.toBe("no")
    expect(ask(many, { type: "object", required: ["a0"] }).answer).not.toBe("yes")
  })

  test("with patterns that backtrack forever are not run", () => {
    const slow = "^(?=(a+)+$)(a|aa)+\\1$"
    const long = `${"a".repeat(60)}!`
    expect(ask({ const: long }, { pattern: slow }).answer).not.toBe("yes")
    expect(ask({ type: "object", properties: { [long]: true } }, { patternProperties: { [slow]: { type: "string" } } }).answer).not.toBe("yes")
    expect(ask({ type: "string", pattern: slow }, { type: "string", pattern: slow })).toEqual({ answer: "yes" })
  })

  test("that cannot be checked in time are tried with one value", () => {
    // Ajv takes the place of the recursive reference for its target and goes round until it is stopped.
    const round = (held: JsonSchema): JsonObject => ({
      items: { unevaluatedProperties: { uniqueItems: true }, $ref: "#n", minimum: held === true ? 0 : 1 },
      type: "array",
      $defs: { y: { $recursiveRef: "#", $anchor: "n" } },
    })
    let tried = 0
    const counting: Schemas = {
      validator: (schema) => {
        const validator = schemas.validator(schema)
        return { faults: (value) => { tried++; return validator.faults(value) } }
      },
    }
    expect(subsume(round(true), round(false), { schemas: counting }).answer).toBe("unknown")
    expect(tried).toBeLessThanOrEqual(4)
  })

  test("with many patterns of names are not told apart without end", () => {
    const patterns = (held: JsonSchema): JsonObject => Object.fromEntries(Array.from({ length: 40 }, (_, index) => [`p${index}$`, held]))
    const from = { type: "object", patternProperties: patterns({ type: "integer" }) }
    expect(ask(from, { patternProperties: patterns({ type: "number" }), additionalProperties: true }).answer).toBe("unknown")
  })

  test("that name members as JavaScript does are taken at their word", () => {
    const names = ["constructor", "toString", "hasOwnProperty", "valueOf"]
    const required = { type: "object", required: names, properties: Object.fromEntries(names.map((name) => [name, { type: "string" }])) }
    expect(ask(required, { required: names })).toEqual({ answer: "yes" })
    expect(ask({ type: "object" }, required)).toMatchObject({ answer: "no" })
    expect(ask({ const: {} }, { required: ["toString"] })).toMatchObject({ answer: "no" })
    expect(ask({ type: "object" }, { required: ["__proto__"] }).answer).not.toBe("yes")
    expect(ask({ constructor: { type: "string" }, toString: 5 } as unknown as JsonSchema, true)).toEqual({ answer: "yes" })
  })

  test("with huge limits are answered without huge values", () => {
    expect(ask({ type: "string", minLength: 1e9 }, { maxLength: 1e8 }).answer).toBe("unknown")
    expect(ask({ type: "array", minItems: 1e9 }, { maxItems: 1e8 }).answer).toBe("unknown")
    expect(ask({ type: "object", minProperties: 1e9 }, { minProperties: 1e8 }).answer).toBe("yes")
    expect(ask({ type: "number", minimum: 1e300 }, { maximum: 1e299 }).answer).toBe("no")
    expect(ask({ type: "integer", minimum: -1e308 }, { minimum: 1e308 }).answer).toBe("no")
  })

  test("are given up at once when there are no steps to spend", () => {
    const found = subsume({ type: "object", properties: { a: { type: "integer" } } }, { properties: { a: { type: "number" } } }, { schemas, stepsMax: 0 })
    expect(found).toEqual({ answer: "unknown", at: "", why: "the schemas are too entangled to compare within the limit of steps" })
  })
}) // biome-ignore format: each schema on its line

describe("an unknown", () => {
  test("says which keyword could not be decided, and why", () => {
    const from = { type: "object", properties: { a: { type: "string", pattern: "^ab" } } }
    const to = { type: "object", properties: { a: { type: "string", pattern: "^a" } } }
    expect(ask(from, to)).toEqual({
      answer: "unknown",
      at: "/properties/a/pattern",
      why: "patterns are compared by their text only",
    })
  })
})

describe("a no", () => {
  test("says what is wrong with which value, and which keyword it breaks", () => {
    const from = { type: "object", properties: { limit: { type: "number" } }, required: ["limit"] }
    const to = { type: "object", properties: { limit: { $ref: "#/$defs/count" } }, $defs: { count: { type: "integer" } } }
    expect(ask(from, to)).toEqual({
      answer: "no",
      counterexample: { limit: 0.5 },
      at: "/$defs/count/type",
      words: '/limit: expected integer, received number 0.5 (counter-example: {"limit":0.5})',
    })
  }) // biome-ignore format: each schema on its line

  test("shortens the value in its words, not in itself", () => {
    const found = ask({ type: "string", minLength: 5_000 }, { maxLength: 10 })
    expect(found).toMatchObject({ answer: "no", words: expect.stringMatching(/^.{0,320}$/s) })
    expect(found).toHaveProperty("counterexample.length", 5_000)
  })
})
