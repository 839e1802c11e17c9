import { Ajv2020 } from "ajv/dist/2020.js"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { checkSchema } from "../../src/schema/guard.ts"
import type { JsonObject, JsonSchema } from "../../src/schema/json.ts"
import { createSchemas } from "../../src/schema/schemas.ts"

const name = fc.constantFrom("a", "b", "c", "d")
const small = fc.integer({ min: 0, max: 3 })
const scalar = fc.constantFrom<null | boolean | number | string>(
  null,
  true,
  false,
  0,
  1,
  1.5,
  -2,
  "",
  "a",
  "bb",
  "1",
)
const instance = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthSize: "small" },
    scalar,
    fc.array(tie("value"), { maxLength: 4 }),
    fc.dictionary(name, tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value
const typeName = fc.constantFrom(
  "null",
  "boolean",
  "object",
  "array",
  "number",
  "integer",
  "string",
)

/** Random schemas of a few keywords each; references lead to the `$defs` that are added to the root. */
function schemaArbitrary({
  references,
}: {
  readonly references: boolean
}): fc.Arbitrary<JsonSchema> {
  const { schema } = fc.letrec<{ schema: JsonSchema }>((tie) => {
    const some = tie("schema")
    const list = fc.array(some, { minLength: 1, maxLength: 3 })
    const map = fc.dictionary(name, some, { maxKeys: 3, noNullPrototype: true })
    const values: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
      type: fc.oneof(typeName, fc.uniqueArray(typeName, { minLength: 1, maxLength: 3 })),
      enum: fc.array(instance, { minLength: 1, maxLength: 4 }),
      const: instance,
      minimum: small,
      exclusiveMaximum: small,
      multipleOf: fc.constantFrom(1, 0.5, 2),
      minLength: small,
      maxLength: small,
      pattern: fc.constantFrom("^a", "b+$", "^(a|b)*$", "1"),
      minItems: small,
      maxItems: small,
      uniqueItems: fc.boolean(),
      minProperties: small,
      maxProperties: small,
      required: fc.uniqueArray(name, { maxLength: 2 }),
      dependentRequired: fc.constant({ a: ["b"] }),
      properties: map,
      patternProperties: fc.constantFrom({ "^a": { type: "string" } }, { b: false }),
      additionalProperties: some,
      propertyNames: fc.constantFrom({ maxLength: 1 }, { enum: ["a", "b"] }),
      items: some,
      prefixItems: list,
      contains: some,
      allOf: list,
      anyOf: list,
      oneOf: list,
      not: some,
      if: some,
      else: some,
      dependentSchemas: map,
    }
    const targets = fc.constantFrom("#", "#/$defs/x", "#/$defs/y", "#/$defs/x/not", "#y")
    const all = Object.entries(references ? { ...values, $ref: targets } : values)
    const keyword = fc.oneof(
      ...all.map(([key, value]) => value.map((held) => [key, held] as const)),
    )
    const keywords = fc
      .array(keyword, { minLength: 1, maxLength: 4 })
      .map((entries): JsonObject => JSON.parse(JSON.stringify(Object.fromEntries(entries))))
    return { schema: fc.oneof({ maxDepth: 3, depthSize: "small" }, fc.boolean(), keywords) }
  })
  if (!references) return schema
  return fc.tuple(schema, schema, schema).map(([root, x, y]) => ({
    ...(typeof root === "boolean" ? {} : root),
    $defs: { x, y: { ...(typeof y === "boolean" ? {} : y), $anchor: "y" } },
  }))
}

const options = {
  strict: false,
  logger: false,
  ownProperties: true,
  multipleOfPrecision: 8,
} as const

function plainAjv(schema: JsonSchema, value: unknown): string {
  try {
    return String(new Ajv2020({ ...options, validateSchema: false }).compile(schema)(value))
  } catch (error) {
    return error instanceof TypeError ? "crash" : "does not compile"
  }
}

describe("our validators and plain Ajv", { timeout: 60_000 }, () => {
  const schemas = createSchemas({ timeBoxMs: 60_000 })

  test("agree on every schema without references", () => {
    const verdicts = { true: 0, false: 0, crash: 0 }
    fc.assert(
      fc.property(schemaArbitrary({ references: false }), instance, (schema, value) => {
        expect(checkSchema(schema).verdict).toBe("plain")
        const verdict = plainAjv(schema, value)
        const faults = schemas.validator(schema).faults(value)
        if (verdict === "true" || verdict === "false") {
          verdicts[verdict]++
          expect([schema, value, faults === undefined]).toEqual([schema, value, verdict === "true"])
        } else expect(faults).toMatchObject([{ keyword: "budget" }])
        for (const fault of faults ?? []) expect(fault.line).toMatch(/^(\/|\(whole\))[^\n]*: /)
      }),
      { numRuns: 250 },
    )
    expect(Math.min(verdicts.true, verdicts.false)).toBeGreaterThan(30)
  })

  test("agree on schemas with references, where the guard lets them through; and those compile", () => {
    let accepted = 0
    fc.assert(
      fc.property(schemaArbitrary({ references: true }), instance, (schema, value) => {
        const check = checkSchema(schema)
        if (check.verdict === "refused") {
          for (const { code } of check.findings)
            expect(code).toMatch(/^(schema_ref_loop|ref_invalid)$/)
          return
        }
        accepted++
        const verdict = plainAjv(schema, value)
        expect(verdict).not.toBe("does not compile")
        const faults = schemas.validator(schema).faults(value)
        if (verdict === "crash") expect(faults).toMatchObject([{ keyword: "budget" }])
        else
          expect([schema, value, faults === undefined]).toEqual([schema, value, verdict === "true"])
      }),
      { numRuns: 250 },
    )
    expect(accepted).toBeGreaterThan(100)
  })
})

describe("the guard and the meta-schema", { timeout: 60_000 }, () => {
  test("refuse the same keyword values", () => {
    const keyword = fc.constantFrom(
      "type", "enum", "multipleOf", "minimum", "maximum", "exclusiveMinimum", "minLength", "maxItems", "uniqueItems",
      "minContains", "maxProperties", "required", "dependentRequired", "properties", "patternProperties", "items",
      "additionalProperties", "propertyNames", "prefixItems", "contains", "allOf", "anyOf", "not", "if", "$defs",
      "dependentSchemas", "title", "description", "$comment", "default", "examples", "deprecated", "readOnly",
      "writeOnly", "format", "contentEncoding", "contentSchema", "unevaluatedItems", "x-unknown", "definitions",
    ) // biome-ignore format: one list
    const value = fc.oneof(
      scalar,
      fc.constantFrom<unknown>(
        [],
        {},
        ["a"],
        ["a", "a"],
        [{}],
        { a: {} },
        { a: "b" },
        { a: ["b"] },
        { a: ["b", "b"] },
        [1],
        ["string"],
        { type: "string" },
        { type: 5 },
        [{ type: "x" }],
        -1,
      ),
      typeName,
    )
    const ajv = new Ajv2020(options)
    fc.assert(
      fc.property(fc.tuple(keyword, value), ([key, held]) => {
        const schema: JsonObject = JSON.parse(JSON.stringify({ [key]: held }))
        const isEmptyEnum = key === "enum" && Array.isArray(held) && held.length === 0 // legal, but Ajv throws
        const expected = ajv.validateSchema(schema) === true && !isEmptyEnum
        expect([schema, checkSchema(schema).verdict === "plain"]).toEqual([schema, expected])
      }),
      { numRuns: 3_000 },
    )
  })
})
