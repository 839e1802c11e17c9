import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { bind } from "../../../src/compose/expr/bind.ts"
import { bindMapping } from "../../../src/compose/expr/bind-mapping.ts"
import { evaluate } from "../../../src/compose/expr/evaluate.ts"
import type { Expr } from "../../../src/compose/expr/expr.ts"
import { keyOf } from "../../../src/compose/expr/values.ts"
import { compileMapping } from "../../../src/compose/mapping.ts"
import { canonical } from "../../../src/schema/canonical.ts"
import type { Json, JsonObject } from "../../../src/schema/json.ts"
import { parseJson } from "../../../src/schema/parse-json.ts"
import { placeIn, scopeOf } from "../../support/exprs.ts"

const hostile = fc.constantFrom<Json>(
  JSON.parse('{"__proto__": {"a": 1}, "constructor": [1]}'),
  "\ud800",
  1e308,
  Array.from({ length: 3000 }, (_, index) => index),
  "x".repeat(70_000),
  nested(600),
)
const json = fc.oneof({ weight: 4, arbitrary: fc.jsonValue() as fc.Arbitrary<Json> }, hostile)

function nested(levels: number): Json {
  let value: Json = 1
  for (let level = 0; level < levels; level++) value = level % 2 === 0 ? [value] : { a: value }
  return value
}

const path = fc.constantFrom(
  "$",
  "$.a",
  "$[0]",
  "$..a",
  "$[*]",
  "$.*.a",
  "$[?@.a > 1]",
  "$['a'][-1]",
  "$[0:2]",
)
const condition = fc.oneof(
  fc.constantFrom(
    "item.a > 1",
    "size(input) > 1",
    "steps.s == 1",
    "has(item.a)",
    "input.exists(x, x == item)",
  ),
  fc.record({ field: path, op: fc.constantFrom("eq", "ne", "gt", "contains", "in"), value: json }),
)
const op: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.constantFrom<JsonObject>({ flatten: true }, { concat: true }, { merge: true }, { limit: 2 }),
  fc.record({ filter: condition as fc.Arbitrary<Json> }),
  fc.record({ sort: fc.record({ field: path, order: fc.constantFrom("asc", "desc") }) }),
  fc.record({ select: fc.record({ x: path }) }),
  fc.record({
    dedupe: fc.record({
      field: path,
      keep: fc.constantFrom("first", "last", "best", "most_complete"),
    }),
  }),
  fc.record({ dedupe: fc.record({ vectors: fc.record({ path }) }) }),
  fc.record({ rrf: fc.record({ field: path, k: fc.nat(3) }) }),
  fc.record({
    vote: fc.record({
      by: fc.constantFrom("highest_weight", "weighted_vote", "quorum", "all"),
      field: path,
    }),
  }),
)

const { binding } = fc.letrec<{ binding: Json }>((tie) => ({
  binding: fc.oneof(
    { maxDepth: 3 },
    fc.record({ path }),
    fc.record({ self: fc.record({ path }) }),
    fc.record({ item: fc.record({ path }) }),
    fc.record({ reference: fc.record({ step: fc.constant("s"), path }) }),
    fc.record({ constant: json }),
    fc.record({
      construct: fc.record({ fields: fc.dictionary(fc.string(), tie("binding"), { maxKeys: 3 }) }),
    }),
    fc.record({ list: fc.array(tie("binding"), { maxLength: 3 }) }),
    fc.record({ merge: fc.array(tie("binding"), { maxLength: 3 }) }),
    fc.record({ coalesce: fc.array(tie("binding"), { maxLength: 3 }) }),
    fc.record({
      template: fc.record({
        template: fc.constant("{a}-{a}"),
        vars: fc.record({ a: tie("binding") }),
      }),
    }),
    fc.record({ concat: fc.record({ paths: fc.array(path, { maxLength: 3 }) }) }),
    fc.record({ each: fc.record({ in: tie("binding"), as: tie("binding") }) }),
    fc.record({ ops: fc.record({ from: tie("binding"), ops: fc.array(op, { maxLength: 3 }) }) }),
    fc.record({
      expr: fc.constantFrom(
        "input",
        "[input, self]",
        "input.a + 1",
        "{'a': item}",
        "input.map(x, x)",
        "steps",
      ),
    }),
  ),
})) as { binding: fc.Arbitrary<Json> }

const sketch = fc.record(
  { input: json, self: json, item: json, index: fc.nat(3), steps: fc.record({ s: json }) },
  { requiredKeys: ["steps"] },
)

describe("Expressions", () => {
  test("yield JSON, nothing, or an error, whatever they are given, and always the same", () => {
    fc.assert(
      fc.property(binding, sketch, (written, given) => {
        const expr = bind(written, placeIn(given))
        const evaluated = evaluate(expr, scopeOf(given))
        if (evaluated.ok) expect(isJson(evaluated.value ?? null)).toBe(true)
        else expect(["binding", "budget"]).toContain(evaluated.error.class)
        const stored = evaluate(parseJson(JSON.stringify(expr)) as Expr, scopeOf(given))
        expect(JSON.stringify(stored)).toBe(JSON.stringify(evaluated)) // where -0 is 0
      }),
      { numRuns: 1500 },
    )
  })

  test("of mappings yield what mappings do", () => {
    const flat = fc.oneof(
      fc.record({ path }),
      fc.record({ literal: json }),
      fc.record({ coalesce: fc.record({ paths: fc.array(path, { maxLength: 3 }) }) }),
      fc.record({
        concat: fc.record({ paths: fc.array(path, { maxLength: 3 }), separator: fc.string() }),
      }),
      fc.record({
        template: fc.record({ template: fc.constant("<{a}|{b}>"), vars: fc.record({ a: path }) }),
      }),
    )
    const fields = fc.dictionary(fc.constantFrom("a", "b", "__proto__"), flat as fc.Arbitrary<Json>)
    const inner = fc.record({ mappings: fields })
    const source = fc.oneof(flat, fc.record({ nested: inner }), fc.record({ path, nested: inner }))
    const mappings = fc.dictionary(fc.constantFrom("x", "y"), source as fc.Arbitrary<Json>)
    fc.assert(
      fc.property(mappings, fc.jsonValue() as fc.Arbitrary<Json>, (written, self) => {
        const transform = { mappings: written }
        const evaluated = evaluate(bindMapping(transform, "self"), scopeOf({ self }))
        expect(evaluated).toMatchObject({ ok: true, value: compileMapping(transform)(self) })
      }),
    )
  })

  test("take values for the same exactly where their canonical JSON is", () => {
    const value = fc.jsonValue() as fc.Arbitrary<Json>
    fc.assert(
      fc.property(value, value, (one, other) => {
        expect(keyOf(one)).toBe(canonical(one))
        expect(keyOf(one) === keyOf(other)).toBe(canonical(one) === canonical(other))
      }),
    )
  })
})

/** JSON proper: nothing that JSON.stringify would change or refuse. */
function isJson(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value)
  if (value === null || ["string", "boolean"].includes(typeof value)) return true
  if (typeof value !== "object") return false
  const isPlain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype
  return isPlain && Object.values(value).every(isJson)
}
