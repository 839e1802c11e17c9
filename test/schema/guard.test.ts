import { describe, expect, test } from "vitest"
import { checkSchema, type SchemaCheck } from "../../src/schema/guard.ts"
import type { JsonObject, JsonSchema } from "../../src/schema/json.ts"

/** `verdict`, or the codes and places of what was found. */
function summary(check: SchemaCheck): string {
  if (check.verdict !== "refused") return check.verdict
  return check.findings.map(({ code, at }) => `${code} ${at}`).join(", ")
}

const judge = (schema: JsonSchema) => summary(checkSchema(schema))
const parse = (text: string): JsonObject => JSON.parse(text)
const times = <Item>(count: number, make: (index: number) => Item): Item[] =>
  Array.from({ length: count }, (_, index) => make(index))
const named = (count: number, make: (index: number) => JsonSchema): JsonObject =>
  Object.fromEntries(times(count, (index) => [`p${index}`, make(index)]))

/** `levels` definitions, each `anyOf` of two references to the next. */
function doubling(levels: number, keyword: string): JsonObject {
  const next = (index: number) => ({ $ref: `#/$defs/p${index + 1}` })
  const $defs = named(levels, (index) => ({ [keyword]: [next(index), next(index)] }))
  return { $ref: "#/$defs/p0", $defs: { ...$defs, [`p${levels}`]: { type: "string" } } }
}

describe("schemas of real tools", () => {
  const plain: readonly (readonly [string, JsonSchema])[] = [
    ["true", true],
    ["an empty one", {}],
    [
      "objects in arrays in objects",
      {
        type: "object",
        properties: {
          query: { type: "string", minLength: 1 },
          filters: { type: "array", items: { type: "object", properties: { a: { enum: ["x"] } } } },
          limit: { type: ["integer", "null"], minimum: 1, maximum: 100, default: 10 },
        },
        required: ["query"],
        additionalProperties: false,
      },
    ],
    [
      "a recursive tree",
      {
        $defs: {
          node: {
            type: "object",
            properties: { value: {}, children: { type: "array", items: { $ref: "#/$defs/node" } } },
          },
        },
        $ref: "#/$defs/node",
      },
    ],
    [
      "draft-07 with a list of items",
      {
        $schema: "http://json-schema.org/draft-07/schema#",
        items: [{ type: "string" }, { type: "integer" }],
        additionalItems: false,
        definitions: { a: { $id: "#anchor" } },
        properties: { x: { $ref: "#anchor" } },
      },
    ],
    ["draft-06, with https and no #", { $schema: "https://json-schema.org/draft-06/schema" }],
    [
      "2019-09",
      {
        $schema: "https://json-schema.org/draft/2019-09/schema",
        $recursiveAnchor: true,
        properties: { next: { $recursiveRef: "#" } },
      },
    ],
    [
      "ids, anchors and relative references",
      {
        $id: "https://example.com/tool.json",
        properties: {
          a: { $ref: "part.json#/$defs/inner" },
          b: { $ref: "#named" },
          c: { $ref: "https://example.com/tool.json#/$defs/named" },
        },
        $defs: {
          part: { $id: "part.json", $defs: { inner: { type: "null" } } },
          named: { $anchor: "named" },
        },
      },
    ],
    [
      "a dynamic anchor",
      {
        $dynamicAnchor: "node",
        properties: { children: { items: { $dynamicRef: "#node" } } },
      },
    ],
    [
      "a reference into an unknown keyword, with escapes",
      {
        "x-shared": { "a/b ~ %": { type: "integer" } },
        $ref: "#/x-shared/a~1b%20~0%20%25",
      },
    ],
    ["unknown keywords and formats", { "x-order": [1, { type: 7 }], format: "postal-code" }],
    [
      "a property with the name of a keyword",
      {
        properties: { required: { type: "boolean" }, $async: { type: "string" }, id: {}, $ref: {} },
      },
    ],
    ["a pattern that needs no u flag", { pattern: "^[\\w-.]+$" }],
  ]
  test.each(plain)("%s is plain", (_, schema) => {
    expect(judge(schema)).toBe("plain")
  })

  test("a filter language of ten node kinds is risky, not refused", () => {
    const kinds = times(10, (index) => ({
      type: "object",
      properties: { op: { const: `op${index}` }, args: { items: { $ref: "#/$defs/filter" } } },
    }))
    expect(judge({ $ref: "#/$defs/filter", $defs: { filter: { oneOf: kinds } } })).toBe("risky")
  })

  test("the work of a plain recursive schema does not grow with depth", () => {
    const check = checkSchema({
      $ref: "#/$defs/n",
      $defs: { n: { properties: { a: { $ref: "#/$defs/n" }, b: { $ref: "#/$defs/n" } } } },
    })
    expect(check).toMatchObject({ verdict: "plain" })
    expect("work" in check && Math.max(...check.work)).toBeLessThan(10)
  })
})

describe("hostile schemas", () => {
  const recursive = (branches: number, keyword: string) => ({
    $ref: "#/$defs/n",
    $defs: {
      n: { [keyword]: times(branches, () => ({ properties: { c: { $ref: "#/$defs/n" } } })) },
    },
  })
  const nest = (levels: number, leaf: JsonSchema): JsonSchema =>
    levels === 0 ? leaf : { not: nest(levels - 1, leaf) }

  const families: readonly (readonly [string, JsonSchema, string])[] = [
    ["nested anyOf of two references", doubling(22, "anyOf"), "schema_too_complex /$defs/p11"],
    ["nested allOf of two references", doubling(60, "allOf"), "schema_too_complex /$defs/p49"],
    ["recursive doubling through properties", recursive(2, "anyOf"), "risky"],
    ["recursive doubling through oneOf", recursive(3, "oneOf"), "risky"],
    [
      "doubling by two patterns",
      { patternProperties: { "^a": { $ref: "#" }, a$: { $ref: "#" } }, type: ["object", "null"] },
      "risky",
    ],
    [
      "doubling by a name and a pattern",
      { properties: { a: { $ref: "#" } }, patternProperties: { "^a": { $ref: "#" } } },
      "risky",
    ],
    ["doubling by items and contains", { items: { $ref: "#" }, contains: { $ref: "#" } }, "risky"],
    [
      "doubling by dependentSchemas",
      { dependentSchemas: { a: { items: { $ref: "#" } } }, items: { $ref: "#" } },
      "risky",
    ],
    [
      "a loop of references",
      { $ref: "#/$defs/a", $defs: { a: { $ref: "#/$defs/a" } } },
      "schema_ref_loop /$defs/a",
    ],
    [
      "a loop through not and if",
      { $defs: { a: { not: { $ref: "#/$defs/b" } }, b: { if: { $ref: "#/$defs/a" } } } },
      "schema_ref_loop /$defs/a",
    ],
    [
      "a loop through $dynamicRef",
      { $dynamicAnchor: "a", allOf: [{ $dynamicRef: "#a" }] },
      "schema_ref_loop ",
    ],
    ["2,001 values", { enum: times(2_001, (index) => index) }, "schema_too_complex "],
    ["128 KiB of text", { description: "x".repeat(132_000) }, "schema_too_complex "],
    ["65 levels", nest(65, {}), `schema_too_complex ${"/not".repeat(65)}`],
    [
      "100,000 levels",
      parse(`${'{"not":'.repeat(1e5)}{}${"}".repeat(1e5)}`),
      `schema_too_complex ${"/not".repeat(65)}`,
    ],
    ["a long key", { properties: { ["k".repeat(513)]: {} } }, "schema_too_complex /properties"],
    ["$async", { properties: { a: { $async: true } } }, "schema_invalid /properties/a/$async"],
    ["$async behind a reference", { $ref: "#/x", x: { $async: true } }, "schema_invalid /x/$async"],
    [
      "a property __proto__",
      parse('{"properties":{"__proto__":{}}}'),
      "schema_invalid /properties",
    ],
    ["half a surrogate pair", { description: "\ud800" }, "schema_invalid /description"],
  ]
  test.each(families)("%s", (_, schema, expected) => {
    expect(judge(schema)).toBe(expected)
  })

  test("200 references to 200 properties are understood, and their sum is small", () => {
    const big = { properties: named(200, () => ({ $ref: "#/$defs/leaf" })) }
    const schema = {
      properties: named(200, () => ({ $ref: "#/$defs/big" })),
      $defs: { big, leaf: { type: "string" } },
    }
    expect(judge(schema)).toBe("plain")
  })

  test("a schema that would keep the guard itself busy is refused", () => {
    // Every definition applies 150 others in place and leads to another by items: 190 closures of some 300 ways.
    const leaves = times(150, (index) => ({ $ref: `#/$defs/leaf${index}` }))
    const $defs = {
      all: { allOf: leaves },
      ...Object.fromEntries(leaves.map((_, index) => [`leaf${index}`, { minLength: index }])),
      ...named(250, (index) => ({
        allOf: [{ $ref: "#/$defs/all" }],
        items: { $ref: `#/$defs/p${(index + 1) % 250}` },
      })),
    }
    expect(judge({ $ref: "#/$defs/p0", $defs })).toBe("schema_too_complex ")
  })
})

describe("references", () => {
  const foreign: readonly (readonly [string, string])[] = [
    ["http://169.254.169.254/latest/meta-data", "ref_external /$ref"],
    ["https://json-schema.org/draft/2020-12/schema", "ref_external /$ref"],
    ["file:///etc/passwd", "ref_external /$ref"],
    ["other.json", "ref_external /$ref"],
    ["#/$defs/missing", "ref_invalid /$ref"],
    ["#missing", "ref_invalid /$ref"],
    ["#/toString", "ref_invalid /$ref"],
    ["#/$defs/%zz", "ref_invalid /$ref"],
    ["#/enum", "ref_invalid /$ref"],
    ["#/enum/length", "ref_invalid /$ref"],
    ["#/title", "ref_invalid /$ref"],
  ]
  test.each(foreign)("%s is refused", (reference, expected) => {
    expect(judge({ $ref: reference, enum: [1], title: "x", $defs: {} })).toBe(expected)
  })

  test("another schema's $id is out of reach, even after that schema was seen", () => {
    expect(judge({ $id: "https://tenant.example/a", type: "string" })).toBe("plain")
    expect(judge({ $ref: "https://tenant.example/a" })).toBe("ref_external /$ref")
  })

  test("two schemas of one name are refused", () => {
    const twins = { $defs: { a: { $id: "same" }, b: { $id: "same" } } }
    expect(judge(twins)).toBe("schema_invalid /$defs/b")
    expect(judge({ $defs: { a: { $anchor: "x" }, b: { $anchor: "x" } } })).toBe(
      "schema_invalid /$defs/b",
    )
  })
})

describe("schemas that are not JSON Schema", () => {
  const wrong: readonly (readonly [JsonObject, string, string | undefined])[] = [
    [{ properties: { a: { required: true } } }, "/properties/a/required", "lists names"],
    [{ exclusiveMinimum: true, minimum: 0 }, "/exclusiveMinimum", "instead of minimum: 0"],
    [{ items: [{}] }, "/items", "prefixItems"],
    [{ id: "x" }, "/id", "$id"],
    [{ nullable: true }, "/nullable", '["string", "null"]'],
    [{ type: "strng" }, "/type", '"string"'],
    [{ type: "int" }, "/type", '"integer"'],
    [{ type: "any" }, "/type", "leave type out"],
    [{ type: ["string", null] }, "/type", '"null"'],
    [{ type: [] }, "/type", undefined],
    [{ minLength: "10" }, "/minLength", "10 without quotes"],
    [{ maxItems: -1 }, "/maxItems", undefined],
    [{ multipleOf: 0 }, "/multipleOf", undefined],
    [{ enum: [] }, "/enum", undefined],
    [{ required: ["a", "a"] }, "/required", undefined],
    // Else {} would pass for valid: the compiled check forgets a missing member whose name is empty.
    [{ required: ["a", ""] }, "/required", undefined],
    [{ dependentRequired: { a: [""] } }, "/dependentRequired", undefined],
    [{ dependencies: { a: [""] } }, "/dependencies", undefined],
    [{ properties: [] }, "/properties", "from names to schemas"],
    [{ properties: { a: "string" } }, "/properties/a", '{ "type": "string" }'],
    [{ anyOf: [] }, "/anyOf", undefined],
    [{ allOf: {} }, "/allOf", undefined],
    [{ not: [] }, "/not", undefined],
    [{ pattern: "(" }, "/pattern", undefined],
    [{ patternProperties: { "[": {} } }, "/patternProperties/[", undefined],
    [{ dependentRequired: { a: "b" } }, "/dependentRequired", undefined],
    [{ dependencies: { a: [1] } }, "/dependencies", undefined],
    [{ $anchor: "1 2" }, "/$anchor", undefined],
    [{ $schema: "http://json-schema.org/draft-04/schema#" }, "/$schema", "2020-12"],
    [{ $schema: 5 }, "/$schema", "2020-12"],
    [
      { $defs: { a: { $schema: "http://json-schema.org/draft-07/schema#" } } },
      "/$defs/a/$schema",
      undefined,
    ],
  ]
  test.each(wrong)("%j", (schema, at, hint) => {
    const check = checkSchema(schema)
    expect(summary(check)).toBe(`schema_invalid ${at}`)
    const said = check.verdict === "refused" ? check.findings[0]?.hint : undefined
    if (hint === undefined) expect(said ?? "").toEqual(expect.any(String))
    else expect(said).toContain(hint)
  })

  test("an array of items belongs to draft-07, where exclusiveMinimum: true does not", () => {
    const $schema = "http://json-schema.org/draft-07/schema#"
    expect(judge({ $schema, items: [{}] })).toBe("plain")
    expect(judge({ $schema, exclusiveMinimum: true })).toBe("schema_invalid /exclusiveMinimum")
  })

  test("all mistakes are found, in the order of the document, up to twenty", () => {
    const check = checkSchema({ properties: named(30, () => ({ type: "x" })) })
    expect(check.verdict === "refused" && check.findings.map(({ at }) => at)).toEqual(
      times(20, (index) => `/properties/p${index}/type`),
    )
  })
})

test("a schema is examined once: the same object gets the same answer", () => {
  const schema = { type: "string" }
  expect(checkSchema(schema)).toBe(checkSchema(schema))
})
