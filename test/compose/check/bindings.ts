import fc from "fast-check"
import type { Json, JsonObject } from "../../../src/schema/json.ts"
import { instance } from "../../schema/subsume/arbitrary.ts"

/** Paths into the values that `instance` makes. */
const path = fc.constantFrom(
  ...["$", "$", "$.a", "$.b", "$.c", "$['x-a']", "$.a.b", "$.b.a", "$[0]", "$[-1]", "$.a[0]"],
  ...["$[*]", "$.a[*]", "$[*].a", "$.*", "$.*.b", "$[0:2]", "$[::-1]", "$.b[1:3].a", "$[0,1]"],
  ...["$..a", "$[?@.a]", "$[?@.a == 1].b", "$['a','b']"],
)

const condition = fc.oneof(
  fc.constantFrom("item.a > 1", "has(item.a)", "item == 1", "true", "size(item) > 0"),
  fc.record({
    field: path,
    op: fc.constantFrom("eq", "ne", "gt", "lte", "contains", "in"),
    value: instance,
  }),
)

const op: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.constantFrom<JsonObject>({ flatten: true }, { concat: true }, { merge: true }, { limit: 2 }),
  fc.record({ filter: condition as fc.Arbitrary<Json> }),
  fc.record({ sort: fc.record({ field: path }) }),
  fc.record({ select: fc.record({ x: path, y: path }) }),
  fc.record({ dedupe: fc.record({ field: path }) }),
  fc.record({ rrf: fc.record({ field: path }) }),
  fc.record({
    vote: fc.record({ by: fc.constantFrom("highest_weight", "weighted_vote", "all"), field: path }),
  }),
)

/** Expressions of every kind of value, and some that mix whole numbers and fractions. */
const expression = fc.constantFrom(
  ...["input", "input.a", "self", "[input, self]", "{'a': item}", "steps.s", "'a' + input.b"],
  ...["size(input)", "size(input) + 0.5", "1 + 0.5", "input.a + 1", "input.a % 2", "5 / 2"],
  ...["input.map(x, x)", "input.exists(x, x == 1)", "has(input.a) ? input.a : self", "null"],
  ...["[1, 2].map(x, x + 0.5)", "double(size(input))", "int(input.a)", "string(input.a)"],
  ...["cel.bind(x, input.a, [x])", "input.?a.orValue(0)", "optional.none()", "{'a': 1, 'b': 'x'}"],
)

const at = fc.record({ path })

/** Bindings of every kind, over the values that `instance` makes and a step `s`. */
export const binding: fc.Arbitrary<Json> = fc.letrec<{ binding: Json }>((tie) => ({
  binding: fc.oneof(
    { maxDepth: 3 },
    at,
    fc.record({ self: at }),
    fc.record({ item: at }),
    fc.record({ reference: fc.record({ step: fc.constant("s"), path }) }),
    fc.record({ constant: instance }),
    fc.record({
      construct: fc.record({
        fields: fc.dictionary(fc.constantFrom("a", "b", "x"), tie("binding"), { maxKeys: 3 }),
      }),
    }),
    fc.record({ list: fc.array(tie("binding"), { maxLength: 3 }) }),
    fc.record({ merge: fc.array(tie("binding"), { maxLength: 3 }) }),
    fc.record({ coalesce: fc.array(tie("binding"), { maxLength: 3 }) }),
    fc.record({
      template: fc.record({
        template: fc.constantFrom("é{a}-{a}", "{a}", "no"),
        vars: fc.record({ a: tie("binding") }),
      }),
    }),
    fc.record({ concat: fc.record({ paths: fc.array(path, { maxLength: 3 }) }) }),
    fc.record({ each: fc.record({ in: tie("binding"), as: tie("binding") }) }),
    fc.record({ ops: fc.record({ from: tie("binding"), ops: fc.array(op, { maxLength: 3 }) }) }),
    fc.record({ expr: expression }),
  ),
})).binding

const source: fc.Arbitrary<Json> = fc.letrec<{ source: Json }>((tie) => ({
  source: fc.oneof(
    { maxDepth: 2 },
    at,
    fc.record({ literal: instance }),
    fc.record({ coalesce: fc.record({ paths: fc.array(path, { maxLength: 3 }) }) }),
    fc.record({ nested: fc.record({ mappings: fc.record({ a: tie("source") }) }) }),
    fc.record({ path, nested: fc.record({ mappings: fc.record({ b: tie("source") }) }) }),
  ),
})).source

/** A transform of the value `self`. */
export const mapping: fc.Arbitrary<JsonObject> = fc.record({
  mappings: fc.dictionary(fc.constantFrom("a", "b", "__proto__"), source, { maxKeys: 3 }),
})
