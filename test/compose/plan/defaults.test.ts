import { describe, expect, test } from "vitest"
import { defaultsOf, withDefaults } from "../../../src/compose/plan/defaults.ts"
import type { Json, JsonSchema } from "../../../src/schema/json.ts"

const filled = (schema: JsonSchema, input: Json): Json =>
  withDefaults(input, defaultsOf(schema) ?? {})

const schema: JsonSchema = {
  type: "object",
  properties: {
    limit: { type: "integer", default: 5 },
    none: { default: null },
    page: { type: "object", properties: { size: { default: 10 }, from: {} } },
    given: { default: { a: 1 }, properties: { b: { default: 2 } } },
    shared: { $ref: "#/$defs/shared" },
    either: { anyOf: [{ default: 1 }] },
  },
  anyOf: [{ properties: { other: { default: 1 } } }],
  $defs: { shared: { properties: { deep: { default: true } } } },
}

describe("Defaults of an input schema", () => {
  test("stand where nothing was written", () => {
    expect(filled(schema, {})).toEqual({ limit: 5, none: null, given: { a: 1, b: 2 } })
  })

  test("leave what was written, also null and false", () => {
    expect(filled(schema, { limit: null, none: false, given: 3 })).toEqual({
      limit: null,
      none: false,
      given: 3,
    })
  })

  test("stand inside of objects that are there, and by references", () => {
    expect(filled(schema, { page: {}, shared: {}, given: {} })).toMatchObject({
      page: { size: 10 },
      shared: { deep: true },
      given: { b: 2 },
    })
  })

  test("are none where the schema has none, or is no object", () => {
    expect(defaultsOf({ properties: { a: { type: "string" } } })).toBeUndefined()
    expect(defaultsOf(true)).toBeUndefined()
    expect(withDefaults("text", { a: { value: 1 } })).toBe("text")
  })

  test("end in a schema that refers to itself", () => {
    const tree = {
      $ref: "#/$defs/tree",
      $defs: { tree: { properties: { n: { default: 1 }, next: { $ref: "#/$defs/tree" } } } },
    }
    expect(filled(tree, { next: { next: {} } })).toEqual({ n: 1, next: { n: 1, next: { n: 1 } } })
  })

  test("are fields, whatever they are called, and change nothing that they are put into", () => {
    const hostile: JsonSchema = JSON.parse('{"properties": {"__proto__": {"default": {"x": 1}}}}')
    const input = Object.freeze({ a: 1 })
    const made = filled(hostile, input)
    expect(Object.keys(made as object)).toEqual(["a", "__proto__"])
    expect(input).toEqual({ a: 1 })
  })
})
