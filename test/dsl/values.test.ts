import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { bindingOf, celOf } from "../../src/dsl/path.ts"
import {
  type Bound,
  cel,
  coalesce,
  constant,
  error,
  input,
  item,
  type JsonObject,
  pipeline,
  registry,
  self,
  template,
  tool,
  type Value,
  value,
} from "../../src/index.ts"
import { expressionEnvironment } from "../../src/registry/spec/expression-environment.ts"
import { parsePath } from "../../src/registry/spec/path.ts"

/** How a value is written in the document, as the output of a pipeline. */
function written(given: Value): unknown {
  const spec = pipeline((step) => {
    step("a", value(1))
    return given
  })
  const { tools } = registry({ tools: [tool("it", "1.0.0", { spec })] }) as { tools: JsonObject[] }
  return Reflect.get(Object(Reflect.get(Object(tools[0]?.["spec"]), "pipeline")), "output")
}

describe("a value", () => {
  const cases: readonly [Value, JsonObject][] = [
    ["text", { constant: "text" }],
    [null, { constant: null }],
    [[1, input], { list: [{ constant: 1 }, { path: "$" }] }],
    [
      { a: { b: true } },
      { construct: { fields: { a: { construct: { fields: { b: { constant: true } } } } } } },
    ],
    [{ ["__proto__"]: 1 }, { construct: { fields: { ["__proto__"]: { constant: 1 } } } }],
    [constant({ a: [1] }), { constant: { a: [1] } }],
    [constant("a"), { constant: "a" }],
    [self, { self: { path: "$" } }],
    [error, { error: { path: "$" } }],
    [coalesce(item, 1), { coalesce: [{ item: { path: "$" } }, { constant: 1 }] }],
    [cel`input.a + ${1} == ${"x"}`, { expr: 'input.a + 1 == "x"' }],
    [template("{a}", { a: "$.a" }), { template: { template: "{a}", vars: { a: "$.a" } } }],
  ]
  test.each(cases)("is written as a binding: %j", (given, binding) => {
    expect(written(given)).toEqual(binding)
  })

  test("reads the member of the name that it is asked for, whatever that is, in paths and in CEL", () => {
    const name = fc.string({ unit: "grapheme", minLength: 1 }).filter((key) => !/^\d+$/.test(key))
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 3 }), (names) => {
        const bound = names.reduce<Bound>((from, key) => Reflect.get(from, key), input)
        const nested = names.reduceRight<object | string>((inner, key) => ({ [key]: inner }), "it")
        const path = parsePath(String(bindingOf(bound)["path"]))
        if (!path.ok) throw new Error(path.why)
        expect(path.query.query(JSON.parse(JSON.stringify(nested))).values()).toEqual(["it"])
        expect(expressionEnvironment.check(celOf(bound)).valid).toBe(true)
      }),
      { numRuns: 300 },
    )
  })
})
