import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { compileMapping } from "../../src/compose/mapping.ts"
import type { Json, JsonObject } from "../../src/schema/json.ts"
import { parseJson } from "../../src/schema/parse-json.ts"

const map = (mappings: JsonObject, value: Json) => compileMapping({ mappings })(value)

describe("a mapping", () => {
  test("yields the value of a singular path, and leaves out what is absent", () => {
    const value = { id: 7, none: null, tags: ["a"] }
    const mappings = {
      id: { path: "$.id" },
      none: { path: "$.none" },
      lost: { path: "$.lost" },
      first: { path: "$.tags[0]" },
      second: { path: "$.tags[1]" },
    }
    expect(map(mappings, value)).toEqual({ id: 7, none: null, first: "a" })
  })

  test.each([0, 1, 2])("yields an array for any other path, also with %i hits", (count) => {
    const items = Array.from({ length: count }, (_, id) => ({ id }))
    expect(map({ ids: { path: "$.items[*].id" } }, { items })).toEqual({
      ids: items.map(({ id }) => id),
    })
  })

  test("yields literals as they are and tagged ones without their tag", () => {
    const mappings = {
      text: { literal: { stringValue: "a" } },
      number: { literal: { numberValue: 3 } },
      flag: { literal: { boolValue: false } },
      none: { literal: { nullValue: true } },
      list: { literal: { listValue: [{ stringValue: "a" }, { listValue: [{ numberValue: 1 }] }] } },
      plain: { literal: "b" },
      object: { literal: { stringValue: "a", other: 1 } },
    }
    expect(map(mappings, {})).toEqual({
      text: "a",
      number: 3,
      flag: false,
      none: null,
      list: ["a", [1]],
      plain: "b",
      object: { stringValue: "a", other: 1 },
    })
  })

  test("takes the first value of a coalesce that is there and not null", () => {
    const first = (value: Json) =>
      map({ url: { coalesce: { paths: ["$.a", "$.b", "$.c"] } } }, value)
    expect(first({ a: null, b: 0, c: 1 })).toEqual({ url: 0 })
    expect(first({ c: "" })).toEqual({ url: "" })
    expect(first({ a: null })).toEqual({})
  })

  test("fills a template in one pass: numbers as text, nothing for null, JSON for the rest", () => {
    const vars = { a: "$.a", b: "$.b", c: "$.c", d: "$.d", lost: "$.lost" }
    const template = "{a}|{b}|{c}|{d}|{lost}|{unknown}|{}|{{a}}"
    const value = { a: "{b}", b: 1.5, c: null, d: [true, { x: "y" }] }
    expect(map({ text: { template: { template, vars } } }, value)).toEqual({
      text: '{b}|1.5||[true,{"x":"y"}]||{unknown}|{}|{{b}}',
    })
  })

  test("a template does not take patterns of replacement from its values", () => {
    const source = { template: { template: "<{a}>", vars: { a: "$.a" } } }
    expect(map({ text: source }, { a: "$& $1 $$" })).toEqual({ text: "<$& $1 $$>" })
  })

  test("joins the parts of a concat that are there", () => {
    const source = { concat: { paths: ["$.first", "$.none", "$.lost", "$.age"], separator: " " } }
    expect(map({ name: source }, { first: "Ada", none: null, age: 36 })).toEqual({ name: "Ada 36" })
    expect(map({ name: { concat: { paths: ["$.a", "$.b"] } } }, { a: 1, b: 2 })).toEqual({
      name: "12",
    })
    expect(map({ name: source }, {})).toEqual({ name: "" })
  })

  test("builds nested objects from the same value", () => {
    const inner = { mappings: { id: { path: "$.x.id" }, fixed: { literal: 1 } } }
    expect(map({ outer: { nested: inner } }, { x: { id: 2 } })).toEqual({
      outer: { id: 2, fixed: 1 },
    })
  })

  test("maps each item of what a path yields, with inner paths from the item", () => {
    const nested = { mappings: { isbn: { path: "$.id" } } }
    const value = { hits: [{ id: 1 }, { id: 2 }, {}, 5], one: { id: 3 } }
    const expected = [{ isbn: 1 }, { isbn: 2 }, {}, {}]
    expect(map({ books: { path: "$.hits[*]", nested } }, value)).toEqual({ books: expected })
    expect(map({ books: { path: "$.hits", nested } }, value)).toEqual({ books: expected })
    expect(map({ book: { path: "$.one", nested } }, value)).toEqual({ book: { isbn: 3 } })
    expect(map({ book: { path: "$.lost", nested } }, value)).toEqual({})
  })

  test("keeps a field named __proto__ as a field, and the prototype as it is", () => {
    const mappings = JSON.parse('{"__proto__": {"path": "$.__proto__"}, "a": {"path": "$.b"}}')
    const made = map(mappings, JSON.parse('{"__proto__": {"polluted": true}, "b": 1}')) as object
    expect(Object.keys(made)).toEqual(["__proto__", "a"])
    expect(Object.getPrototypeOf(made)).toBe(Object.prototype)
    expect("polluted" in made).toBe(false)
    expect(map({ a: { path: "$.constructor" }, b: { path: "$.length" } }, [])).toEqual({})
  })

  test("takes the whole value, and any value that is no object", () => {
    expect(map({ results: { path: "$" } }, [1, 2])).toEqual({ results: [1, 2] })
    expect(map({ first: { path: "$[0].isbn" } }, [{ isbn: "x" }])).toEqual({ first: "x" })
    expect(map({ a: { path: "$.a" } }, null)).toEqual({})
    expect(map({ a: { path: "$.a" } }, "text")).toEqual({})
  })
})

describe("a mapping of hostile values", () => {
  /** `depth` arrays around 1. */
  const nestedArrays = (depth: number): Json => {
    let value: Json = 1
    for (let level = 0; level < depth; level++) value = [value]
    return value
  }

  test("leaves a field out rather than shorten it when it has more hits than one run may", () => {
    const items = Array.from({ length: 100_001 }, (_, index) => index)
    expect(map({ few: { path: "$[0:3]" }, all: { path: "$[*]" } }, items)).toEqual({
      few: [0, 1, 2],
    })
  })

  test("ends where paths multiply the value", () => {
    const wide = Array.from({ length: 200 }, () => Array.from({ length: 200 }, () => [1]))
    const nested = {
      mappings: { again: { path: "$..*", nested: { mappings: { x: { path: "$..*" } } } } },
    }
    expect(map({ a: { path: "$..*", nested } }, wide)).toEqual({})
  })

  test("ends where descendants of descendants multiply", () => {
    expect(map({ a: { path: "$..*..*..*..*..*" } }, nestedArrays(45))).toEqual({})
  })

  test("leaves out what lies too deep to be walked, written or compared", () => {
    const deep = [nestedArrays(20_000), nestedArrays(20_000)]
    const mappings = {
      all: { path: "$..x" },
      text: { template: { template: "{a}", vars: { a: "$" } } },
      joined: { concat: { paths: ["$"] } },
      compared: { path: "$[?@ == $[1]]" },
      kept: { literal: 1 },
    }
    expect(map(mappings, deep)).toEqual({ kept: 1 })
  })

  test("leaves out texts that would be longer than 64 Ki characters", () => {
    const value = { a: "x".repeat(1024) }
    const template = (count: number) => ({
      template: { template: "{a}".repeat(count), vars: { a: "$.a" } },
    })
    const made = map({ fits: template(64), long: template(65), huge: template(400_000) }, value)
    expect(Object.keys(made as object)).toEqual(["fits"])
  })

  test("never throws, whatever the mapping and the value", async () => {
    const path = fc.constantFrom(
      "$",
      "$.a",
      "$..*",
      "$[*]",
      "$[?@.a == @.b]",
      "url",
      "$[0:2]",
      "$..['a','b']",
    )
    // Through text and back, because -0 has no text of its own and would come back as 0.
    const throughText = (value: unknown) => parseJson(JSON.stringify(value)) as Json
    const json = fc.jsonValue().map(throughText)
    const { source } = fc.letrec<{ source: JsonObject | Json }>((tie) => ({
      source: fc.oneof(
        fc.record({ path }),
        fc.record({ literal: json }),
        fc.record({ coalesce: fc.record({ paths: fc.array(path) }) }),
        fc.record({ concat: fc.record({ paths: fc.array(path), separator: fc.string() }) }),
        fc.record({
          template: fc.record({ template: fc.string(), vars: fc.dictionary(fc.string(), path) }),
        }),
        fc.record({ nested: fc.record({ mappings: fc.dictionary(fc.string(), tie("source")) }) }),
        fc.record({
          path,
          nested: fc.record({ mappings: fc.dictionary(fc.string(), tie("source")) }),
        }),
        json,
      ),
    }))
    const mappings = fc.dictionary(fc.string(), source as fc.Arbitrary<Json>)
    await fc.assert(
      fc.property(mappings, json, (written, value) => {
        const made = map(written, value)
        expect(Object.getPrototypeOf(made)).toBe(Object.prototype)
        expect(throughText(made)).toEqual(made)
      }),
    )
    expect(compileMapping({})("x")).toEqual({})
    expect(compileMapping({ mappings: [] })("x")).toEqual({})
  })
})
