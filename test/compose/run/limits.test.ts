import { describe, expect, test } from "vitest"
import { defaultRunLimits, type RunLimits } from "../../../src/compose/run/limits.ts"
import type { Json, JsonObject } from "../../../src/schema/json.ts"
import {
  effectful,
  errorIn,
  reading,
  statuses,
  valueIn,
  World,
} from "../../support/composition-world.ts"
import { planOf } from "../../support/plans.ts"
import { call, from, pipeline, scatter, target } from "../../support/step-specs.ts"

const within = (limits: Partial<RunLimits>) => ({ limits: { ...defaultRunLimits, ...limits } })
const nested = (depth: number): JsonObject =>
  depth === 0
    ? { tool: { name: "a" } }
    : { pattern: { pipeline: { steps: [{ id: "in", operation: nested(depth - 1) }] } } }

describe("a plan that is larger than a run may be is not begun:", () => {
  test.each([
    ["maxSteps", pipeline([call("a"), call("b"), call("c")]), { maxSteps: 2 }],
    ["maxTargets", scatter([target("a"), target("b"), target("c")]), { maxTargets: 2 }],
    ["maxDepth", pipeline([{ id: "x", operation: nested(3) }]), { maxDepth: 3 }],
    ["maxSteps", pipeline([{ id: "x", operation: nested(1) }, call("b")]), { maxSteps: 1 }],
  ])("limit %s", async (limit, plan, limits) => {
    const world = new World({ a: {}, b: {}, c: {} })
    const outcome = await world.run(plan, {}, within(limits))
    expect(errorIn(outcome)).toMatchObject({ class: "budget", code: "BUDGET", effect: "none" })
    expect(errorIn(outcome).message).toContain(`(limit ${limit})`)
    expect(world.called).toEqual([])
    expect(outcome.steps).toEqual([])
  })
})

describe("a run", () => {
  test("makes only so many calls", async () => {
    const step = call("a", { forEach: { path: "$" }, input: { item: { path: "$" } } })
    const world = new World({ a: {} })
    const items = Array.from({ length: 10 }, () => ({}))
    const outcome = await world.run(
      pipeline([step], { a: effectful }),
      items,
      within({ maxCalls: 4 }),
    )
    expect(errorIn(outcome)).toMatchObject({ class: "budget", step: "a[4]", effect: "done" })
    expect(errorIn(outcome).message).toContain("(limit maxCalls)")
    expect(world.called).toHaveLength(4)
  })

  test("runs no more at a time than it may, whatever the plan says", async () => {
    const step = call("a", {
      forEach: { path: "$" },
      input: { item: { path: "$" } },
      concurrency: 16,
    })
    const world = new World({ a: { afterMs: 5 } })
    const items = Array.from({ length: 10 }, () => ({}))
    await world.run(pipeline([step], { a: reading }), items, within({ maxParallel: 3 }))
    expect(world.mostAtOnce).toBe(3)
    const wide = new World({ a: { afterMs: 5 }, b: { afterMs: 5 }, c: { afterMs: 5 } })
    await wide.run(scatter([target("a"), target("b"), target("c")]), {}, within({ maxParallel: 2 }))
    expect(wide.mostAtOnce).toBe(2)
  })

  test("does not take an answer that is too large, which has happened all the same", async () => {
    const world = new World({ a: { value: "x".repeat(101) }, b: {} })
    const plan = pipeline([call("a"), call("b")], { a: effectful })
    const error = errorIn(await world.run(plan, {}, within({ stepOutputBytes: 100 })))
    expect(error).toMatchObject({ class: "output", step: "a", tool: "a@1.0.0", effect: "done" })
    expect(error.message).toContain("(limit stepOutputBytes)")
    expect(world.called).toEqual(["a"])
  })

  test("counts bytes and not characters", async () => {
    const world = new World({ a: { value: "ä".repeat(60) } })
    const error = errorIn(
      await world.run(pipeline([call("a")]), {}, within({ stepOutputBytes: 100 })),
    )
    expect(error.class).toBe("output")
  })

  test("holds only so much, and counts what is handed on once", async () => {
    const large = { list: Array.from({ length: 10 }, () => "x".repeat(50)) }
    const world = new World({ a: { value: large }, b: { value: structuredClone(large) } })
    const again = { value: { construct: { fields: { again: { reference: { step: "a" } } } } } }
    const shared = [call("a"), { id: "more", operation: again }, { id: "most", operation: again }]
    expect((await world.run(pipeline(shared), {}, within({ runBytes: 1_000 }))).ok).toBe(true)
    const two = await world.run(
      pipeline([call("a"), call("b")], {}),
      {},
      within({ runBytes: 1_000 }),
    )
    expect(errorIn(two)).toMatchObject({ class: "budget", step: "b", effect: "done" })
    expect(errorIn(two).message).toContain("(limit runBytes)")
  })

  test("sends nothing on that is larger written out than all it may hold", async () => {
    const world = new World({ a: { value: 1 }, b: { value: { text: "x".repeat(400) } } })
    const twice = (of: string): JsonObject => {
      const ref = { reference: { step: of } }
      return { construct: { fields: { left: ref, right: ref } } }
    }
    const doubled = Array.from({ length: 40 }, (_, n) => ({
      id: `s${n}`,
      operation: { value: n === 0 ? { path: "$" } : twice(`s${n - 1}`) },
    }))
    const plan = pipeline([...doubled, { ...call("a"), input: { reference: { step: "s39" } } }])
    expect(errorIn(await world.run(plan, { n: 1 }))).toMatchObject({ class: "budget", step: "s18" })
    const whole = pipeline([call("b"), { ...call("a"), input: twice("b") }])
    const error = errorIn(await world.run(whole, {}, within({ runBytes: 500 })))
    expect(error).toMatchObject({ class: "budget", step: "a" })
    expect(world.called).toEqual(["b"])
  })

  test("measures values that are nested as deep as they like", async () => {
    const deep = Array.from({ length: 100_000 }).reduce<Json>((inner) => [inner], 1)
    const world = new World({ a: { value: deep } })
    const outcome = await world.run(pipeline([call("a")]))
    expect(outcome.ok).toBe(true)
  })
})

describe("what needs a journal is refused before anything is called:", () => {
  const approve = { approve: { message: "May I?" } }
  const saga = { saga: { steps: [{ id: "x", action: { tool: { name: "b" } } }] } }
  const once = { once: { key: ["$.id"] } }

  test.each([
    ["a saga", planOf({ spec: saga })],
    ["a saga inside", pipeline([call("a"), { id: "s", operation: { pattern: saga } }])],
    ["a person who is asked", pipeline([call("a"), { id: "ask", operation: approve }])],
    ["a step that is done once", pipeline([call("a"), call("b", once)])],
    ["a saga in onError", pipeline([call("a", { onError: { run: { pattern: saga } } })])],
  ])("%s", async (_, plan) => {
    const world = new World({ a: {}, b: {} })
    const outcome = await world.run(plan)
    expect(errorIn(outcome)).toMatchObject({
      class: "journal",
      code: "UNSUPPORTED",
      effect: "none",
    })
    expect(errorIn(outcome).message).toMatch(/needs a journal, and there is none|asks a person/)
    expect(world.called).toEqual([])
  })
})

test("an empty graph has its output", async () => {
  const { root, ...plan } = pipeline([call("a")], {}, { output: { path: "$.n" } })
  const empty = { ...plan, root: { ...root, steps: [] } }
  const outcome = await new World({}).run(empty, { n: 1 })
  expect(valueIn(outcome)).toBe(1)
  expect(statuses(outcome)).toEqual({})
})

test("a plan whose steps wait for each other is a bug, and does not hang", async () => {
  const { root, ...plan } = pipeline([call("a"), call("b", { input: from("a") })])
  const steps = root.steps.map((step) => ({ ...step, after: [step.id === "a" ? "b" : "a"] }))
  const run = new World({}).run({ ...plan, root: { ...root, steps } })
  await expect(run).rejects.toThrow("wait for each other")
})
