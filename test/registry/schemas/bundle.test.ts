import { describe, expect, test } from "vitest"
import { valuesMax } from "../../../src/registry/schemas/bundle.ts"
import { checkSchema } from "../../../src/schema/guard.ts"
import type { Json } from "../../../src/schema/json.ts"
import {
  codes,
  documentOf,
  found,
  load,
  type Mutable,
  sourceTool,
} from "../../support/registries.ts"

const entity = (name: string, schema: Json, version = "1.0.0") => ({ name, version, schema })

/** The document of one tool with this input schema, beside these registered schemas. */
const documentWith = (inputSchema: Json, ...schemas: object[]): Mutable =>
  documentOf([sourceTool("t", { inputSchema })], { schemas })

function shown(inputSchema: Json, ...schemas: object[]) {
  const { catalog, problems } = load(documentWith(inputSchema, ...schemas), {
    knobs: { unusedSchema: "ignore" },
  })
  expect(problems).toEqual([])
  return catalog?.tools[0]?.shown.inputSchema
}

const object = (properties: { [name: string]: Json }, more: { [key: string]: Json } = {}) => ({
  type: "object",
  properties,
  ...more,
})

describe("A schema shown to agents", () => {
  test("is the registered schema itself where it is nothing but a reference", () => {
    const query = object({ text: { type: "string" } })
    expect(shown({ $ref: "#Query:1.0.0" }, entity("Query", query))).toEqual(query)
  })

  test("keeps its own description beside a reference", () => {
    const query = object({}, { description: "any query" })
    const schema = { $ref: "#Query:1.0.0", description: "what to find" }
    expect(shown(schema, entity("Query", query))).toEqual(
      object({}, { description: "what to find" }),
    )
  })

  test("holds what it refers to among its definitions", () => {
    const schema = object({ q: { $ref: "#Query:1.0.0" } })
    expect(shown(schema, entity("Query", { type: "string" }))).toEqual({
      type: "object",
      properties: { q: { $ref: "#/$defs/Query:1.0.0" } },
      $defs: { "Query:1.0.0": { type: "string" } },
    })
  })

  test("keeps what stands beside a reference", () => {
    const schema = { $ref: "#Query:1.0.0", required: ["text"] }
    const query = object({ text: { type: "string" } })
    expect(shown(schema, entity("Query", query))).toEqual({
      type: "object",
      $ref: "#/$defs/Query:1.0.0",
      required: ["text"],
      $defs: { "Query:1.0.0": query },
    })
  })

  test("says of an embedded schema's own definitions where they are now", () => {
    const book = object(
      { isbn: { $ref: "#/$defs/Isbn" }, sequel: { $ref: "#" } },
      {
        $defs: { Isbn: { type: "string" } },
      },
    )
    const schema = object({ book: { $ref: "#Book:1.0.0" } })
    expect(shown(schema, entity("Book", book))).toMatchObject({
      $defs: {
        "Book:1.0.0": {
          properties: {
            isbn: { $ref: "#/$defs/Book:1.0.0/$defs/Isbn" },
            sequel: { $ref: "#/$defs/Book:1.0.0" },
          },
        },
      },
    })
  })

  test("follows a tail into the registered schema", () => {
    const book = object({ isbn: { type: "string" } })
    const schema = object({ isbn: { $ref: "#/schemas/Book/properties/isbn" } })
    const { catalog } = load(documentWith(schema, entity("Book", book)))
    expect(catalog?.tools[0]?.shown.inputSchema).toMatchObject({
      properties: { isbn: { $ref: "#/$defs/Book:1.0.0/properties/isbn" } },
    })
  })

  test("may be recursive across schemas, and ends", () => {
    const tree = object({ leaves: { type: "array", items: { $ref: "#Leaf:1.0.0" } } })
    const leaf = object({ tree: { $ref: "#Tree:1.0.0" } })
    expect(shown({ $ref: "#Tree:1.0.0" }, entity("Tree", tree), entity("Leaf", leaf))).toEqual({
      ...object({ leaves: { type: "array", items: { $ref: "#/$defs/Leaf:1.0.0" } } }),
      $defs: { "Leaf:1.0.0": object({ tree: { $ref: "#" } }) },
    })
  })

  test("does not overwrite a definition that has the same name by chance", () => {
    const schema = object(
      { a: { $ref: "#Q:1.0.0" }, b: { $ref: "#/$defs/Q:1.0.0" } },
      {
        $defs: { "Q:1.0.0": { type: "number" } },
      },
    )
    expect(shown(schema, entity("Q", { type: "string" }))).toMatchObject({
      properties: { a: { $ref: "#/$defs/Q:1.0.0_2" }, b: { $ref: "#/$defs/Q:1.0.0" } },
      $defs: { "Q:1.0.0": { type: "number" }, "Q:1.0.0_2": { type: "string" } },
    })
  })

  test("keeps two registered schemas apart where one is called what the other had to be", () => {
    const mine = { "Foo:1.0.0": { type: "boolean" } }
    const text = entity("Foo", { type: "string" })
    const digits = entity("Foo", { type: "number" }, "1.0.0_2")
    const refs = { a: { $ref: "#Foo:1.0.0" }, b: { $ref: "#Foo:1.0.0_2" } }
    const { catalog } = load(documentWith(object(refs, { $defs: mine }), text, digits))
    expect(catalog?.tools[0]?.shown.inputSchema).toEqual(
      object(
        { a: { $ref: "#/$defs/Foo:1.0.0_2" }, b: { $ref: "#/$defs/Foo:1.0.0_2_2" } },
        {
          $defs: {
            ...mine,
            "Foo:1.0.0_2": { type: "string" },
            "Foo:1.0.0_2_2": { type: "number" },
          },
        },
      ),
    )
  })

  test("embeds schemas with names of their own as resources, so that the names keep their meaning", () => {
    const named = object(
      { a: { $ref: "#here" } },
      { $defs: { h: { $anchor: "here", type: "string" } } },
    )
    const made = shown(object({ n: { $ref: "#Named:1.0.0" } }), entity("Named", named))
    expect(made).toEqual({
      type: "object",
      properties: { n: { $ref: "urn:postern:schema:Named:1.0.0" } },
      $defs: { "Named:1.0.0": { $id: "urn:postern:schema:Named:1.0.0", ...named } },
    })
    expect(checkSchema(made ?? false).verdict).toBe("plain")
  })

  test("of a prefixed name is referred to with its slash escaped", () => {
    const made = shown(
      object({ q: { $ref: "#team/Query:1.0.0" } }),
      entity("team/Query", { type: "string" }),
    )
    expect(made).toMatchObject({
      properties: { q: { $ref: "#/$defs/team~1Query:1.0.0" } },
      $defs: { "team/Query:1.0.0": { type: "string" } },
    })
    expect(checkSchema(made ?? false).verdict).toBe("plain")
  })
})

describe("References at schema positions", () => {
  test.each([
    ["enum", { enum: [{ $ref: "#Gone:1.0.0" }] }],
    ["const", { const: { $ref: "#Gone:1.0.0" } }],
    ["examples", { examples: [{ $ref: "#Gone:1.0.0" }] }],
    ["default", { default: { $ref: "#Gone:1.0.0" } }],
  ])("are not looked for in %s", (_, schema) => {
    expect(load(documentWith(object({ a: schema }))).problems).toEqual([])
  })

  test.each([
    ["a name without a colon that is no name", "#not a name"],
    ["a pointer to nothing", "#/properties/nope"],
    ["a tail to nothing", "#Query:1.0.0/properties/nope"],
    ["an escape that is no UTF-8", "#/%FF"],
  ])("lead nowhere with %s", (_, ref) => {
    const document = documentWith(object({ a: { $ref: ref } }), entity("Query", object({})))
    expect(codes(load(document))).toContain("ref_invalid")
  })

  test.each(["other.json", "https://example.com/s.json", "/abs", "file:///etc/passwd"])(
    "never leave the document: %s",
    (ref) => {
      expect(found(load(documentWith(object({ a: { $ref: ref } }))))).toEqual([
        "ref_external /tools/0/inputSchema/properties/a/$ref",
      ])
    },
  )

  test("may name a schema inside by its $id", () => {
    const schema = object(
      { a: { $ref: "https://x.example/a" } },
      {
        $defs: { a: { $id: "https://x.example/a", type: "string" } },
      },
    )
    expect(load(documentWith(schema)).problems).toEqual([])
  })

  test("prefer a local anchor to a registered schema of the same name", () => {
    const schema = object(
      { a: { $ref: "#Query" } },
      { $defs: { q: { $anchor: "Query", type: "number" } } },
    )
    expect(codes(load(documentWith(schema, entity("Query", object({})))))).toEqual([
      "unused_schema",
    ])
  })
})

describe("The root of a tool's input schema", () => {
  test.each<[string, Json]>([
    ["an object", { type: "object" }],
    ["a reference to one", { $ref: "#Query:1.0.0" }],
    ["all of something and one", { allOf: [{ description: "x" }, { $ref: "#Query:1.0.0" }] }],
  ])("may be %s", (_, schema) => {
    const loaded = load(documentWith(schema, entity("Query", object({}))), {
      knobs: { unusedSchema: "ignore" },
    })
    expect(loaded.problems).toEqual([])
    expect(loaded.catalog?.tools[0]?.shown.inputSchema).toMatchObject({ type: "object" })
  })

  test.each<[string, Json]>([
    ["nothing in particular", {}],
    ["true", true],
    ["a string", { type: "string" }],
    ["one of several types", { type: ["object", "null"] }],
    ["a reference to a string", { $ref: "#Query:1.0.0" }],
    ["any of two objects", { anyOf: [{ type: "object" }, { type: "object" }] }],
  ])("may not be %s", (_, schema) => {
    const loaded = load(documentWith(schema, entity("Query", { type: "string" })))
    expect(found(loaded)).toContain("input_schema_not_object /tools/0/inputSchema")
  })

  test("is not refused for a root type that only an anchor can tell", () => {
    const schema = { $defs: { o: { $anchor: "it", type: "object" } }, allOf: [{ $ref: "#it" }] }
    expect(load(documentWith(schema)).problems).toEqual([])
  })

  test("of an output may be anything, with a warning", () => {
    const document = documentOf([sourceTool("t", { outputSchema: { type: "string" } })])
    expect(load(document).problems).toMatchObject([
      { code: "output_schema_not_object", severity: "warn", pointer: "/tools/0/outputSchema" },
    ])
  })
})

describe("A schema that cannot be compiled", () => {
  const wrong = object({ a: { type: "sting" } })

  test("is reported where it is registered, and not again at its users", () => {
    const document = documentWith(object({ q: { $ref: "#Wrong:1.0.0" } }), entity("Wrong", wrong))
    document.tools.push(sourceTool("u", { inputSchema: { $ref: "#Wrong:1.0.0" } }))
    document.servers[0].provides.push({ tool: "u" })
    expect(found(load(document))).toEqual(["schema_invalid /schemas/0/schema"])
  })

  test("is reported at the tool where it is written there", () => {
    expect(found(load(documentWith(wrong)))).toEqual(["schema_invalid /tools/0/inputSchema"])
  })

  test("is reported once for two that refer to each other", () => {
    const other = object({ w: { $ref: "#Wrong:1.0.0" } })
    const self = object({ a: { type: "sting" }, o: { $ref: "#Other:1.0.0" } })
    const document = documentWith(
      { $ref: "#Other:1.0.0" },
      entity("Other", other),
      entity("Wrong", self),
    )
    expect(found(load(document))).toEqual(["schema_invalid /schemas/1/schema"])
  })

  test("is reported where references first multiply too far, and not again at all that refer to that", () => {
    const twice = (to: number) => ({ anyOf: [1, 2].map(() => ({ $ref: `#D${to}:1.0.0` })) })
    const schemas = Array.from({ length: 25 }, (_, at) =>
      entity(`D${at}`, at === 24 ? { type: "string" } : twice(at + 1)),
    )
    const document = documentWith(object({ x: { $ref: "#D0:1.0.0" } }), ...schemas)
    expect(found(load(document))).toEqual(["schema_too_complex /schemas/13/schema"])
  })

  test("is one above the limit of values, which the guard and the bundler share", () => {
    const exactly = { enum: Array.from({ length: valuesMax - 2 }, (_, at) => at) }
    expect(checkSchema(exactly).verdict).not.toBe("refused")
    expect(checkSchema({ enum: [...exactly.enum, valuesMax] })).toMatchObject({
      verdict: "refused",
      findings: [{ code: "schema_too_complex" }],
    })
  })

  test("is one whose parts are small and together too large", () => {
    const big = { enum: Array.from({ length: 900 }, (_, at) => at) }
    const parts = ["A", "B", "C"].map((name) => entity(name, big))
    const schema = object(
      Object.fromEntries(parts.map(({ name }) => [name, { $ref: `#${name}:1.0.0` }])),
    )
    expect(found(load(documentWith(schema, ...parts)))).toEqual([
      "schema_too_complex /tools/0/inputSchema",
    ])
  })
})

describe("A loop of schemas that apply to one value", () => {
  test.each<[string, Json]>([
    ["$ref", { $ref: "#A:1.0.0" }],
    ["allOf", { allOf: [{ $ref: "#A:1.0.0" }] }],
    ["not", { not: { $ref: "#A:1.0.0" } }],
    ["if", { if: { $ref: "#A:1.0.0" } }],
    ["dependentSchemas", { dependentSchemas: { x: { $ref: "#A:1.0.0" } } }],
  ])("is found through %s", (_, schema) => {
    const loaded = load(documentWith({ type: "object" }, entity("A", schema)))
    expect(codes(loaded).filter((code) => code === "schema_ref_loop")).toHaveLength(1)
    expect(loaded.catalog).toBeUndefined()
  })

  test("inside one schema is found, too", () => {
    const schema = object(
      { a: { $ref: "#/$defs/A" } },
      {
        $defs: { A: { anyOf: [{ $ref: "#/$defs/B" }] }, B: { $ref: "#/$defs/A" } },
      },
    )
    expect(found(load(documentWith(schema)))).toEqual([
      "schema_ref_loop /tools/0/inputSchema/$defs/A/anyOf/0/$ref",
    ])
  })

  test("is none where it descends into the value", () => {
    const schema = object(
      { a: { $ref: "#/$defs/A" } },
      {
        $defs: { A: { anyOf: [{ properties: { next: { $ref: "#/$defs/A" } } }] } },
      },
    )
    expect(load(documentWith(schema)).problems).toEqual([])
  })
})
