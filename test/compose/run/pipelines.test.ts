import { describe, expect, test } from "vitest"
import {
  effectful,
  errorIn,
  reading,
  statuses,
  valueIn,
  World,
} from "../../support/composition-world.ts"
import { planOf } from "../../support/plans.ts"
import { call, from, pipeline } from "../../support/step-specs.ts"

describe("a pipeline", () => {
  test("gives each step the value of the one before, and the last one's to the caller", async () => {
    const plan = planOf({
      spec: {
        pipeline: {
          steps: [
            { id: "a", operation: { tool: { name: "a" } } },
            { id: "b", operation: { tool: { name: "b" } } },
          ],
        },
      },
    })
    const world = new World({ a: { value: { n: 1 } }, b: (input) => ({ value: { got: input } }) })
    expect(valueIn(await world.run(plan, { n: 0 }))).toEqual({ got: { n: 1 } })
    expect(world.seen.map(({ input }) => input)).toEqual([{ n: 0 }, { n: 1 }])
  })

  test("starts a step as soon as its own inputs are there, without waves", async () => {
    // slow beside fast; next waits for fast alone.
    const plan = pipeline(
      [
        call("slow"),
        call("fast"),
        call("next", { input: from("fast") }),
        call("last", { input: from("slow", "next") }),
      ],
      { slow: reading, fast: reading, next: reading, last: reading },
    )
    const world = new World({
      slow: { afterMs: 100, value: 1 },
      fast: { afterMs: 10, value: 2 },
      next: { afterMs: 10, value: 3 },
      last: (input) => ({ value: input }),
    })
    expect(valueIn(await world.run(plan))).toEqual({ slow: 1, next: 3 })
    expect(world.times).toEqual({ slow: [0], fast: [0], next: [10], last: [100] })
  })

  test("runs the two sides of a diamond at the same time", async () => {
    const plan = pipeline(
      [
        call("top"),
        call("left", { input: from("top") }),
        call("right", { input: from("top") }),
        call("bottom", { input: from("left", "right") }),
      ],
      { top: reading, left: reading, right: reading, bottom: reading },
    )
    const world = new World({
      top: { afterMs: 10 },
      left: { afterMs: 30 },
      right: { afterMs: 20 },
      bottom: {},
    })
    await world.run(plan)
    expect(world.times).toEqual({ top: [0], left: [10], right: [10], bottom: [40] })
    expect(world.called).toEqual(["top", "left", "right", "bottom"])
  })

  test("lets a step with an effect wait for all before it, and all after it wait for it", async () => {
    const plan = pipeline([call("read"), call("write"), call("check")], {
      read: reading,
      write: effectful,
      check: reading,
    })
    const world = new World({ read: { afterMs: 10 }, write: { afterMs: 10 }, check: {} })
    await world.run(plan)
    expect(world.times).toEqual({ read: [0], write: [10], check: [20] })
  })

  test("runs effects side by side where the author says after what they come", async () => {
    const plan = pipeline([call("one", { after: [] }), call("two", { after: [] })], {
      one: effectful,
      two: effectful,
    })
    const world = new World({ one: { afterMs: 10 }, two: { afterMs: 10 } })
    await world.run(plan)
    expect(world.times).toEqual({ one: [0], two: [0] })
  })

  test("runs no more steps at a time than it may, the first of the document first", async () => {
    const ids = ["a", "b", "c", "d", "e"]
    const plan = pipeline(
      ids.map((id) => call(id)),
      Object.fromEntries(ids.map((id) => [id, reading])),
      { maxParallel: 2 },
    )
    const world = new World(Object.fromEntries(ids.map((id) => [id, { afterMs: 10 }])))
    await world.run(plan)
    expect(world.called).toEqual(ids)
    expect(world.times).toEqual({ a: [0], b: [0], c: [10], d: [10], e: [20] })
  })

  test("skips a step whose condition is false, and runs those after it without its value", async () => {
    const plan = pipeline(
      [
        call("a", { when: "input.go == true" }),
        call("b", {
          input: {
            construct: { fields: { a: { reference: { step: "a" } }, fixed: { constant: 1 } } },
          },
        }),
      ],
      { a: reading, b: reading },
    )
    const world = new World({ a: {}, b: (input) => ({ value: input }) })
    const outcome = await world.run(plan, { go: false })
    expect(valueIn(outcome)).toEqual({ fixed: 1 })
    expect(world.called).toEqual(["b"])
    expect(statuses(outcome)).toEqual({ a: "skipped", b: "ok" })
  })

  test("fails where a condition cannot be computed, and calls nothing", async () => {
    const plan = pipeline([call("a", { when: "input.missing.deep == true" })], { a: reading })
    const world = new World({ a: {} })
    expect(errorIn(await world.run(plan))).toMatchObject({
      class: "binding",
      step: "a",
      effect: "none",
    })
    expect(world.called).toEqual([])
  })

  test("makes no call for a step whose input is absent", async () => {
    const plan = pipeline([call("a", { input: { path: "$.missing" } })], { a: reading })
    const world = new World({ a: {} })
    expect(errorIn(await world.run(plan))).toMatchObject({ class: "binding", step: "a" })
    expect(world.called).toEqual([])
  })

  test("puts an input that is no object into the only property it can be meant for", async () => {
    const schema = { type: "object", properties: { url: { type: "string" } }, required: ["url"] }
    const plan = pipeline(
      [call("a", { input: { path: "$.url" } }), call("b", { input: { path: "$.url" } })],
      {
        a: { ...reading, inputSchema: schema },
        b: reading,
      },
    )
    const world = new World({ a: {}, b: {} })
    const error = errorIn(await world.run(plan, { url: "x" }))
    expect(error).toMatchObject({ class: "binding", step: "b" })
    expect(world.seen.map(({ input }) => input)).toEqual([{ url: "x" }])
  })

  test("gives null where its output is absent", async () => {
    const plan = pipeline([call("a")], { a: reading }, { output: { path: "$.missing" } })
    expect(valueIn(await new World({ a: {} }).run(plan))).toBeNull()
  })

  test("hands the result of its last call on as it came, when nothing is made of it", async () => {
    const raw = { content: [{ type: "image", data: "…" }] }
    const tools = { a: reading }
    const world = new World({ a: { value: { content: [] }, raw } })
    expect(await world.run(pipeline([call("a")], tools))).toMatchObject({ ok: true, raw })
    const made = await world.run(
      pipeline([call("a")], tools, { output: { reference: { step: "a" } } }),
    )
    expect(made).not.toHaveProperty("raw")
  })
})

describe("a pipeline that fails", () => {
  test("starts nothing more, and says which step, why, and what was not started", async () => {
    const plan = pipeline([call("a"), call("b"), call("c")], {
      a: effectful,
      b: effectful,
      c: effectful,
    })
    const world = new World({
      a: {},
      b: { fail: { class: "tool", message: "no room", data: { why: 1 } } },
      c: {},
    })
    const outcome = await world.run(plan)
    expect(errorIn(outcome)).toEqual({
      class: "tool",
      code: "TOOL_ERROR",
      message: "no room",
      data: { why: 1 },
      step: "b",
      tool: "b@1.0.0",
      attempts: 1,
      at: "1970-01-01T00:00:00.000Z",
      effect: "done", // of a
    })
    expect(world.called).toEqual(["a", "b"])
    expect(statuses(outcome)).toEqual({ a: "ok", b: "failed", c: "not_started" })
  })

  test("gives up siblings that only read, at once", async () => {
    const plan = pipeline([call("bad"), call("slow")], { bad: reading, slow: reading })
    const world = new World({
      bad: { afterMs: 10, fail: { class: "tool" } },
      slow: { hangs: true },
    })
    const outcome = await world.run(plan)
    expect(errorIn(outcome)).toMatchObject({ step: "bad", effect: "none" })
    expect(world.clock.now()).toBe(10)
    expect(world.seen[1]?.cancelledMs).toBe(10)
    expect(statuses(outcome)).toEqual({ bad: "failed", slow: "aborted" })
  })

  test("waits for siblings with an effect, and says what became of them", async () => {
    const plan = pipeline([call("bad", { after: [] }), call("slow", { after: [] })], {
      bad: effectful,
      slow: effectful,
    })
    const world = new World({
      bad: { afterMs: 10, fail: { class: "tool" } },
      slow: { afterMs: 50, value: 1 },
    })
    const outcome = await world.run(plan)
    expect(errorIn(outcome)).toMatchObject({ step: "bad", effect: "done" })
    expect(world.clock.now()).toBe(50)
    expect(world.seen[1]?.cancelledMs).toBeUndefined()
    expect(statuses(outcome)).toEqual({ bad: "failed", slow: "ok" })
  })

  test("waits for them only so long", async () => {
    const plan = pipeline([call("bad", { after: [] }), call("slow", { after: [] })], {
      bad: effectful,
      slow: effectful,
    })
    const world = new World({
      bad: { afterMs: 10, fail: { class: "tool" } },
      slow: { hangs: true },
    })
    const outcome = await world.run(plan)
    expect(errorIn(outcome)).toMatchObject({ step: "bad", effect: "unknown" })
    expect(world.clock.now()).toBe(30_010)
    expect(world.seen[1]?.cancelledMs).toBe(30_010)
    expect(outcome.steps[1]).toMatchObject({ status: "aborted", effect: "unknown" })
  })

  test("does not try a sibling again", async () => {
    const plan = pipeline(
      [
        call("bad", { after: [] }),
        call("shaky", { after: [], retry: { maxAttempts: 5, backoffMs: 5 } }),
      ],
      { bad: effectful, shaky: effectful },
    )
    const world = new World({
      bad: { afterMs: 10, fail: { class: "tool" } },
      shaky: { afterMs: 20, fail: { class: "transport" } },
    })
    await world.run(plan)
    expect(world.called).toEqual(["bad", "shaky"])
  })

  test("fails by its own deadline, with the step that was under way", async () => {
    const plan = pipeline([call("a"), call("b")], { a: effectful, b: effectful }, { timeoutMs: 30 })
    const world = new World({ a: { afterMs: 20 }, b: { hangs: true } })
    const outcome = await world.run(plan)
    expect(errorIn(outcome)).toMatchObject({ class: "deadline", step: "b", effect: "done" })
    expect(world.clock.now()).toBe(30)
    expect(statuses(outcome)).toEqual({ a: "ok", b: "timeout" })
    expect(outcome.steps[1]).toMatchObject({ effect: "unknown" })
    expect(world.seen.map(({ call: { deadlineMs } }) => deadlineMs)).toEqual([30, 30])
  })

  test("by its output has done what it did all the same", async () => {
    const plan = pipeline([call("a")], { a: effectful }, { output: { expr: "input.missing.deep" } })
    const outcome = await new World({ a: {} }).run(plan)
    expect(errorIn(outcome)).toMatchObject({ class: "binding", step: "", effect: "done" })
  })

  test("leaves no timer behind, whatever happens", async () => {
    const steps = [call("a", { timeoutMs: 500, retry: { maxAttempts: 2, attemptTimeoutMs: 100 } })]
    const plan = pipeline(steps, { a: effectful }, { timeoutMs: 1_000 })
    const world = new World({ a: { afterMs: 10, fail: { class: "tool" } } })
    expect(errorIn(await world.run(plan)).class).toBe("tool")
    expect(world.clock.timers).toBe(0)
  })
})
