import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { JsonSchema } from "../../../src/schema/json.ts"
import { createSchemas } from "../../../src/schema/schemas.ts"
import { subsume } from "../../../src/schema/subsume/subsume.ts"
import { witness } from "../../support/witness.ts"
import { instance, schemaArbitrary } from "./arbitrary.ts"
import { toolSchemas } from "./corpus/tools.ts"
import { validatorOf } from "./tried.ts"

const schemas = createSchemas({ timeBoxMs: 60_000 })

describe("a witness", { timeout: 60_000 }, () => {
  test.each(Object.entries(toolSchemas))("is found for the schema of %s", (_, schema) => {
    const value = witness(schema, { schemas })
    expect(value).toBeDefined()
    expect(schemas.validator(schema).faults(value)).toBeUndefined()
  })

  test.each<readonly [JsonSchema]>([
    [{ type: "string", pattern: "^[A-Z]{3}-[0-9]{4}$", minLength: 8 }],
    [{ type: "string", pattern: "^a+$", minLength: 200 }],
    [{ type: "string", pattern: "^(?:GET|POST) /\\S+$" }],
    [{ type: "string", minLength: 1_000 }],
    [{ type: "string", format: "email", minLength: 40 }],
    [{ type: "number", exclusiveMinimum: 1, exclusiveMaximum: 1.1 }],
    [{ type: "integer", minimum: 1001, multipleOf: 7 }],
    [{ type: "array", items: { type: "integer" }, minItems: 8, uniqueItems: true }],
    [{ type: "array", contains: { const: 7 }, minContains: 2, items: { type: "integer" } }],
    [{ type: "object", minProperties: 20, propertyNames: { pattern: "^[a-z]+$" } }],
    [{ type: "object", patternProperties: { "^x-[0-9]+$": { const: 1 } }, additionalProperties: false, minProperties: 1 }],
    [{ type: "object", required: ["a"], dependentRequired: { a: ["b"] }, dependentSchemas: { b: { required: ["c"] } } }],
    [{ oneOf: [{ type: "integer" }, { type: "number", minimum: 5 }] }],
    [{ type: "object", required: ["constructor", "toString"] }],
    [{ not: { type: ["string", "number", "boolean", "null", "array"] } }],
    [{ $schema: "http://json-schema.org/draft-07/schema#", type: "array", items: [{ type: "null" }, { const: 3 }], minItems: 2 }],
    [{ anyOf: [{ $ref: "#/$defs/never" }, { type: "object", required: ["x"], properties: { x: { $ref: "#" } } }, { const: "leaf" }], $defs: { never: false } }],
  ])("is found for %j", (schema) => {
    const value = witness(schema, { schemas })
    expect(value).toBeDefined()
    expect(schemas.validator(schema).faults(value)).toBeUndefined()
  }) // biome-ignore format: rows

  test.each<readonly [JsonSchema]>([
    [false],
    [{ allOf: [{ type: "string" }, { type: "integer" }] }],
    [{ type: "object", properties: { next: { $ref: "#" } }, required: ["next"] }],
    [{ $ref: "https://example.com/" }],
  ])("is not made up for %j", (schema) => {
    expect(witness(schema, { schemas })).toBeUndefined()
  })

  test("is valid whenever there is one, and found for nearly every random schema that some random value fits", () => {
    const values = fc.sample(instance, { numRuns: 200, seed: 1 })
    const counts = { found: 0, missed: 0 }
    const check = fc.property(schemaArbitrary("2020-12"), (schema) => {
      const fits = validatorOf(schema)
      const value = witness(schema, { schemas })
      if (value !== undefined) {
        counts.found++
        expect([schema, fits(value)]).toEqual([schema, true])
        expect(subsume(schema, false, { schemas }).answer).not.toBe("yes")
      } else if (values.some((one) => fits(one) === true)) counts.missed++
    })
    fc.assert(check, { numRuns: 2_000 })
    expect(counts.missed / counts.found).toBeLessThan(0.02)
  })
})
