import type { JsonObject } from "../../../../src/schema/json.ts"
import { condition, type Row } from "./row.ts"

const text = { type: "string" }
const whole = { type: "integer" }
const number = { type: "number" }
const tagged = (kind: string, properties: JsonObject = {}, more: JsonObject = {}): JsonObject => ({
  type: "object",
  properties: { kind: { const: kind }, ...properties },
  required: ["kind", ...Object.keys(properties)],
  ...more,
})

export const branchRows: readonly Row[] = [
  [{ allOf: [text, { minLength: 2 }] }, { type: "string", minLength: 1 }, "yes"],
  [{ type: "string", minLength: 2 }, { allOf: [text, { minLength: 1 }] }, "yes"],
  [text, { allOf: [text, { minLength: 1 }] }, "no"],
  [{ allOf: [text, whole] }, false, "yes"],
  [{ anyOf: [text, whole] }, { type: ["string", "number"] }, "yes"],
  [{ type: ["string", "integer"] }, { anyOf: [text, number] }, "yes"],
  [{ anyOf: [text, number] }, { type: ["string", "integer"] }, "no"],
  [{ anyOf: [text, whole] }, { anyOf: [number, text, { type: "null" }] }, "yes"],
  [text, { anyOf: [whole, { type: "null" }] }, "no"],
  [
    { anyOf: [{ type: "string", format: "date" }, { type: "null" }] },
    { type: ["string", "null"] },
    "yes",
  ],
  [{ type: "number" }, { anyOf: [{ minimum: 0 }, { maximum: 0 }] }, "yes"],
  [{ type: "number" }, { anyOf: [{ minimum: 1 }, { maximum: 0 }] }, "no"],
  [{ type: "integer" }, { anyOf: [{ minimum: 1 }, { maximum: 0 }] }, "yes"],
  [text, { anyOf: [{ maxLength: 5 }, { minLength: 6 }] }, "yes"],
  [text, { oneOf: [{ maxLength: 5 }, { minLength: 6 }] }, "yes"],
  [text, { oneOf: [{ maxLength: 5 }, { minLength: 5 }] }, "no"],
  [{ oneOf: [text, whole] }, { anyOf: [text, whole] }, "yes"],
  [{ anyOf: [text, whole] }, { oneOf: [text, whole] }, "yes"],
  [{ anyOf: [whole, number] }, { oneOf: [whole, number] }, "no"],
  [whole, { oneOf: [whole, number] }, "no"],
  [{ oneOf: [whole, number] }, { not: whole }, "yes"],
  [{ oneOf: [whole, number] }, number, "yes"],
  [tagged("a"), { oneOf: [tagged("a"), tagged("b")] }, "yes"],
  [tagged("c"), { oneOf: [tagged("a"), tagged("b")] }, "no"],
  [
    { oneOf: [tagged("a", { x: whole }), tagged("b", { y: text })] },
    { oneOf: [tagged("b", { y: text }), tagged("a", { x: number })] },
    "yes",
  ],
  [
    { oneOf: [tagged("a", { x: number }), tagged("b", { y: text })] },
    { oneOf: [tagged("b", { y: text }), tagged("a", { x: whole })] },
    "no",
  ],
  [
    { oneOf: [tagged("a"), tagged("b"), tagged("c")] },
    { oneOf: [tagged("a"), tagged("b")] },
    "no",
  ],
  [
    { oneOf: [tagged("a"), tagged("b")] },
    { type: "object", properties: { kind: { enum: ["a", "b"] } }, required: ["kind"] },
    "yes",
  ],
  [
    { type: "object", properties: { kind: { enum: ["a", "b"] } }, required: ["kind"] },
    { oneOf: [tagged("a"), tagged("b")] },
    "yes",
  ],
  [
    { type: "object", properties: { kind: { enum: ["a", "b", "c"] } }, required: ["kind"] },
    { oneOf: [tagged("a"), tagged("b")] },
    "no",
  ],
  [
    { type: "object", properties: { v: { type: ["string", "null"] } } },
    { anyOf: [{ properties: { v: text } }, { properties: { v: { type: "null" } } }] },
    "yes",
  ],
  [{ type: "object" }, { anyOf: [{ required: ["a"] }, { properties: { a: false } }] }, "yes"],
  [{ type: "object" }, { anyOf: [{ required: ["a"] }, { required: ["b"] }] }, "no"],
  [{ type: "object", required: ["b"] }, { anyOf: [{ required: ["a"] }, { required: ["b"] }] }, "yes"],
  [text, { not: whole }, "yes"],
  [whole, { not: number }, "no"],
  [{ not: text }, { type: ["number", "object", "array", "boolean", "null"] }, "yes"],
  [{ not: { type: ["string", "null"] } }, { not: text }, "yes"],
  [{ not: text }, { not: { type: ["string", "null"] } }, "no"],
  [{ type: "integer", not: { const: 3 } }, { not: { const: 3 } }, "yes"],
  [{ type: "integer", minimum: 1, maximum: 3, not: { const: 3 } }, { enum: [1, 2] }, "yes"],
  [{ type: "number", not: { minimum: 5 } }, { exclusiveMaximum: 5 }, "yes"],
  [{ type: "string", not: { maxLength: 2 } }, { minLength: 3 }, "yes"],
  [{ type: "object", not: { required: ["a"] } }, { properties: { a: false } }, "yes"],
  [{ type: "object", not: { required: ["a"] } }, { not: { required: ["a", "b"] } }, "yes"],
  [{ type: "object", required: ["a"] }, { not: { properties: { a: false } } }, "yes"],
  [{ enum: ["a", "b"] }, { not: { enum: ["c"] } }, "yes"],
  [
    condition(text, { so: { minLength: 1 }, otherwise: whole }),
    { anyOf: [{ type: "string", minLength: 1 }, number] },
    "yes",
  ],
  [{ type: "string", minLength: 2 }, condition(text, { so: { minLength: 1 } }), "yes"],
  [text, condition({ maxLength: 3 }, { so: { pattern: "^a" } }), "no"],
  [whole, condition(text, { so: false }), "yes"],
  [whole, condition(text, { otherwise: number }), "yes"],
  [whole, condition(number, { so: { minimum: 0 } }), "no"],
  [
    tagged("a", { x: whole }),
    condition({ properties: { kind: { const: "a" } } }, { so: { required: ["x"] }, otherwise: false }),
    "yes",
  ],
  [
    { type: "object", ...condition({ required: ["a"] }, { so: { required: ["b"] } }) },
    { dependentRequired: { a: ["b"] } },
    "yes",
  ],
  [
    { type: "object", dependentRequired: { a: ["b"] } },
    condition({ required: ["a"] }, { so: { required: ["b"] } }),
    "yes",
  ],
] // biome-ignore format: rows
