import fc from "fast-check"
import type { Json, JsonObject } from "../../src/schema/json.ts"

/** Sound specs of every pattern kind that nests, each part in a spelling drawn by lot from all there are. */

type Any = fc.Arbitrary<Json>
/** A part of a spec that may refer to one of `index` earlier steps, `s0` and so on. */
type Part = (index: number, depth: number) => Any

const path = fc.constantFrom("$", "$.a", "$[0].b", "$..c[*]", "$['x y'][?@.n > 1]")
const words = fc.constantFrom("fetch", "virtual_fetch", "a.b-c")
const version = fc.constantFrom("1.0.0", "2.1.3-rc.1")

const tool: Any = fc.oneof(
  fc.record({ tool: words }),
  fc.record({ tool: fc.record({ name: words, version }, { requiredKeys: ["name"] }) }),
  fc.record({ tool: fc.record({ name: words, server: words, serverVersion: version }) }),
  fc.record({ tool: fc.record({ name: words, target: words }) }),
  fc.record({ tool: words, server: words, serverVersion: version }),
  fc.record({ tool: fc.record({ name: words }), target: words }),
  fc.record({ agent: fc.record({ name: words, skill: words }, { requiredKeys: ["name"] }) }),
)

const tagged: Any = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.record({ stringValue: fc.string() }),
    fc.record({ numberValue: fc.integer() }),
    fc.record({ boolValue: fc.boolean() }),
    fc.record({ nullValue: fc.constant(true) }),
    fc.record({ listValue: fc.array(tie("value"), { maxLength: 3 }) }),
    fc.record({ listValue: fc.record({ values: fc.array(tie("value"), { maxLength: 3 }) }) }),
  ),
})).value

const constant: Any = fc.oneof(tagged, fc.jsonValue({ maxDepth: 2 }) as Any)

const predicate: Any = fc.oneof(
  fc.record({
    field: path,
    op: fc.constantFrom("eq", "contains"),
    value: fc.oneof(tagged, fc.integer()),
  }),
  fc.record({ field: path, op: fc.constant("in"), value: fc.array(fc.integer()) }),
)

const source = (depth: number): Any => {
  const flat = [
    fc.record({ path }),
    fc.record({ literal: fc.oneof(tagged, fc.string()) }),
    fc.record({ coalesce: fc.array(path) }),
    fc.record({ coalesce: fc.record({ paths: fc.array(path) }) }),
    fc.record({ template: fc.constant("a ${x} {y}"), vars: fc.record({ x: path, y: path }) }),
    fc.record({ template: fc.record({ template: fc.string(), vars: fc.record({ x: path }) }) }),
    fc.record({ concat: fc.record({ paths: fc.array(path) }) }),
  ]
  if (depth === 0) return fc.oneof(...flat)
  const nested = fc.record({ mappings: mappings(depth - 1) })
  return fc.oneof(...flat, fc.record({ nested }), fc.record({ path, nested }))
}

function mappings(depth: number): Any {
  const plain = fc.dictionary(fc.constantFrom("a", "b", "__proto__", "x.y"), source(depth))
  const starred = fc.record({
    items: fc.record({ path }),
    "items[*].name": source(0),
    "items[*].tags": fc.record({ path }),
    "items[*].tags[*].id": source(0),
  })
  return fc.oneof(plain, starred)
}

const binding: Part = (index, depth) => {
  const step = `s${Math.max(index - 1, 0)}`
  const free = [
    fc.record({ path }),
    fc.record({ input: fc.record({ path }) }),
    fc.record({ constant }),
    fc.record({ coalesce: fc.record({ paths: fc.array(fc.oneof(path, fc.constant("$.s0.x"))) }) }),
    fc.constant<Json>({ expression: "[s0, 1].exists(s0, s0 == 1) && input.s0 == 's0'" }),
  ]
  const toSteps = [
    fc.constant<Json>({ reference: { step, path: "$.x" } }),
    fc.constant<Json>({ reference: { stepId: step } }),
    fc.constant<Json>({ step: { stepId: step, path: "$" } }),
    fc.constant<Json>({ expression: `${step}.a + size(${step}) + steps.${step}.b` }),
  ]
  const flat = index > 0 ? [...free.slice(0, 4), ...toSteps] : free.slice(0, 3)
  if (depth === 0) return fc.oneof(...flat)
  const inner = binding(index, depth - 1)
  return fc.oneof(
    ...flat,
    fc.record({
      construct: fc.record({ fields: fc.dictionary(fc.string(), inner, { maxKeys: 3 }) }),
    }),
    fc.record({ coalesce: fc.array(inner, { maxLength: 3 }) }),
    fc.record({ list: fc.array(inner, { maxLength: 3 }) }),
  )
}

const operation = (index: number, depth: number): Any =>
  depth === 0
    ? tool
    : fc.oneof(
        { arbitrary: tool, weight: 2 },
        { arbitrary: spec(index, depth - 1), weight: 1 },
        { arbitrary: fc.record({ pattern: spec(index, depth - 1) }), weight: 1 },
      )

/** Steps of which each may refer to the one before; the names of enclosing ones are hidden by their own. */
function steps(depth: number, member: "operation" | "action"): Any {
  const step = (index: number) =>
    fc
      .record({
        operation: operation(index, depth),
        input: fc.option(binding(index, 2), { nil: undefined }),
        condition: fc.option(fc.constant({ expression: "input.a" }), { nil: undefined }),
      })
      .map(
        ({ operation, input, condition }): JsonObject => ({
          id: `s${index}`,
          [member]: operation,
          ...(input !== undefined && { input }),
          ...(condition !== undefined && { condition }),
        }),
      )
  return fc
    .integer({ min: 1, max: 3 })
    .chain((count) => fc.tuple(...Array.from({ length: count }, (_, index) => step(index))))
}

const backoff = fc.constant<Json>({ fixed: { delayMs: 5 } })

function spec(index: number, depth: number): fc.Arbitrary<JsonObject> {
  const inner = operation(index, depth)
  return fc.oneof(
    fc.record({ pipeline: fc.record({ steps: steps(depth, "operation") }) }),
    fc.record({ saga: fc.record({ steps: steps(depth, "action") }) }),
    fc.record({
      scatterGather: fc.record({ targets: fc.array(inner, { minLength: 1, maxLength: 3 }) }),
    }),
    fc.record({ filter: fc.record({ predicate }) }),
    fc.record({ schemaMap: fc.record({ mappings: mappings(2) }) }),
    fc.record({ mapEach: fc.record({ inner }) }),
    fc.record({
      timeout: fc.record({ inner, durationMs: fc.integer({ min: 1 }), fallback: inner }),
    }),
    fc.record({ retry: fc.record({ inner, maxAttempts: fc.constant(2), backoff }) }),
    fc.record({ deadLetter: fc.record({ inner, deadLetterTool: words }) }),
    fc.record({ recipientList: fc.record({ recipientsPath: path }) }),
  )
}

export const soundSpec: fc.Arbitrary<JsonObject> = spec(0, 2)
