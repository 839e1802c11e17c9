import { describe, expect, test } from "vitest"
import { bindCondition } from "../../../src/compose/expr/bind-condition.ts"
import { decide } from "../../../src/compose/expr/evaluate.ts"
import type { CelExpr, Expr } from "../../../src/compose/expr/expr.ts"
import type { Json } from "../../../src/schema/json.ts"
import { placeIn, type ScopeSketch, scopeOf, yieldOf } from "../../support/exprs.ts"

const scope: ScopeSketch = {
  input: { n: 3, half: 0.5, s: "añ", list: [1, 2, 3], empty: {}, objects: [{ a: 1 }, {}] },
  steps: { web: { hits: [1] }, "with-dash": 1 },
  without: { left: "skipped" },
  outer: { steps: { first: { ok: true } } },
}

const cel = (expr: string, more: ScopeSketch = {}): Json => yieldOf({ expr }, { ...scope, ...more })

describe("A CEL expression", () => {
  test.each<[string, Json]>([
    ["input.n + 1", 4],
    ["input.n % 2", 1],
    ["7 % 2", 1],
    ["input.n / 2", 1.5],
    ["2 * input.half", 1],
    ["size(input.list)", 3],
    ["size(input.s)", 2],
    ["[1, input.n, 'a', null, true]", [1, 3, "a", null, true]],
    ["{'a': input.n, 'b': 1, 'c': [2]}", { a: 3, b: 1, c: [2] }],
    ["input.?lost.?x.orValue(0)", 0],
    ["has(input.empty.x)", false],
    ["has(input.empty) && has(input.empty.x)", false],
    ["input.list.map(x, x * 2)", [2, 4, 6]],
    ["input.objects.filter(o, has(o.a))", [{ a: 1 }]],
    ["input.list[1] == 2", true],
    ["input.n == 3", true],
    ["3 == input.n", true],
    ["steps.web.hits[0] + steps['with-dash']", 2],
    ["status.left == 'skipped' && status.web == 'ok'", true],
    ["has(steps.left)", false],
    ["steps.first.ok", true],
    ["steps.exists(s, s == 'web')", true],
    ["cel.bind(steps, {'web': 7}, steps.web)", 7],
  ])("%s", (source, expected) => {
    expect(cel(source)).toEqual(expected)
  })

  test.each([
    ["a missing key", "input.lost"],
    ["a missing variable", "item.x"],
    ["another type", "input.n && true"],
    ["a division by zero", "1 / 0"],
    ["a date", "timestamp('2026-01-01T00:00:00Z')"],
    ["a duration", "duration('1s')"],
    ["bytes", "b'abc'"],
    ["an unsigned integer", "1u"],
    ["an optional", "input.?lost"],
    ["a type", "type(1)"],
    ["an integer beyond 2^53", "9007199254740993"],
    ["a number that is none", "1.0 / 0.0"],
    ["a date inside of an object", "{'a': [timestamp('2026-01-01T00:00:00Z')]}"],
    ["what is no expression", "input."],
  ])("that yields or meets %s fails with class binding", (_, source) => {
    expect(cel(source)).toMatch(/^binding: /)
  })

  test("sees item, index, self and error where they are", () => {
    const more = { item: 5, index: 2, self: { a: 1 }, error: { class: "timeout" } }
    expect(cel("item + index + self.a", more)).toBe(8)
    expect(cel("error.class", more)).toBe("timeout")
    expect(cel("index", more)).toBe(2)
  })

  test("does not go through data more than a million times", () => {
    const input = Array.from({ length: 2000 }, (_, index) => index)
    const nested = "input.exists(a, input.exists(b, a + b < 0.0))"
    expect(cel(nested, { input })).toMatch(/^budget: /)
    expect(cel(nested, { input: input.slice(0, 50) })).toBe(false)
    const cut = "input.split('').exists(a, input.split('').exists(b, a + b == 'no'))"
    expect(cel(cut, { input: "x".repeat(2000) })).toMatch(/^budget: /)
  })

  test("counts what looks through all of a value as a loop", () => {
    const list = Array.from({ length: 2000 }, (_, index) => index)
    const text = "ab ".repeat(60_000)
    for (const inner of [
      "x in input.list",
      "input.text.contains(string(x))",
      "size(input.text) > x",
      "size(input.list + [x]) > 0",
    ])
      expect(cel(`input.list.all(x, ${inner})`, { input: { list, text } })).toMatch(/^budget: /)
    const nested = list.map((n) => ({ n, tags: ["a", "b"], name: "n" }))
    const own = "input.nested.all(x, 'a' in x.tags && x.name.contains('n') && x.n in [x.n, 2])"
    expect(cel(own, { input: { nested, list } })).toBe(true)
    const small = "input.nested.all(x, !(x.name in input.few))"
    expect(cel(small, { input: { nested: nested.slice(0, 900), few: ["b"], list } })).toBe(true)
  })

  test("is paid for by all the items that it is computed for", () => {
    const wanted = Array.from({ length: 5000 }, (_, index) => `u${index}`)
    const items = wanted.map((url) => ({ url, tags: ["a", "b"] }))
    const kept = (filter: string, input: Json = { items, wanted, few: ["u1", "u2"] }) =>
      yieldOf({ ops: { from: { path: "$.items" }, ops: [{ filter }, { limit: 1 }] } }, { input })
    expect(kept("item.url in input.wanted")).toMatch(/^budget: .*maxWork/)
    expect(kept("input.wanted.exists(url, url == item.url)")).toMatch(/^budget: .*maxWork/)
    expect(kept("item.url in input.few")).toEqual([items[1]])
    expect(kept("item.tags.exists(tag, tag == 'b')")).toEqual([items[0]])
    expect(kept("'b' in item.tags")).toEqual([items[0]])
  })

  test("gives objects their own members only, whatever they are called", () => {
    const input = JSON.parse('{"__proto__": {"x": 1}}')
    expect(cel("input", { input })).toEqual(input)
    expect(cel("input.constructor", { input: {} })).toMatch(/^binding: /)
  })

  test("names the steps it waits for, once each and as far out as they stand", () => {
    const bound = bindCondition("steps.web == steps.web && steps.first.ok", nothing, placeIn(scope))
    expect((bound as CelExpr).steps).toEqual([
      { step: "first", up: 1 },
      { step: "web", up: 0 },
    ])
  })

  test("that looks at all steps waits for all that are in sight", () => {
    const bound = bindCondition("size(steps) > 1", nothing, placeIn(scope))
    expect((bound as CelExpr).steps.map(({ step }) => step)).toEqual([
      "web",
      "with-dash",
      "left",
      "first",
    ])
  })
})

const nothing: Expr = { kind: "coalesce", options: [] }

describe("A condition", () => {
  const decided = (condition: Json) =>
    decide(bindCondition(condition, nothing, placeIn(scope)), scopeOf(scope))

  test("holds or does not", () => {
    expect(decided("input.n > 2")).toEqual({ ok: true, holds: true })
    expect(decided("input.n > 3")).toEqual({ ok: true, holds: false })
  })

  test("that cannot be computed, or yields neither true nor false, is an error and not false", () => {
    expect(decided("input.lost == 1")).toMatchObject({ ok: false, error: { class: "binding" } })
    expect(decided("input.n")).toMatchObject({ ok: false, error: { class: "binding" } })
  })
})

describe("A predicate", () => {
  const value = {
    n: 5,
    s: "water",
    none: null,
    tags: ["a", "b", 3],
    items: [{ k: 1 }, { k: 2 }, {}],
    o: { x: [1, { y: 2 }] },
  }
  const holds = (field: string, op: string, wanted: Json): boolean => {
    const bound = bindCondition(
      { field, op, value: wanted },
      { kind: "path", of: "item", path: "$" },
      placeIn({}),
    )
    const decided = decide(bound, scopeOf({ item: value }))
    if (!decided.ok) throw new Error(decided.error.message)
    return decided.holds
  }

  test.each<[string, string, Json, boolean]>([
    ["$.n", "eq", 5, true],
    ["$.n", "eq", { numberValue: 5 }, true],
    ["$.n", "eq", "5", false],
    ["$.o", "eq", { x: [1, { y: 2 }] }, true],
    ["$.o", "ne", { x: [1, { y: 3 }] }, true],
    ["$.lost", "eq", null, true],
    ["$.none", "eq", { nullValue: true }, true],
    ["$.lost", "ne", null, false],
    ["$.lost", "ne", 1, true],
    ["$.n", "gt", 4, true],
    ["$.n", "gte", 5, true],
    ["$.n", "lt", 5, false],
    ["$.n", "lte", 5, true],
    ["$.s", "gt", "air", true],
    ["$.s", "lt", "éa", true],
    ["$.n", "gt", "4", false],
    ["$.s", "lte", 9, false],
    ["$.lost", "lt", 9, false],
    ["$.none", "lte", 9, false],
    ["$.s", "contains", "ate", true],
    ["$.s", "contains", 1, false],
    ["$.tags", "contains", "b", true],
    ["$.tags", "contains", 3, true],
    ["$.tags", "contains", "3", false],
    ["$.n", "contains", 5, false],
    ["$.n", "in", [1, 5], true],
    ["$.n", "in", { listValue: [{ numberValue: 5 }] }, true],
    ["$.n", "in", [1], false],
    ["$.lost", "in", [null], true],
    ["$.n", "in", 5, false],
    ["$.items[*].k", "eq", 2, true],
    ["$.items[*].k", "eq", 3, false],
    ["$.items[*].k", "ne", 3, true],
    ["$.items[*].k", "ne", 2, false],
    ["$.items[*].k", "gt", 1, true],
    ["$.items[*].lost", "ne", 2, true],
    ["$.items[*].lost", "eq", null, false],
  ])("%s %s %j is %j", (field, op, wanted, expected) => {
    expect(holds(field, op, wanted)).toBe(expected)
  })
})
