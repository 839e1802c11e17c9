import { describe, expect, test } from "vitest"
import type { JsonObject } from "../../../../src/schema/json.ts"
import { effectful, errorIn, reading, valueIn, World } from "../../../support/composition-world.ts"
import { call, pipeline } from "../../../support/step-specs.ts"

const plan = (onError: JsonObject, rest: JsonObject = {}) =>
  pipeline([call("a", { onError, ...rest })], { a: effectful, b: effectful })
const bad = { fail: { class: "tool", message: "no", data: { code: 7 } } } as const
const toB = { run: { tool: { name: "b" } } }

describe("onError", () => {
  test("gives a value in place of the failure, which it can look at", async () => {
    const fields = {
      code: { error: { path: "$.data.code" } },
      class: { error: { path: "$.class" } },
      step: { error: { path: "$.step" } },
      input: { self: { path: "$" } },
    }
    const world = new World({ a: bad })
    const outcome = await world.run(plan({ output: { construct: { fields } } }), { n: 1 })
    expect(valueIn(outcome)).toEqual({ code: 7, class: "tool", step: "a", input: { n: 1 } })
    expect(outcome.steps).toMatchObject([{ id: "a", status: "ok", attempts: 1 }])
  })

  test("looks at the classes that it names and no others", async () => {
    const onError = { on: ["timeout"], output: { constant: 1 } }
    expect(errorIn(await new World({ a: bad }).run(plan(onError))).class).toBe("tool")
    const world = new World({ a: { hangs: true } })
    expect(valueIn(await world.run(plan(onError, { timeoutMs: 10 })))).toBe(1)
  })

  test("runs something else with the same input, under a path and a key of its own", async () => {
    const world = new World({ a: bad, b: { value: "B" } })
    const outcome = await world.run(plan(toB), { n: 1 })
    expect(valueIn(outcome)).toBe("B")
    expect(world.seen.map(({ input }) => input)).toEqual([{ n: 1 }, { n: 1 }])
    expect(world.seen.map(({ call: { key } }) => key)).toEqual(["run/a", "run/a!"])
    expect(outcome.steps.map(({ id, status }) => [id, status])).toEqual([
      ["a", "ok"],
      ["a!", "ok"],
    ])
  })

  test("fails with the error of what it ran", async () => {
    const world = new World({ a: bad, b: { fail: { class: "denied", message: "B may not" } } })
    const error = errorIn(await world.run(plan(toB)))
    expect(error).toMatchObject({ class: "denied", step: "a!", tool: "b@1.0.0" })
  })

  test("with an output runs the other for its effect only, and fails with the first error if that fails", async () => {
    const both = { ...toB, output: { constant: null } }
    const fine = new World({ a: bad, b: { value: "B" } })
    expect(valueIn(await fine.run(plan(both)))).toBeNull()
    expect(fine.called).toEqual(["a", "b"])
    const worse = new World({ a: bad, b: { fail: { class: "denied" } } })
    expect(errorIn(await worse.run(plan(both)))).toMatchObject({ class: "tool", step: "a" })
  })

  test("that rethrows lets the error stand, whatever was run", async () => {
    const world = new World({ a: bad, b: {} })
    const outcome = await world.run(plan({ ...toB, rethrow: true }))
    expect(errorIn(outcome)).toMatchObject({ class: "tool", step: "a", effect: "done" }) // of b
    expect(world.called).toEqual(["a", "b"])
  })

  test("says it in the author's words", async () => {
    const error = errorIn(await new World({ a: bad }).run(plan({ message: "the shop is closed" })))
    expect(error).toMatchObject({ class: "tool", message: "the shop is closed" })
  })

  test("catches an input that cannot be computed, and then has no self", async () => {
    const input = { path: "$.missing" }
    const caught = await new World({}).run(plan({ output: { constant: 1 } }, { input }))
    expect(valueIn(caught)).toBe(1)
    const error = errorIn(await new World({}).run(plan(toB, { input })))
    expect(error).toMatchObject({ class: "binding", step: "a!" })
  })

  test("does not catch a condition that cannot be computed", async () => {
    const outcome = await new World({}).run(
      plan({ output: { constant: 1 } }, { when: "input.missing.deep" }),
    )
    expect(errorIn(outcome).class).toBe("binding")
  })

  test("whose output cannot be computed fails", async () => {
    const onError = { output: { expr: "error.data.deep" } }
    const error = errorIn(await new World({ a: bad }).run(plan(onError)))
    expect(error).toMatchObject({ class: "binding", step: "a" })
  })

  test("does not forget that the failed attempt may have had an effect", async () => {
    const world = new World({ a: { fail: { class: "timeout", effect: "unknown" } } })
    const outcome = await world.run(plan({ output: { constant: 1 } }))
    expect(outcome.steps).toMatchObject([{ status: "ok", effect: "unknown" }])
  })

  test("tries what it runs again where that does no harm", async () => {
    const other = pipeline([call("a", { onError: toB })], { a: effectful, b: reading })
    const world = new World({
      a: bad,
      b: (_, __, nth) => (nth === 1 ? { fail: { class: "transport" } } : { value: "B" }),
    })
    expect(valueIn(await world.run(other))).toBe("B")
  })

  test("sends dead letters", async () => {
    const deadLetter = { inner: { tool: { name: "a" } }, deadLetterTool: "b" }
    const letters = pipeline([{ id: "main", operation: { pattern: { deadLetter } } }])
    const world = new World({ a: bad, b: {} })
    expect(valueIn(await world.run(letters, { n: 1 }))).toBeNull()
    expect(world.seen[1]?.input).toEqual({
      originalInput: { n: 1 },
      error: "no",
      errorType: "tool",
      timestamp: "1970-01-01T00:00:00.000Z",
      attempts: 1,
    })
  })
})
