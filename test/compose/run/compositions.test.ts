import { describe, expect, test } from "vitest"
import type { JsonObject } from "../../../src/schema/json.ts"
import {
  effectful,
  errorIn,
  reading,
  statuses,
  valueIn,
  World,
} from "../../support/composition-world.ts"
import { planOf } from "../../support/plans.ts"
import { call, from, pipeline, target } from "../../support/step-specs.ts"

const inner = {
  name: "inner",
  depends: [{ type: "tool", name: "a", version: "1.0.0" }],
  inputSchema: {
    type: "object",
    properties: { n: { type: "integer" }, unit: { type: "string", default: "kg" } },
    required: ["n"],
  },
  outputSchema: {
    type: "object",
    properties: { weight: { type: "number" } },
    required: ["weight"],
  },
  spec: { pipeline: { steps: [call("a")] } },
} as const

const outer = (steps: readonly JsonObject[]) =>
  planOf(
    { spec: { pipeline: { steps } } },
    { compositions: [inner], tools: { a: effectful, b: reading } },
  )

describe("a composition that is called by another", () => {
  test("takes what is no object for the one property that it can be meant for", async () => {
    const world = new World({ a: { value: { weight: 7 } } })
    const outcome = await world.run(outer([call("inner", { input: { constant: 3 } })]), {})
    expect(valueIn(outcome)).toEqual({ weight: 7 })
    expect(world.seen[0]?.input).toEqual({ n: 3, unit: "kg" })
  })

  test("gets its defaults, runs under its own depends, and has paths below the step", async () => {
    const world = new World({ a: { value: { weight: 7 } } })
    const outcome = await world.run(outer([call("inner", { id: "weigh" })]), { n: 1 })
    expect(valueIn(outcome)).toEqual({ weight: 7 })
    const [seen] = world.seen
    expect(seen?.input).toEqual({ n: 1, unit: "kg" })
    expect(seen?.call).toMatchObject({
      path: "weigh/a",
      key: "run/weigh/a",
      authority: {
        tool: { name: "inner", version: "1.0.0" },
        depends: [{ type: "tool", name: "a", version: "1.0.0" }],
      },
      node: { effect: "effect", server: { name: "s" } },
    })
    expect(statuses(outcome)).toEqual({ weigh: "ok", "weigh/a": "ok" })
  })

  test("is not begun with arguments that do not fit its schema", async () => {
    const world = new World({ a: {} })
    const error = errorIn(await world.run(outer([call("inner")]), { n: "one" }))
    expect(error).toMatchObject({ class: "input", step: "inner", effect: "none" })
    expect(error.message).toContain("/n")
    expect(world.called).toEqual([])
  })

  test("has failed after the fact when its result breaks its schema, which tells no values", async () => {
    const world = new World({ a: { value: { weight: "secret" } } })
    const error = errorIn(await world.run(outer([call("inner")]), { n: 1 }))
    expect(error).toMatchObject({ class: "output", step: "inner", effect: "done" })
    expect(error.message).toContain("/weight")
    expect(error.message).not.toContain("secret")
  })

  test("that has no input is not begun", async () => {
    const error = errorIn(
      await new World({}).run(outer([call("inner", { input: { path: "$.x" } })])),
    )
    expect(error).toMatchObject({ class: "binding", step: "inner" })
  })

  test("fails with the error of the step inside, and says what was done", async () => {
    const world = new World({ a: { fail: { class: "tool" } } })
    const outcome = await world.run(outer([call("inner", { id: "weigh" })]), { n: 1 })
    expect(errorIn(outcome)).toMatchObject({ class: "tool", step: "weigh/a", tool: "a@1.0.0" })
    expect(statuses(outcome)).toEqual({ weigh: "failed", "weigh/a": "failed" })
  })

  test("sees nothing of the item it is called for but its input", async () => {
    const step = call("inner", { forEach: { path: "$" }, input: { item: { path: "$" } } })
    const world = new World({ a: (input) => ({ value: { weight: Number(Object(input)["n"]) } }) })
    const outcome = await world.run(outer([step]), [{ n: 1 }, { n: 2 }])
    expect(valueIn(outcome)).toEqual([{ weight: 1 }, { weight: 2 }])
    expect(world.seen.map(({ call: { path } }) => path)).toEqual(["inner[0]/a", "inner[1]/a"])
  })
})

describe("a pattern inside a step", () => {
  test("sees the steps around it, the item and the index", async () => {
    const inside = {
      pattern: {
        pipeline: {
          steps: [
            {
              id: "in",
              operation: {
                value: {
                  construct: {
                    fields: {
                      own: { path: "$" },
                      before: { reference: { step: "b" } },
                      item: { item: { path: "$.n" } },
                      index: { expr: "index" },
                    },
                  },
                },
              },
            },
          ],
        },
      },
    }
    const plan = pipeline(
      [
        call("b"),
        {
          id: "each",
          forEach: { path: "$.items" },
          input: { constant: "mine" },
          operation: inside,
        },
      ],
      { b: reading },
    )
    const world = new World({ b: { value: "B" } })
    expect(valueIn(await world.run(plan, { items: [{ n: 5 }] }))).toEqual([
      { own: "mine", before: "B", item: 5, index: 0 },
    ])
  })

  test("that fails half-way has done what it had done", async () => {
    const inside = { pattern: { pipeline: { steps: [call("a"), call("b")] } } }
    const plan = pipeline([{ id: "both", operation: inside }], { a: effectful, b: effectful })
    const world = new World({ a: {}, b: { fail: { class: "tool" } } })
    const outcome = await world.run(plan)
    expect(errorIn(outcome)).toMatchObject({ step: "both/b", effect: "done" })
    expect(outcome.steps.map(({ id, effect }) => [id, effect])).toEqual([
      ["both", "done"],
      ["both/a", "done"],
      ["both/b", "none"],
    ])
  })
})

const aAndB = ["a", "b"].map((name) => ({ type: "tool", name, version: "1.0.0" }) as const)

describe("a step that data chooses the tool of", () => {
  const choosing = {
    id: "route",
    operation: { tool: { choose: { path: "$.to" }, among: ["a", "b"] } },
    input: { path: "$" },
  }
  const plan = planOf({ spec: { pipeline: { steps: [choosing] } }, depends: aAndB })

  test("calls the one that is named", async () => {
    const world = new World({ a: { value: "A" }, b: { value: "B" } })
    expect(valueIn(await world.run(plan, { to: "b" }))).toBe("B")
    expect(world.called).toEqual(["b"])
  })

  test.each([
    ["denied", "payroll"],
    ["denied", "__proto__"],
    ["binding", 7],
    ["binding", null],
  ])("is refused with class %s for %j, and calls nothing", async (errorClass, to) => {
    const world = new World({ a: {}, b: {} })
    const error = errorIn(await world.run(plan, { to }))
    expect(error).toMatchObject({ class: errorClass, effect: "none" })
    expect(error.message).not.toContain(String(to))
    expect(world.called).toEqual([])
  })

  test("is part of a list of recipients, of whom those not declared are left out", async () => {
    const list = planOf({ spec: { recipientList: { recipientsPath: "$.to" } }, depends: aAndB })
    const world = new World({ a: { value: "A" }, b: { value: "B" } })
    const outcome = await world.run(list, { to: ["b", "c", "a"] })
    expect(valueIn(outcome)).toEqual(["B", "A"])
    expect(outcome.steps).toMatchObject([{ items: { total: 3, ok: 2, failed: 1 } }])
  })
})

describe("a router", () => {
  const route = (field: string, tool: string) => ({
    when: { field, op: "eq", value: { boolValue: true } },
    // biome-ignore lint/suspicious/noThenProperty: the word of the grammar
    then: { tool: { name: tool } },
  })
  const plan = planOf({ spec: { router: { routes: [route("$.x", "a"), route("$.y", "b")] } } })

  test("runs the first route that fits, also when its value is null", async () => {
    const world = new World({ a: { value: null }, b: { value: "B" } })
    expect(valueIn(await world.run(plan, { x: true, y: true }))).toBeNull()
    expect(valueIn(await world.run(plan, { y: true }))).toBe("B")
    expect(world.called).toEqual(["a", "b"])
  })

  test("fails when none fits", async () => {
    expect(errorIn(await new World({}).run(plan, {}))).toMatchObject({ class: "binding" })
  })
})

test("an enricher leaves out what failed, where it may", async () => {
  const enrichments = ["a", "b"].map((field) => ({ field, operation: { tool: { name: field } } }))
  const plan = planOf({
    spec: { enricher: { enrichments, merge: "spread", ignoreFailures: true } },
  })
  const world = new World({ a: { value: 1 }, b: { fail: { class: "tool" } } })
  expect(valueIn(await world.run(plan, { id: 7 }))).toEqual({ id: 7, a: 1 })
})

test("what is called at the side of a failing target is told of in the report", async () => {
  const inside = {
    pattern: { scatterGather: { targets: [target("a"), target("b")], complete: "first" } },
  }
  const plan = pipeline([{ id: "ask", operation: inside }, call("c", { input: from("ask") })])
  const world = new World({
    a: { hangs: true },
    b: { value: [1] },
    c: (input) => ({ value: input }),
  })
  const outcome = await world.run(plan)
  expect(valueIn(outcome)).toEqual({ ask: [1] })
  expect(statuses(outcome)).toEqual({ ask: "ok", "ask/a": "aborted", "ask/b": "ok", c: "ok" })
})

test("agents are called with any value, under their skill", async () => {
  const agent = { agent: { name: "writer", skill: "write", version: "1.0.0" } }
  const plan = planOf({
    spec: { pipeline: { steps: [{ id: "w", operation: agent, input: { path: "$.text" } }] } },
    depends: [{ type: "agent", name: "writer", version: "1.0.0", skill: "write" }],
  })
  const world = new World({ writer: { fail: { class: "unavailable", code: "NOT_YET" } } })
  const outcome = await world.run(plan, { text: "hello" })
  expect(errorIn(outcome)).toMatchObject({ tool: "writer@1.0.0#write", code: "NOT_YET" })
  expect(world.seen[0]?.input).toBe("hello")
})

test("confidence is voted on with the weights of the sources", async () => {
  const sources = [
    { operation: { tool: { name: "a" } }, weight: 1 },
    { operation: { tool: { name: "b" } }, weight: 2 },
    { operation: { tool: { name: "c" } }, weight: 2 },
  ]
  const plan = planOf({
    spec: { confidenceAggregator: { sources, strategy: "weighted_vote", conflictThreshold: 0.2 } },
  })
  const world = new World({ a: { value: "yes" }, b: { value: "no" }, c: { value: "no" } })
  const outcome = await world.run(plan)
  expect(valueIn(outcome)).toBe("no")
  expect(outcome.notes).toEqual([{ id: "", note: expect.objectContaining({ kind: "conflict" }) }])
})
