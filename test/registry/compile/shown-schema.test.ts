import { describe, expect, test } from "vitest"
import { shownSchema } from "../../../src/registry/compile/shown-schema.ts"
import { checkSchema } from "../../../src/schema/guard.ts"
import type { JsonObject, JsonSchema } from "../../../src/schema/json.ts"
import { documentOf, load, sourceTool } from "../../support/registries.ts"

/** What is left of a schema when `key` is hidden and `lang` has a default. */
function shown(schema: JsonSchema): JsonObject {
  const made = shownSchema(schema, {
    hidden: new Set(["key"]),
    optional: new Set(["key", "lang"]),
  })
  expect(checkSchema(made).verdict).not.toBe("refused")
  expect(JSON.stringify(made)).not.toContain('"key"')
  return made
}

const key = { type: "string" }
const lang = { type: "string" }
const text = { type: "string" }

describe("The schema that callers are shown", () => {
  test("has no hidden fields and requires none that have defaults", () => {
    const schema = {
      type: "object",
      properties: { text, key, lang },
      required: ["text", "key", "lang"],
      additionalProperties: false,
    }
    expect(shown(schema)).toEqual({
      type: "object",
      properties: { text, lang },
      required: ["text"],
      additionalProperties: false,
    })
  })

  test("hides fields that a schema applied in place describes", () => {
    const schema = {
      type: "object",
      allOf: [{ properties: { key, text }, required: ["key", "text"] }],
      anyOf: [{ required: ["key"] }, { required: ["text"] }],
    }
    expect(shown(schema)).toEqual({
      type: "object",
      allOf: [{ properties: { text }, required: ["text"] }],
      anyOf: [{}, { required: ["text"] }],
    })
  })

  test("hides fields behind a reference, and the definition that still knew them", () => {
    const schema = {
      type: "object",
      $ref: "#/$defs/Base",
      $defs: { Base: { properties: { key, text }, required: ["key", "text"] } },
    }
    expect(shown(schema)).toEqual({
      type: "object",
      allOf: [{ properties: { text }, required: ["text"] }],
    })
  })

  test("leaves fields of the same name inside other fields alone", () => {
    const inner = { type: "object", properties: { lang }, required: ["lang"] }
    const schema = { type: "object", properties: { inner, key } }
    expect(shown(schema)).toEqual({ type: "object", properties: { inner } })
  })

  test("drops conditions that ask for a hidden field rather than turning them round", () => {
    const schema = {
      type: "object",
      properties: { key, text },
      not: { required: ["key", "text"] },
      ...conditional({ properties: { key: { const: "x" } } }, { required: ["text"] }),
    }
    expect(shown(schema)).toEqual({ type: "object", properties: { text } })
  })

  test("keeps conditions that ask for other fields", () => {
    const condition = conditional({ required: ["text"] }, { required: ["lang", "text"] })
    expect(shown({ type: "object", properties: { text, lang }, ...condition })).toEqual({
      type: "object",
      properties: { text, lang },
      ...conditional({ required: ["text"] }, { required: ["text"] }),
    })
  })

  test("has no hidden field in dependencies, names, defaults and examples", () => {
    const schema = {
      type: "object",
      dependentRequired: { key: ["text"], text: ["key", "other"] },
      dependentSchemas: { key: { required: ["text"] }, text: { properties: { key, text } } },
      propertyNames: { enum: ["key", "text"] },
      default: { key: "a", text: "b" },
      examples: [{ key: "a", text: "b" }],
    }
    expect(shown(schema)).toEqual({
      type: "object",
      dependentRequired: { text: ["other"] },
      dependentSchemas: { text: { properties: { text } } },
      propertyNames: { enum: ["text"] },
      default: { text: "b" },
      examples: [{ text: "b" }],
    })
  })

  test("keeps what others refer to in a hidden field, under another name", () => {
    const schema = {
      type: "object",
      properties: { key: { enum: ["a"] }, other: { $ref: "#/properties/key" } },
    }
    expect(shown(schema)).toEqual({
      type: "object",
      properties: { other: { $ref: "#/$defs/part0" } },
      $defs: { part0: { enum: ["a"] } },
    })
  })

  test("asks for one of several forms where a hidden field told them apart, and not for exactly one", () => {
    const form = (name: string) => ({ properties: { key: { const: name } }, required: ["key"] })
    expect(shown({ type: "object", properties: { text }, oneOf: [form("a"), form("b")] })).toEqual({
      type: "object",
      properties: { text },
      allOf: [{ anyOf: [{ properties: {} }, { properties: {} }] }],
    })
  })

  test("asks for exactly one of several forms that no hidden field is in", () => {
    const oneOf = [{ required: ["text"] }, { required: ["other"] }]
    expect(shown({ type: "object", oneOf })).toEqual({ type: "object", oneOf })
  })

  test("counts the fields that are filled in among the fewest there must be", () => {
    expect(shown({ type: "object", minProperties: 3 })).toMatchObject({ minProperties: 1 })
    expect(shown({ type: "object", minProperties: 1 })).toMatchObject({ minProperties: 0 })
  })

  test("names no hidden field in the values it allows as a whole", () => {
    expect(shown({ type: "object", enum: [{ key: "x", text: "a" }] })).toMatchObject({
      enum: [{ text: "a" }],
    })
  })

  test("loses the definitions of draft-07 that still knew a hidden field, and keeps the others", () => {
    const schema = {
      $schema: "http://json-schema.org/draft-07/schema#",
      type: "object",
      definitions: {
        Base: { properties: { key, text } },
        "a b": text,
        Unused: { required: ["key"] },
      },
      allOf: [{ $ref: "#/definitions/Base" }],
      properties: { other: { $ref: "#/definitions/a%20b" } },
    }
    expect(shown(schema)).toEqual({
      $schema: "http://json-schema.org/draft-07/schema#",
      type: "object",
      allOf: [{ allOf: [{ properties: { text } }] }],
      properties: { other: { $ref: "#/definitions/a%20b" } },
      definitions: { "a b": text },
    })
  })

  test("loses definitions inside what it puts in a reference's place", () => {
    const schema = {
      type: "object",
      $defs: {
        A: { $defs: { B: { properties: { key } } }, allOf: [{ $ref: "#/$defs/A/$defs/B" }] },
      },
      allOf: [{ $ref: "#/$defs/A" }],
    }
    expect(Object.keys(shown(schema))).toEqual(["type", "allOf"])
  })

  test("drops a reference to an anchor where fields are hidden, and what it named", () => {
    const schema = {
      type: "object",
      properties: { key, text },
      $defs: { node: { $anchor: "node", properties: { key } } },
      allOf: [{ $ref: "#node" }],
    }
    expect(shown(schema)).toEqual({ type: "object", properties: { text }, allOf: [{}] })
  })

  test("drops an embedded resource that knew a hidden field, and keeps one that is still referred to", () => {
    const resource = (name: string, properties: JsonObject) => ({
      $id: `urn:x:${name}`,
      properties,
    })
    const schema = {
      type: "object",
      $defs: { a: resource("a", { key }), b: resource("b", { text }) },
      allOf: [{ $ref: "urn:x:a" }],
      properties: { other: { $ref: "urn:x:b" } },
    }
    expect(shown(schema)).toEqual({
      type: "object",
      allOf: [{}],
      properties: { other: { $ref: "urn:x:b" } },
      $defs: { b: resource("b", { text }) },
    })
  })

  test("gives what it brings home names that are free, however many there are", () => {
    const schema = {
      type: "object",
      $defs: { part0: { type: "boolean" } },
      properties: {
        key: { properties: { one: { type: "string" }, two: { type: "number" } } },
        a: { $ref: "#/properties/key/properties/one" },
        b: { $ref: "#/properties/key/properties/two" },
        c: { $ref: "#/$defs/part0" },
      },
    }
    const { $defs } = shown(schema)
    expect($defs).toEqual({
      part0: { type: "boolean" },
      part1: { type: "string" },
      part2: { type: "number" },
    })
  })

  test("says that it is an object where it only refers to one", () => {
    const schema = { allOf: [{ $ref: "#/$defs/A" }], $defs: { A: { type: "object" } } }
    const nothing = { hidden: new Set<string>(), optional: new Set<string>() }
    expect(shownSchema(schema, nothing)).toEqual({ type: "object", ...schema })
  })

  test("is the server's where the tool has none, and a plain object where neither has", () => {
    const document = documentOf([sourceTool("a"), sourceTool("b")])
    document.servers[0].provides[0].inputSchema = { type: "object", properties: { text } }
    const { catalog } = load(document)
    expect(catalog?.tools.map((tool) => tool.shown.inputSchema)).toEqual([
      { type: "object", properties: { text } },
      { type: "object" },
    ])
  })

  test("is made once", () => {
    const { catalog } = load(documentOf([sourceTool("a")]))
    const [tool] = catalog?.tools ?? []
    expect(tool?.shown).toBe(tool?.shown)
    expect(tool?.shown.inputSchema).toEqual({ type: "object" })
  })

  test("of a result is the server's, unless the result is transformed", () => {
    const outputTransform = { mappings: { a: { path: "$.b" } } }
    const document = documentOf([sourceTool("a"), sourceTool("b", { outputTransform })])
    const outputSchema = { type: "object", properties: { b: text } }
    for (const provision of document.servers[0].provides) provision.outputSchema = outputSchema
    const { catalog } = load(document)
    expect(catalog?.tools.map((tool) => tool.shown.outputSchema)).toEqual([outputSchema, undefined])
  })
})

/** Made from entries: a literal with a member `then` looks like a promise to tools. */
const conditional = (condition: JsonObject, consequence: JsonObject): JsonObject =>
  Object.fromEntries([["if", condition] as const, ["then", consequence] as const])
