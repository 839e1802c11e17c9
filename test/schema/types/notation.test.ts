import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { JsonObject, JsonSchema } from "../../../src/schema/json.ts"
import { Anatomy } from "../../../src/schema/types/anatomy.ts"
import { notationOf } from "../../../src/schema/types/notation.ts"
import { schemaOf } from "../../../src/schema/types/schema-of.ts"
import { objectOf, textType, typeOf } from "../../../src/schema/types/type.ts"
import { familyArbitrary, instance } from "../subsume/arbitrary.ts"
import { validatorOf } from "../subsume/tried.ts"

const inferred = (schema: JsonSchema) => schemaOf(typeOf(schema), new Anatomy())
const notation = (schema: JsonSchema, max = 72) => notationOf(inferred(schema), max)

const text = { type: "string" }
const object = (properties: JsonObject, ...required: readonly string[]) => ({
  type: "object",
  properties,
  required,
})
const numbered = (count: number) => Array.from({ length: count }, (_, index) => `v${index}`)

describe("A type in a few words", () => {
  const cases: readonly (readonly [what: string, schema: JsonSchema, words: string])[] = [
    ["anything", true, "any"],
    ["nothing", false, "never"],
    ["no schema to speak of", {}, "any"],
    ["a text", text, "string"],
    ["kinds", { type: ["integer", "null"] }, "integer | null"],
    ["values", { enum: ["a", "b", 3, null] }, '"a" | "b" | 3 | null'],
    ["values and kinds", { anyOf: [{ const: "auto" }, { type: "integer" }] }, '"auto" | integer'],
    [
      "an object",
      object({ query: text, limit: { type: "integer" } }, "query"),
      "{ query: string, limit?: integer }",
    ],
    ["members nobody describes", object({ title: true, url: {} }, "title"), "{ title, url? }"],
    ["an object of any members", { type: "object" }, "object"],
    ["an object of none", { type: "object", additionalProperties: false }, "{}"],
    ["a map", { type: "object", additionalProperties: text }, "{ [name]: string }"],
    ["a list", { type: "array", items: object({ id: text }, "id") }, "[{ id: string }]"],
    ["a list of either", { type: "array", items: { type: ["string", "null"] } }, "[string | null]"],
    ["an empty list", { type: "array", maxItems: 0 }, "[]"],
    ["lists or texts", { anyOf: [{ type: "array", items: text }, text] }, "[string] | string"],
    [
      "alternatives of objects",
      { anyOf: [object({ a: text }, "a"), object({ b: text }, "b")] },
      "{ a?, b? }",
    ],
    [
      "members named as those of every object",
      object({ constructor: text, toString: text }, "toString"),
      "{ toString: string, constructor?: string }",
    ],
  ]
  test.each(cases)("%s", (_, schema, words) => {
    expect(notation(schema)).toBe(words)
  })

  test("a member named __proto__ is a member", () => {
    const type = objectOf(new Map([["__proto__", { type: textType, presence: "maybe" }]]))
    expect(notationOf(schemaOf(type, new Anatomy()), 72)).toBe("{ __proto__?: string }")
  })

  test("names and values cannot break out of their line", () => {
    const schema = object({ "x: string }\n\u202E": { const: "a\u2028\u0007\u{E0041}" } })
    expect(notation(schema, 200)).toBe(
      '{ "x: string }\\n\\u{202e}"?: "a\\u{2028}\\u0007\\u{e0041}" }',
    )
  })

  test("what is long is shortened, the same each time", () => {
    const many = object(Object.fromEntries(numbered(30).map((name) => [name, text])))
    expect(notation(many)).toBe(
      "{ v0?, v1?, v2?, v3?, v4?, v5?, v6?, v7?, v8?, v9?, v10?, v11?, … }",
    )
    expect(notation({ enum: numbered(20) }, 60)).toBe('"v0" | "v1" | "v2" | "v3" | "v4" | "v5" | …')
    expect(notation({ enum: numbered(1_000) })).toBe("string")
    expect(notation({ const: "😀".repeat(50) }, 12)).toBe('"😀😀😀😀😀…')
    const deep = object({ a: object({ b: object({ c: object({ d: text }) }) }) })
    expect(notation(deep, 28)).toBe("{ a?: { b?: { c?: {…} } } }")
  })

  test("what holds itself comes to an end", () => {
    const tree: JsonSchema = {
      $defs: {
        node: object(
          { name: text, children: { type: "array", items: { $ref: "#/$defs/node" } } },
          "name",
        ),
      },
      $ref: "#/$defs/node",
    }
    expect(notation(tree)).toBe("{ name, children?: [{ name, children?: […] }] }")
    expect(JSON.stringify(inferred(tree)).length).toBeLessThan(2_000)
  })
})

/** SCHEMA_OF_RUNS=20000 SCHEMA_OF_SEED=7 npx vitest run test/schema/types/notation.test.ts */
const numRuns = Number(process.env["SCHEMA_OF_RUNS"] ?? 200)
const seed = Number(process.env["SCHEMA_OF_SEED"] ?? 20_261_129)

test("the schema of a type takes every value of it, and its words keep to their length and line", () => {
  const property = fc.property(
    familyArbitrary(1),
    fc.array(instance, { minLength: 8, maxLength: 8 }),
    ([schema = true], values) => {
      const isValid = validatorOf(schema)
      const made = inferred(schema)
      const isTaken = validatorOf(made)
      const words = notationOf(made, 40)
      return (
        words.length <= 40 &&
        /^\P{C}+$/u.test(words) &&
        values.every((value) => isValid(value) !== true || isTaken(value) === true)
      )
    },
  )
  expect(() => fc.assert(property, { numRuns, seed })).not.toThrow()
})
