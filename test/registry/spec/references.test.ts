import { describe, expect, test } from "vitest"
import { readSpec } from "../../../src/registry/spec/read-spec.ts"
import type { Json } from "../../../src/schema/json.ts"
import { createSpecContext } from "../../support/spec-context.ts"

/** `code pointer` of every problem, in the order they are found. */
function problemsOf(spec: Json): string[] {
  const context = createSpecContext()
  readSpec(spec, "", context)
  return context.problems.map(({ code, pointer }) => `${code} ${pointer}`)
}

const tool = { tool: { name: "t" } }
describe("references", () => {
  const pipeline = (...steps: Json[]) => ({ pipeline: { steps } })
  const step = (id: string, more: object = {}) => ({ id, operation: tool, ...more })
  const reading = (id: string) => ({ input: { reference: { step: id } } })

  test("resolve in their own pipeline first, then outwards", () => {
    const inside = (id: string) =>
      pipeline(
        step("outer"),
        {
          id: "holder",
          operation: { pattern: pipeline(step("own"), step("last", reading(id))) },
        },
        step("later"),
      )
    expect(problemsOf(inside("own"))).toEqual([])
    expect(problemsOf(inside("outer"))).toEqual([])
    const at = "/pipeline/steps/1/operation/pattern/pipeline/steps/1/input/reference"
    expect(problemsOf(inside("holder"))).toEqual([`step_order ${at}`])
    expect(problemsOf(inside("later"))).toEqual([`step_order ${at}`])
    expect(problemsOf(inside("last"))).toEqual([`step_order ${at}`])
    expect(problemsOf(inside("nowhere"))).toEqual([`step_not_found ${at}`])
  })

  test("do not reach into a pattern from outside", () => {
    const spec = pipeline(
      { id: "a", operation: { pattern: pipeline(step("hidden")) } },
      step("b", reading("hidden")),
    )
    expect(problemsOf(spec)).toEqual(["step_not_found /pipeline/steps/1/input/reference"])
  })

  test("of an output see every step, of a scatter-gather none of its targets", () => {
    const output = { reference: { step: "last" } }
    expect(problemsOf({ pipeline: { steps: [step("last")], output } })).toEqual([])
    const targets = [
      { id: "a", tool: "t" },
      { id: "b", tool: "t", ...reading("a") },
    ]
    expect(problemsOf({ scatterGather: { targets } })).toEqual([
      "step_not_found /scatterGather/targets/1/input/reference",
    ])
  })

  test("of a compensation see its own step, but none after it", () => {
    const saga = (id: string) => ({
      saga: {
        steps: [
          { id: "a", action: tool, compensate: { ...tool, ...reading(id) } },
          { id: "b", action: tool },
        ],
      },
    })
    expect(problemsOf(saga("a"))).toEqual([])
    expect(problemsOf(saga("b"))).toEqual(["step_order /saga/steps/0/compensate/input/reference"])
  })

  test("of after name earlier steps of the same pipeline", () => {
    expect(problemsOf(pipeline(step("a"), step("b", { after: ["a"] })))).toEqual([])
    expect(problemsOf(pipeline(step("a", { after: ["b", "x"] }), step("b")))).toEqual([
      "step_order /pipeline/steps/0/after/0",
      "step_not_found /pipeline/steps/0/after/1",
    ])
  })

  test("in expressions are held to the same order", () => {
    const when = (expression: string) =>
      problemsOf(pipeline(step("a"), step("b", { when: expression })))
    expect(when("steps.a.n > 0 && status['a'] == 'ok' && steps.?a.?x.orValue(true)")).toEqual([])
    expect(when("steps.b.n > 0")).toEqual(["step_order /pipeline/steps/1/when"])
    expect(when("has(steps.c.n)")).toEqual(["step_not_found /pipeline/steps/1/when"])
    expect(when("input.list.exists(steps, steps.c)")).toEqual([])
  })
})

describe("expressions and paths", () => {
  const when = (expression: Json) =>
    problemsOf({ pipeline: { steps: [{ id: "a", operation: tool, when: expression }] } })
  const at = "/pipeline/steps/0/when"

  test.each([
    ["size(input.list) > ", `expression_invalid ${at}`],
    ["inputs.x", `expression_invalid ${at}`],
    ["", `expression_invalid ${at}`],
    ["size(input.list)", `expression_type ${at}`],
    ["input.name.matches('(a+)+$')", `expression_regex ${at}`],
    ["input.a.all(x, x.matches('b'))", `expression_regex ${at}`],
    ["input.a.all(x, x.all(y, y.all(z, z)))", `expression_invalid ${at}`],
    [`input${".a".repeat(40)}`, `expression_invalid ${at}`],
    [`input.x in [${"1,".repeat(64)}1]`, `expression_invalid ${at}`],
    [`${"(".repeat(5000)}true${")".repeat(5000)}`, `expression_invalid ${at}`],
  ])("%.40s is refused", (expression, problem) => {
    expect(when(expression)).toEqual([problem])
  })

  test("what is no string is no expression", () => {
    expect(when(true)).toEqual([`invalid_type ${at}`])
  })

  test("an expression that is only dynamic, or a value, is accepted", () => {
    expect(when("input.flag")).toEqual([])
    expect(when("1.5 + 2 > input.n % 2 && 1 == input.n * 1.5")).toEqual([])
    expect(when("input.a.all(x, x.all(y, y > 1))")).toEqual([])
    const value = { expr: "{'n': input.n + 1, 'list': [1, 'a']}" }
    expect(problemsOf({ pipeline: { steps: [{ id: "a", operation: { value } }] } })).toEqual([])
  })

  test.each([
    ["url", "path_invalid"],
    ["", "path_invalid"],
    ["$.a[", "path_invalid"],
    ["$.~", "path_invalid"],
    [`$${".a".repeat(300)}`, "path_invalid"],
    ["$[?match(@.a, '(a+)+')]", "path_function"],
    ["$[?search(@.a, 'b')]", "path_function"],
  ])("the path %.40s is refused as %s", (written, code) => {
    const spec = { filter: { predicate: { field: written, op: "eq", value: 1 } } }
    expect(problemsOf(spec)).toEqual([`${code} /filter/predicate/field`])
  })

  test.each(["$", "$[0].isbn", "$..id", "$.list[?@.n > 1 && length(@.s) < 5]", "$['a b', 0:2]"])(
    "the path %s is accepted",
    (written) => {
      const spec = { filter: { predicate: { field: written, op: "eq", value: 1 } } }
      expect(problemsOf(spec)).toEqual([])
    },
  )

  test("a bad path is reported at each place, a good one is remembered", () => {
    expect(
      problemsOf({ cache: { keyPaths: ["x", "$.a", "x", "$.a"], inner: tool, ttlSeconds: 1 } }),
    ).toEqual(["path_invalid /cache/keyPaths/0", "path_invalid /cache/keyPaths/2"])
  })
})
