import { describe, expect, test } from "vitest"
import { bind } from "../../../src/compose/expr/bind.ts"
import { evaluate } from "../../../src/compose/expr/evaluate.ts"
import type { Problem } from "../../../src/registry/problem.ts"
import type { Json } from "../../../src/schema/json.ts"
import { computed, placeIn, type ScopeSketch, scopeOf, yieldOf } from "../../support/exprs.ts"

const scope: ScopeSketch = {
  input: { topic: "sea", list: [{ id: 1 }, { id: 2 }], none: null, n: 2, deep: { a: [1] } },
  self: { mine: true },
  item: { id: 7 },
  index: 3,
  error: { class: "timeout", message: "slow" },
  steps: { web: { results: [{ url: "u" }] }, text: "plain", nothing: null },
  without: { left: "skipped", broken: "failed" },
  outer: { input: { topic: "land" }, steps: { first: { n: 1 }, web: "hidden" } },
}

describe("A binding", () => {
  test.each<[string, Json, Json]>([
    ["path: a value", { path: "$.topic" }, "sea"],
    ["path: the whole input", { path: "$" }, scope.input ?? null],
    ["path: null is a value", { path: "$.none" }, null],
    ["path: nothing there", { path: "$.lost" }, "absent"],
    ["path: an index beyond the end", { path: "$.list[9]" }, "absent"],
    ["path: many hits are an array", { path: "$.list[*].id" }, [1, 2]],
    ["path: one hit of a query is an array, too", { path: "$.list[?@.id == 1].id" }, [1]],
    ["path: and so is none", { path: "$.list[?@.id == 9].id" }, []],
    ["path: names of prototypes are no members", { path: "$.constructor" }, "absent"],
    ["path: nor is the length of an array", { path: "$.list.length" }, "absent"],
    ["reference: a step", { reference: { step: "text" } }, "plain"],
    ["reference: into a step", { reference: { step: "web", path: "$.results[*].url" } }, ["u"]],
    ["reference: a step of the graph around", { reference: { step: "first", path: "$.n" } }, 1],
    [
      "reference: the inner of two steps",
      { reference: { step: "web", path: "$.results[0].url" } },
      "u",
    ],
    ["reference: a skipped step", { reference: { step: "left" } }, "absent"],
    ["reference: a failed step", { reference: { step: "broken" } }, "absent"],
    ["reference: a step whose value is null", { reference: { step: "nothing" } }, null],
    ["self", { self: { path: "$.mine" } }, true],
    ["item", { item: { path: "$.id" } }, 7],
    ["error", { error: { path: "$.class" } }, "timeout"],
    ["constant", { constant: { path: "$.topic" } }, { path: "$.topic" }],
    [
      "construct: absent fields are left out",
      {
        construct: {
          fields: { a: { path: "$.topic" }, b: { path: "$.lost" }, c: { path: "$.none" } },
        },
      },
      { a: "sea", c: null },
    ],
    [
      "list: absent items are left out, arrays are not spliced",
      { list: [{ path: "$.lost" }, { path: "$.deep.a" }, { constant: null }] },
      [[1], null],
    ],
    [
      "merge: later wins, what is no object is passed over",
      {
        merge: [
          { self: { path: "$" } },
          { constant: 3 },
          { path: "$.lost" },
          { constant: { mine: 1, b: 2 } },
        ],
      },
      { mine: 1, b: 2 },
    ],
    ["merge: of nothing", { merge: [{ path: "$.lost" }] }, {}],
    [
      "coalesce: skips absent and null",
      { coalesce: [{ path: "$.lost" }, { path: "$.none" }, { path: "$.n" }] },
      2,
    ],
    [
      "coalesce: false and 0 are values",
      { coalesce: [{ constant: false }, { constant: 0 }] },
      false,
    ],
    ["coalesce: none left", { coalesce: [{ path: "$.none" }] }, "absent"],
    [
      "template",
      {
        template: {
          template: "{t} {n} {o} {lost}{none}|{unknown}",
          vars: { t: "$.topic", n: "$.n", o: { path: "$.deep" }, lost: "$.lost", none: "$.none" },
        },
      },
      'sea 2 {"a":[1]} |{unknown}',
    ],
    [
      "template: one pass",
      { template: { template: "{a}", vars: { a: { constant: "{a}" } } } },
      "{a}",
    ],
    [
      "concat",
      { concat: { paths: ["$.topic", "$.lost", "$.none", "$.n"], separator: "-" } },
      "sea-2",
    ],
    ["each", { each: { in: { path: "$.list" }, as: { item: { path: "$.id" } } } }, [1, 2]],
    [
      "each: absent results are left out",
      { each: { in: { path: "$.list" }, as: { item: { path: "$.x" } } } },
      [],
    ],
    [
      "each: of nothing",
      { each: { in: { path: "$.lost" }, as: { item: { path: "$" } } } },
      "absent",
    ],
    [
      "each: of what is no array",
      { each: { in: { path: "$.topic" }, as: { item: { path: "$" } } } },
      "binding: each needs an array",
    ],
    [
      "each: self is still that of the step",
      { each: { in: { path: "$.list" }, as: { self: { path: "$.mine" } } } },
      [true, true],
    ],
    ["expr", { expr: "input.n + index + size(steps.web.results)" }, 6],
  ])("%s", (_, binding, expected) => {
    expect(yieldOf(binding, scope)).toEqual(expected)
  })

  test("with the field __proto__ makes an object that has it", () => {
    const fields = JSON.parse('{ "__proto__": { "constant": 1 } }')
    const made = computed({ construct: { fields } })
    expect(made.ok && Object.keys(made.value as object)).toEqual(["__proto__"])
    expect(made.ok && Object.getPrototypeOf(made.value)).toBe(Object.prototype)
  })

  test("of a path that is not in scope is absent", () => {
    for (const root of ["self", "item", "error"])
      expect(yieldOf({ [root]: { path: "$" } })).toBe("absent")
    expect(yieldOf({ path: "$" })).toBe("absent")
  })

  test("that descends too deep, or finds too much, fails and is not shortened", () => {
    let deep: Json = 1
    for (let level = 0; level < 60; level++) deep = [deep]
    expect(yieldOf({ path: "$..x" }, { input: deep })).toMatch(/^binding: .* nested too deep$/)
    const wide = Array.from({ length: 300_000 }, () => 1)
    expect(yieldOf({ path: "$[*]" }, { input: wide })).toMatch(/^budget: .*maxWork/)
    expect(yieldOf({ path: "$" }, { input: wide })).toBe(wide)
  })

  test("that goes through large data for each part of it fails", () => {
    const input = Array.from({ length: 4000 }, (_, n) => ({ n }))
    const costly = ["$..*..n", "$[?count($[*]) > 1]", "$[?@[?@.n]]"]
    for (const path of costly) {
      expect(yieldOf({ path }, { input })).toMatch(/^budget: .*maxWork/)
      expect(yieldOf({ path }, { input: input.slice(0, 100) })).toBeInstanceOf(Array)
    }
    const cheap = ["$..n", "$..[?@.n > 3]", "$[?@.n > 1].n", "$[?@['a..b'] == '$[?..']"]
    for (const path of cheap) expect(yieldOf({ path }, { input })).toBeInstanceOf(Array)
  })

  test("that makes a text of more than 64 Ki characters fails", () => {
    const binding = { template: { template: "{a}{a}", vars: { a: "$" } } }
    expect(yieldOf(binding, { input: "x".repeat(40_000) })).toMatch(/^budget: .*templateBytes/)
    expect(yieldOf(binding, { input: "x".repeat(30_000) })).toHaveLength(60_000)
  })

  test("nested deeper than 16 levels is refused when it is compiled", () => {
    const problems: Problem[] = []
    const nested = (levels: number): Json =>
      levels === 0 ? { path: "$" } : { list: [nested(levels - 1)] }
    bind(nested(15), placeIn({}, problems))
    expect(problems).toEqual([])
    bind(nested(16), placeIn({}, problems))
    expect(problems.map(({ code }) => code)).toEqual(["limit_exceeded"])
  })

  test("to a step that is not there is reported, with the one that is meant", () => {
    const problems: Problem[] = []
    bind({ reference: { step: "wev" } }, placeIn(scope, problems))
    expect(problems).toMatchObject([
      { code: "step_not_found", pointer: "/reference", hint: "did you mean web?" },
    ])
  })

  test("always gives the same", () => {
    const expr = bind({ merge: [{ path: "$" }, { self: { path: "$" } }] }, placeIn(scope))
    const stored = JSON.parse(JSON.stringify(expr))
    expect(evaluate(stored, scopeOf(scope))).toEqual(evaluate(expr, scopeOf(scope)))
  })
})
