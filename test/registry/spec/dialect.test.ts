import { describe, expect, test } from "vitest"
import { readSpec, readTransform } from "../../../src/registry/spec/read-spec.ts"
import { isObject, type Json, type JsonObject } from "../../../src/schema/json.ts"
import { createSpecContext } from "../../support/spec-context.ts"

/** A pipeline whose second step has this input; the first is `search`. */
const withInput = (input: Json) => ({
  pipeline: {
    steps: [
      { id: "search", operation: { tool: { name: "a" } } },
      { id: "lend", operation: { tool: { name: "b" } }, input },
    ],
  },
})
const inputAt = "/s/pipeline/steps/1/input"

function read(spec: Json) {
  const context = createSpecContext()
  const found = readSpec(spec, "/s", context)
  return { ...found, ...context }
}

/** The object in there; fails the test when there is none. */
function within(value: Json | undefined, ...keys: (string | number)[]): JsonObject {
  const found = keys.reduce<Json | undefined>(
    (inner, key) => (inner as Record<string | number, Json> | undefined)?.[key],
    value,
  )
  if (!isObject(found)) throw new Error(`no object at ${keys.join("/")}`)
  return found
}

describe("a binding in a dialect", () => {
  const cases: readonly { form: string; written: Json; canonical: Json; member: string }[] = [
    {
      form: "binding.input",
      written: { input: { path: "$.q" } },
      canonical: { path: "$.q" },
      member: "/input",
    },
    {
      form: "binding.step",
      written: { step: { stepId: "search", path: "$.x" } },
      canonical: { reference: { step: "search", path: "$.x" } },
      member: "/step",
    },
    {
      form: "binding.step",
      written: { step: { step: "search" } },
      canonical: { reference: { step: "search" } },
      member: "/step",
    },
    {
      form: "constant.tagged",
      written: { constant: { listValue: [{ stringValue: "a" }, { nullValue: true }] } },
      canonical: { constant: ["a", null] },
      member: "/constant",
    },
    {
      form: "binding.coalesce",
      written: { coalesce: { paths: ["$.search.items[0]", "$.lend", "$.other.x", "$"] } },
      canonical: {
        coalesce: [
          { reference: { step: "search", path: "$.items[0]" } },
          { path: "$.lend" },
          { path: "$.other.x" },
          { path: "$" },
        ],
      },
      member: "/coalesce",
    },
    {
      form: "binding.expression",
      written: {
        expression: "search.map(search, search + 1).size() + size(search) + input.search",
      },
      canonical: {
        expr: "steps.search.map(search, search + 1).size() + size(steps.search) + input.search",
      },
      member: "/expression",
    },
  ]

  test.each(cases)("$form is read as what it means", ({ form, written, canonical, member }) => {
    const { spec, problems, forms } = read(withInput(written))
    expect(problems).toEqual([])
    expect(spec).toEqual(withInput(canonical))
    expect(forms).toEqual([{ form, pointer: inputAt + member }])
  })

  test("says where its parts were written", () => {
    const { spec, origins } = read(withInput({ step: { stepId: "search", path: "$.x" } }))
    const input = within(spec, "pipeline", "steps", 1, "input")
    const reference = within(input, "reference")
    expect(origins.of(input)).toBe(inputAt)
    expect(origins.of(input, "reference")).toBe(`${inputAt}/step`)
    expect(origins.of(reference)).toBe(`${inputAt}/step`)
    expect(origins.of(reference, "step")).toBe(`${inputAt}/step/stepId`)
    expect(origins.of(reference, "path")).toBe(`${inputAt}/step/path`)
  })

  test("reference.stepId is read without being a form of its own", () => {
    const { spec, problems, forms } = read(withInput({ reference: { stepId: "search" } }))
    expect(problems).toEqual([])
    expect(forms).toEqual([])
    expect(spec).toEqual(withInput({ reference: { step: "search" } }))
  })

  test.each<Json>([
    { stringValue: 5 },
    { stringValue: "a", other: 1 },
    { other: "a" },
    ["a"],
    null,
  ])("a constant that only looks tagged is data: %j", (constant) => {
    const { spec, forms } = read(withInput({ constant }))
    expect(spec).toEqual(withInput({ constant }))
    expect(forms).toEqual([])
  })
})

describe("a condition in a dialect", () => {
  const withCondition = (condition: JsonObject) => ({
    pipeline: {
      steps: [
        { id: "good", operation: { tool: { name: "a" } } },
        { id: "input", operation: { tool: { name: "b" } } },
        { id: "lend", operation: { tool: { name: "c" } }, ...condition },
      ],
    },
  })

  test("becomes when, with the steps that it names as variables", () => {
    const expression =
      "size(good) > 0 && 'good' != \"é😀\" && good.good == 1 && input.x == {'good': good}"
    const { spec, problems, forms } = read(withCondition({ condition: { expression } }))
    expect(problems).toEqual([])
    expect(forms).toEqual([{ form: "step.condition", pointer: "/s/pipeline/steps/2/condition" }])
    expect(spec).toEqual(
      withCondition({
        when: "size(steps.good) > 0 && 'good' != \"é😀\" && steps.good.good == 1 && input.x == {'good': steps.good}",
      }),
    )
  })

  test("beside when is a conflict", () => {
    const both = { condition: { expression: "true" }, when: "true" }
    expect(read(withCondition(both)).problems).toMatchObject([
      { code: "dialect_conflict", pointer: "/s/pipeline/steps/2" },
    ])
  })

  test("in canonical expressions steps are no variables", () => {
    expect(read(withCondition({ when: "size(good) > 0" })).problems).toMatchObject([
      { code: "expression_invalid", pointer: "/s/pipeline/steps/2/when" },
    ])
  })
})

describe("a call in a dialect", () => {
  test("call.target becomes server, and is remembered", () => {
    const written = { timeout: { inner: { tool: { name: "a", target: "s" } }, durationMs: 1 } }
    const { spec, composition, forms, spelledTarget } = read(written)
    const tool = { name: "a", server: "s" }
    expect(spec).toEqual({ timeout: { inner: { tool }, durationMs: 1 } })
    expect(forms).toEqual([{ form: "call.target", pointer: "/s/timeout/inner/tool/target" }])
    expect(composition?.calls[0]).toMatchObject({
      kind: "direct",
      server: "s",
      spelledTarget: true,
    })
    expect([...spelledTarget]).toEqual([tool])
  })

  test.each([
    { written: { tool: "a", server: "s", serverVersion: "1.0.0" }, first: "server" },
    { written: { serverVersion: "1.0.0", server: "s", tool: { name: "a" } }, first: "server" },
    { written: { tool: "a", target: "s", serverVersion: "1.0.0" }, first: "target" },
  ])("call.server-sibling moves into the call: $written", ({ written, first }) => {
    const { spec, composition, forms, problems, origins } = read({
      scatterGather: { targets: [written] },
    })
    const tool = { name: "a", server: "s", serverVersion: "1.0.0" }
    const at = "/s/scatterGather/targets/0"
    expect(problems).toEqual([])
    expect(spec).toEqual({ scatterGather: { targets: [{ tool }] } })
    expect(forms).toEqual([{ form: "call.server-sibling", pointer: `${at}/${first}` }])
    const call = composition?.calls[0]
    expect(call).toMatchObject({ kind: "direct", pointer: `${at}/tool`, serverVersion: "1.0.0" })
    expect(call?.spelledTarget).toBe(first === "target" ? true : undefined)
    const holder = call?.place.holder as { tool: object }
    expect(origins.of(holder.tool, "serverVersion")).toBe(`${at}/serverVersion`)
    expect(origins.of(holder.tool, "server")).toBe(`${at}/${first}`)
  })

  test("with two servers that differ is a conflict", () => {
    const inside = { tool: { name: "a", server: "s", target: "t" } }
    expect(read({ timeout: { inner: inside, durationMs: 1 } }).problems).toMatchObject([
      { code: "dialect_conflict", pointer: "/s/timeout/inner/tool" },
    ])
    const beside = { tool: { name: "a", server: "s" }, server: "t" }
    expect(read({ timeout: { inner: beside, durationMs: 1 } }).problems).toMatchObject([
      { code: "dialect_conflict", pointer: "/s/timeout/inner" },
    ])
  })

  test("operation.bare-pattern becomes a pattern", () => {
    const schemaMap = { mappings: { a: { path: "$.a" } } }
    const written = { timeout: { inner: { tool: "a" }, durationMs: 1, fallback: { schemaMap } } }
    const { spec, forms, origins } = read(written)
    const fallback = within(spec, "timeout", "fallback")
    expect(fallback).toEqual({ pattern: { schemaMap } })
    expect(forms).toEqual([
      { form: "operation.bare-pattern", pointer: "/s/timeout/fallback/schemaMap" },
    ])
    expect(origins.of(within(fallback, "pattern"))).toBe("/s/timeout/fallback")
    expect(origins.of(within(fallback, "pattern", "schemaMap"))).toBe(
      "/s/timeout/fallback/schemaMap",
    )
  })

  test("a policy beside a call is no bare pattern, though its name is one's", () => {
    const written = { scatterGather: { targets: [{ tool: "a", retry: { maxAttempts: 2 } }] } }
    const { spec, forms, problems } = read(written)
    expect([forms, problems]).toEqual([[], []])
    expect(spec).toEqual(written)
  })
})

describe("a mapping in a dialect", () => {
  function readMappings(mappings: JsonObject) {
    const context = createSpecContext()
    return { transform: readTransform({ mappings }, "/t", context), ...context }
  }

  test("star keys become the nested mappings of their base", () => {
    const { transform, forms, problems, origins } = readMappings({
      "books[*].isbn": { path: "$.id" },
      books: { path: "$.hits[*]", nested: { mappings: { title: { path: "$.t" } } } },
      "books[*].by[*].name": { path: "$.n" },
      "books[*].by": { path: "$.authors" },
      "books[*]": { literal: 1 },
    })
    expect(problems).toEqual([])
    expect(transform).toEqual({
      mappings: {
        books: {
          path: "$.hits[*]",
          nested: {
            mappings: {
              title: { path: "$.t" },
              isbn: { path: "$.id" },
              by: { path: "$.authors", nested: { mappings: { name: { path: "$.n" } } } },
            },
          },
        },
        "books[*]": { literal: 1 },
      },
    })
    expect(forms.map(({ form }) => form)).toEqual(Array(3).fill("mapping.star-key"))
    expect(forms.map(({ pointer }) => pointer)).toEqual([
      "/t/mappings/books[*].isbn",
      "/t/mappings/books[*].by[*].name",
      "/t/mappings/books[*].by",
    ])
    const items = within(transform, "mappings", "books", "nested", "mappings")
    expect(origins.of(items, "isbn")).toBe("/t/mappings/books[*].isbn")
    expect(origins.of(within(items, "isbn"))).toBe("/t/mappings/books[*].isbn")
    expect(origins.of(within(items, "title"))).toBe("/t/mappings/books/nested/mappings/title")
  })

  test("coalesce.array, template.flat and value.list-values are spelled out", () => {
    const { transform, forms, problems } = readMappings({
      url: { coalesce: ["$.a", "$.b"] },
      text: { template: "costs ${price} of ${what}, $${price}", vars: { price: "$.p" } },
      list: { literal: { listValue: { values: [{ stringValue: "a" }] } } },
    })
    expect(problems).toEqual([])
    expect(transform).toEqual({
      mappings: {
        url: { coalesce: { paths: ["$.a", "$.b"] } },
        text: {
          template: { template: "costs {price} of ${what}, ${price}", vars: { price: "$.p" } },
        },
        list: { literal: { listValue: [{ stringValue: "a" }] } },
      },
    })
    expect(forms).toEqual([
      { form: "coalesce.array", pointer: "/t/mappings/url/coalesce" },
      { form: "template.flat", pointer: "/t/mappings/text/template" },
      { form: "value.list-values", pointer: "/t/mappings/list/literal/listValue" },
    ])
  })
})
