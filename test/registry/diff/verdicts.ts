import type { Verdict } from "../../../src/registry/diff/level.ts"
import type { JsonObject, JsonSchema } from "../../../src/schema/json.ts"

/** A change of a schema, why it is what it is, and what it is where callers send it and where they are sent it. */
export type Row = readonly [
  why: string,
  old: JsonObject,
  next: JsonObject,
  input: Verdict,
  output: Verdict,
]

/** Objects with one member `x`, which must be there. */
const x = (schema: JsonSchema): JsonObject => closed({ x: schema }, ["x"])
const open = (properties: JsonObject, required: readonly string[] = []): JsonObject => ({
  type: "object",
  properties,
  required,
})
const closed = (properties: JsonObject, required: readonly string[] = []): JsonObject => ({
  ...open(properties, required),
  additionalProperties: false,
})
const string = { type: "string" }
const integer = { type: "integer" }
const number = { type: "number" }
const texts = (...values: readonly string[]) => ({ enum: values })

const requiredAndOptional: readonly Row[] = [
  ["a field becomes required: calls without it are refused, answers always have it", closed({ a: string }), closed({ a: string }, ["a"]), "breaking", "compatible"],
  ["a field is no longer required: calls need not have it, answers may lack it", closed({ a: string }, ["a"]), closed({ a: string }), "compatible", "breaking"],
  ["a required field is new: no old call has it; answers that are closed to it may now have it", closed({ a: string }), closed({ a: string, b: string }, ["b"]), "breaking", "breaking"],
  ["a required field is new to an open schema: no old call has it; who reads answers ignores what it does not know", open({ a: string }), open({ a: string, b: string }, ["b"]), "breaking", "compatible"],
  ["an optional field is new to a closed schema: old calls stay fine; a closed reader is sent what it does not take", closed({ a: string }), closed({ a: string, b: string }), "compatible", "breaking"],
  ["an optional field is new to an open schema: who never heard of it does not send it; answers only say more", open({ a: string }), open({ a: string, b: string }), "compatible", "compatible"],
  ["an optional field leaves a closed schema: old calls that send it are refused; answers lack what they might lack", closed({ a: string, b: string }), closed({ a: string }), "breaking", "compatible"],
  ["an optional field leaves an open schema: it may still be sent; answers say nothing of it and nobody relies on more", open({ a: string, b: string }), open({ a: string }), "compatible", "compatible"],
  ["a required field leaves an open schema: it need not be sent; answers may lack what they had", open({ a: string }, ["a"]), open({}), "compatible", "breaking"],
  ["a field is renamed: calls have the old name, answers the new one", closed({ a: string }, ["a"]), closed({ b: string }, ["b"]), "breaking", "breaking"],
] // biome-ignore format: a table

const types: readonly Row[] = [
  ["integer becomes number: every integer is one, and not the other way round", x(integer), x(number), "compatible", "breaking"],
  ["number becomes integer: halves are refused, and no longer come", x(number), x(integer), "breaking", "compatible"],
  ["string becomes integer: neither is the other", x(string), x(integer), "breaking", "breaking"],
  ["null is allowed as well", x(string), x({ type: ["string", "null"] }), "compatible", "breaking"],
  ["null is no longer allowed", x({ type: ["string", "null"] }), x(string), "breaking", "compatible"],
  ["a list of types is written as anyOf", x({ type: ["string", "integer"] }), x({ anyOf: [string, integer] }), "words", "words"],
  ["a type is said where none was", x({}), x(string), "breaking", "compatible"],
  ["anything is allowed where a type was said", x(string), x(true), "compatible", "breaking"],
  ["one value becomes a list of it", x(string), x({ type: "array", items: string }), "breaking", "breaking"],
] // biome-ignore format: a table

const values: readonly Row[] = [
  ["an enum has one value more", x(texts("a", "b")), x(texts("a", "b", "c")), "compatible", "breaking"],
  ["an enum has one value less", x(texts("a", "b", "c")), x(texts("a", "b")), "breaking", "compatible"],
  ["an enum is put in another order", x(texts("a", "b")), x(texts("b", "a")), "words", "words"],
  ["an enum replaces a string: other strings are refused, and no longer come", x(string), x(texts("a")), "breaking", "compatible"],
  ["a const becomes an enum of one", x({ const: 1 }), x({ enum: [1] }), "words", "words"],
  ["a const becomes another", x({ const: 1 }), x({ const: 2 }), "breaking", "breaking"],
  ["1 and 1.0 are one number", x({ const: 1 }), x({ enum: [1.0] }), "words", "words"],
] // biome-ignore format: a table

const bounds: readonly Row[] = [
  ["a minimum is raised", x({ ...number, minimum: 0 }), x({ ...number, minimum: 1 }), "breaking", "compatible"],
  ["a maximum is raised", x({ ...number, maximum: 9 }), x({ ...number, maximum: 10 }), "compatible", "breaking"],
  ["a bound leaves out its own value", x({ ...number, minimum: 0 }), x({ ...number, exclusiveMinimum: 0 }), "breaking", "compatible"],
  ["integers above 0 are those from 1", x({ ...integer, exclusiveMinimum: 0 }), x({ ...integer, minimum: 1 }), "words", "words"],
  ["every multiple of 4 is one of 2", x({ ...integer, multipleOf: 4 }), x({ ...integer, multipleOf: 2 }), "compatible", "breaking"],
  ["a text may be longer", x({ ...string, maxLength: 10 }), x({ ...string, maxLength: 20 }), "compatible", "breaking"],
  ["a text must not be empty", x(string), x({ ...string, minLength: 1 }), "breaking", "compatible"],
  ["a list may have more items", x({ type: "array", maxItems: 2 }), x({ type: "array", maxItems: 3 }), "compatible", "breaking"],
  ["items must differ", x({ type: "array", items: integer }), x({ type: "array", items: integer, uniqueItems: true }), "breaking", "compatible"],
  ["a pattern is asked for", x(string), x({ ...string, pattern: "^[a-z]+$" }), "breaking", "compatible"],
  ["a pattern is no longer asked for", x({ ...string, pattern: "^[a-z]+$" }), x(string), "compatible", "breaking"],
  ["a pattern takes more: whether one pattern takes all that another does is not decided; a text that only one takes is found", x({ ...string, pattern: "^[a-z]+$" }), x({ ...string, pattern: "^[a-z-]+$" }), "undecided", "breaking"],
  ["a format is asked for, and formats are checked", x(string), x({ ...string, format: "date" }), "breaking", "compatible"],
  ["one format becomes another", x({ ...string, format: "date" }), x({ ...string, format: "date-time" }), "breaking", "breaking"],
] // biome-ignore format: a table

const objects: readonly Row[] = [
  ["a schema is closed: calls with other fields are refused, answers have none", open({ a: string }), closed({ a: string }), "breaking", "compatible"],
  ["a schema is opened: other fields are taken, and may come", closed({ a: string }), open({ a: string }), "compatible", "breaking"],
  ["other fields must be texts", open({ a: string }), { ...open({ a: string }), additionalProperties: string }, "breaking", "compatible"],
  ["a field inside a field becomes required", x(closed({ a: string })), x(closed({ a: string }, ["a"])), "breaking", "compatible"],
  ["an optional field inside an open field is new", x(open({ a: string })), x(open({ a: string, b: string })), "compatible", "compatible"],
  ["items of a list have one optional field more, and are open", x({ type: "array", items: open({ a: string }) }), x({ type: "array", items: open({ a: string, b: string }) }), "compatible", "compatible"],
  ["a field needs another one beside it", closed({ a: string, b: string }), { ...closed({ a: string, b: string }), dependentRequired: { a: ["b"] } }, "breaking", "compatible"],
  ["a field is moved behind a reference", x(string), { ...x({ $ref: "#/$defs/T" }), $defs: { T: string } }, "words", "words"],
  ["what a reference leads to is narrowed", { ...x({ $ref: "#/$defs/T" }), $defs: { T: string } }, { ...x({ $ref: "#/$defs/T" }), $defs: { T: texts("a") } }, "breaking", "compatible"],
  ["fields are spread over allOf", closedBoth(), { allOf: [open({ a: string }, ["a"]), open({ b: string }, ["b"])], type: "object" }, "compatible", "breaking"],
  ["a schema that refers to itself has a further optional field in each turn", tree({}), tree({ note: string }), "compatible", "compatible"],
] // biome-ignore format: a table

const branches: readonly Row[] = [
  ["oneOf has one branch more, of another type", x({ oneOf: [string, integer] }), x({ oneOf: [string, integer, { type: "boolean" }] }), "compatible", "breaking"],
  ["oneOf has one branch less", x({ oneOf: [string, integer] }), x({ oneOf: [string] }), "breaking", "compatible"],
  ["branches of oneOf are put in another order", x({ oneOf: [string, integer] }), x({ oneOf: [integer, string] }), "words", "words"],
  ["a branch of oneOf overlaps another: what fits both fits neither", x({ oneOf: [integer, string] }), x({ oneOf: [integer, number, string] }), "breaking", "breaking"],
  ["a branch that is told by a constant has one field more", x({ oneOf: [closed({ kind: { const: "a" } }, ["kind"]), closed({ kind: { const: "b" } }, ["kind"])] }), x({ oneOf: [closed({ kind: { const: "a" }, n: integer }, ["kind"]), closed({ kind: { const: "b" } }, ["kind"])] }), "compatible", "breaking"],
  ["something is forbidden", x(string), x({ ...string, not: { const: "root" } }), "breaking", "compatible"],
] // biome-ignore format: a table

const words: readonly Row[] = [
  ["descriptions, titles, examples and defaults are words", x(string), x({ ...string, title: "T", description: "d", default: "a", examples: ["a"] }), "words", "words"],
  ["the order of fields and of required ones means nothing", closed({ a: string, b: string }, ["a", "b"]), closed({ b: string, a: string }, ["b", "a"]), "words", "words"],
] // biome-ignore format: a table

function closedBoth(): JsonObject {
  return closed({ a: string, b: string }, ["a", "b"])
}

function tree(more: JsonObject): JsonObject {
  return open({ value: integer, children: { type: "array", items: { $ref: "#" } }, ...more })
}

/** Every answer is known beforehand: none was written down from what the program said. */
export const rows: readonly Row[] = [
  ...requiredAndOptional,
  ...types,
  ...values,
  ...bounds,
  ...objects,
  ...branches,
  ...words,
]
