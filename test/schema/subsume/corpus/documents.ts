import type { JsonObject, JsonSchema } from "../../../../src/schema/json.ts"
import type { Row } from "./row.ts"

const draft07 = "http://json-schema.org/draft-07/schema#"
const draft2019 = "https://json-schema.org/draft/2019-09/schema"
const text = { type: "string" }
const whole = { type: "integer" }
const number = { type: "number" }

const chain = (value: JsonSchema, more: JsonObject = {}): JsonObject => ({
  $ref: "#/$defs/link",
  $defs: {
    link: {
      type: "object",
      properties: { value, next: { $ref: "#/$defs/link" } },
      required: ["value"],
      ...more,
    },
  },
})
const tree = (leaf: JsonSchema): JsonObject => ({
  anyOf: [leaf, { type: "array", items: { $ref: "#" } }],
})

/** Two schemas that hold each other, the first with something to say of the second that is looked at last. */
const mutual = (more: JsonObject): JsonObject => ({
  a: { type: "object", properties: { b: { $ref: "#/$defs/b", ...more } } },
  b: { type: "object", properties: { a: { $ref: "#/$defs/a" } } },
})

export const referenceRows: readonly Row[] = [
  [{ $ref: "#/$defs/a", $defs: { a: whole } }, number, "yes"],
  [whole, { $ref: "#/$defs/a", $defs: { a: number } }, "yes"],
  [number, { $ref: "#/$defs/a", $defs: { a: whole } }, "no"],
  [{ $ref: "#/$defs/a", minimum: 3, $defs: { a: whole } }, { minimum: 2 }, "yes"],
  [{ $ref: "#a", $defs: { x: { $anchor: "a", type: "integer" } } }, number, "yes"],
  [
    { $ref: "inner", $defs: { x: { $id: "https://example.com/inner", type: "integer" } }, $id: "https://example.com/outer" },
    number,
    "yes",
  ],
  [chain(whole), chain(number), "yes"],
  [chain(number), chain(whole), "no"],
  [chain(whole), chain(whole, { additionalProperties: false }), "no"],
  [chain(whole, { additionalProperties: false }), chain(number), "yes"],
  [tree(whole), tree(number), "yes"],
  [tree(number), tree(whole), "no"],
  [tree(whole), { type: ["integer", "array"] }, "yes"],
  [{ type: "array", items: whole }, tree(number), "yes"],
  // Nothing finite fits a list that never ends.
  [{ type: "object", properties: { next: { $ref: "#" } }, required: ["next"] }, false, "yes"],
  [{ type: "object", properties: { next: { $ref: "#" } } }, { properties: { next: { type: "object" } } }, "yes"],
  // Two ways of writing one recursion: unrolled once.
  [
    chain(whole),
    {
      type: "object",
      properties: { value: number, next: { $ref: "#/$defs/link" } },
      $defs: { link: { type: "object", properties: { value: number, next: { $ref: "#/$defs/link" } } } },
    },
    "yes",
  ],
  // What was concluded while the whole was assumed must be forgotten when the whole turns out wrong.
  [
    { type: "object", properties: { x: { $ref: "#/$defs/a" } }, $defs: mutual({}) },
    {
      anyOf: [
        { properties: { x: { $ref: "#/$defs/a" } } },
        { properties: { x: { properties: { b: { $ref: "#/$defs/b" } } } } },
      ],
      $defs: mutual({ not: { required: ["q"] } }),
    },
    "no",
  ],
  [{ $ref: "https://example.com/elsewhere" }, true, "unknown"],
  [true, { $ref: "#/nowhere" }, "unknown"],
  [{ $ref: "#" }, true, "unknown"],
] // biome-ignore format: rows

export const dialectRows: readonly Row[] = [
  [{ $schema: draft07, type: "array", items: [text, whole] }, { prefixItems: [text, number] }, "yes"],
  [{ $schema: draft07, type: "array", items: [text], additionalItems: false }, { maxItems: 1 }, "yes"],
  [{ type: "array", prefixItems: [text], items: false }, { $schema: draft07, items: [text], additionalItems: false }, "yes"],
  [{ $schema: draft07, type: "array", items: text, additionalItems: false }, { maxItems: 1 }, "no"],
  [{ $schema: draft07, type: "array", prefixItems: [text] }, { prefixItems: [text] }, "no"],
  [{ $schema: draft2019, type: "array", items: [whole], additionalItems: whole }, { items: number }, "yes"],
  [{ $schema: draft07, dependencies: { a: ["b"] } }, { dependentRequired: { a: ["b"] } }, "yes"],
  [{ dependentRequired: { a: ["b"] } }, { $schema: draft07, dependencies: { a: { required: ["b"] } } }, "yes"],
  [{ $schema: draft07, dependentRequired: { a: ["b"] } }, { dependentRequired: { a: ["b"] } }, "no"],
  [{ $schema: draft07, type: "array", contains: whole, minContains: 2 }, { contains: whole, minContains: 2 }, "no"],
  [{ $schema: draft07, definitions: { a: whole }, $ref: "#/definitions/a" }, number, "yes"],
  [{ $schema: draft07, definitions: { a: number }, $ref: "#/definitions/a", type: "integer" }, whole, "yes"],
  [{ $schema: "http://json-schema.org/draft-04/schema#" }, true, "unknown"],
] // biome-ignore format: rows

export const opaqueRows: readonly Row[] = [
  [
    { type: "object", properties: { a: text }, unevaluatedProperties: false },
    { type: "object", properties: { a: text }, unevaluatedProperties: false },
    "yes",
  ],
  [
    { title: "one", type: "object", properties: { a: text }, unevaluatedProperties: false },
    { title: "other", type: "object", properties: { a: text }, unevaluatedProperties: false },
    "yes",
  ],
  [
    { type: "object", properties: { a: text }, additionalProperties: false },
    { properties: { a: text }, unevaluatedProperties: false },
    "unknown",
  ],
  [{ type: "object", unevaluatedProperties: false }, { type: "object" }, "yes"],
  [text, { unevaluatedProperties: false }, "yes"],
  [{ type: "object" }, { unevaluatedProperties: true }, "yes"],
  [{ $dynamicRef: "#a", $defs: { x: { $dynamicAnchor: "a", type: "string" } } }, text, "unknown"],
  // The target of the one reference must not pass for that of the other: {"k": 5} fits the first.
  [
    {
      properties: { k: { $ref: "#/$defs/a", $dynamicRef: "#x" } },
      $defs: { a: { minimum: 0 }, b: { $dynamicAnchor: "x", type: "string" } },
    },
    { properties: { k: text } },
    "no",
  ],
  [{ type: "object", patternProperties: { "^a": text }, oneOf: [true] }, { type: "object" }, "yes"],
] // biome-ignore format: rows
