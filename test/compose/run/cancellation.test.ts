import { describe, expect, test } from "vitest"
import { Cancellation } from "../../../src/call/cancellation.ts"
import type { JsonObject } from "../../../src/schema/json.ts"
import {
  Caller,
  effectful,
  errorIn,
  reading,
  repeatable,
  statuses,
  World,
} from "../../support/composition-world.ts"
import { call, pipeline, scatter, target } from "../../support/step-specs.ts"

/** Cancels at 5 ms what runs until then. */
async function cancelled(world: World, plan: ReturnType<typeof pipeline>, input: JsonObject = {}) {
  const cancellation = new Caller()
  world.clock.at(5, () => cancellation.cancel())
  const outcome = await world.run(plan, input, { cancellation })
  expect(errorIn(outcome).class).toBe("cancelled")
  expect(world.clock.now()).toBe(5)
  const calls = world.seen.length
  await world.clock.pass(100_000)
  expect(world.seen.length).toBe(calls) // nothing is started after it
  expect(cancellation.isHeard).toBe(false)
  return outcome
}

describe("a caller that leaves", () => {
  test("before the run begins has nothing called", async () => {
    const cancellation = new Caller()
    cancellation.cancel()
    const world = new World({ a: {} })
    const outcome = await world.run(pipeline([call("a")]), {}, { cancellation })
    expect(errorIn(outcome)).toMatchObject({ class: "cancelled", effect: "none" })
    expect(world.called).toEqual([])
    expect(outcome.steps).toEqual([])
  })

  test("while a step with an effect runs: it is cancelled, and nobody knows what became of it", async () => {
    const world = new World({ a: { hangs: true }, b: {} })
    const outcome = await cancelled(world, pipeline([call("a"), call("b")], { a: effectful }))
    expect(errorIn(outcome)).toMatchObject({ step: "a", tool: "a@1.0.0", effect: "unknown" })
    expect(world.seen[0]?.cancelledMs).toBe(5)
    expect(statuses(outcome)).toEqual({ a: "aborted", b: "not_started" })
  })

  test("while several run: all of them are", async () => {
    const plan = scatter([target("a"), target("b")], {}, { a: reading, b: effectful })
    const world = new World({ a: { hangs: true }, b: { hangs: true } })
    const outcome = await cancelled(world, plan)
    expect(world.seen.map(({ cancelledMs }) => cancelledMs)).toEqual([5, 5])
    expect(errorIn(outcome).effect).toBe("unknown")
  })

  test("gets no part of a scatter-gather for it", async () => {
    const plan = scatter([target("a"), target("b")], {}, { a: reading, b: reading })
    await cancelled(new World({ a: { value: 1 }, b: { hangs: true } }), plan)
  })

  test("is the end of a scatter-gather, whatever had failed before", async () => {
    const plan = scatter([target("a"), target("b")], {}, { a: reading, b: reading })
    await cancelled(new World({ a: { fail: { class: "tool" } }, b: { hangs: true } }), plan)
  })

  test.each([
    ["a step", pipeline([call("a")])],
    [
      "a graph",
      pipeline([{ id: "a", operation: { pattern: { pipeline: { steps: [call("b")] } } } }]),
    ],
    [
      "items",
      pipeline([call("a", { forEach: { path: "$.items" }, input: { item: { path: "$" } } })]),
    ],
  ])("at the moment at which %s starts has nothing called", async (_, plan) => {
    const cancellation = new Caller()
    const onStep = () => {
      if (!cancellation.isCancelled) cancellation.cancel()
    }
    const world = new World({ a: {}, b: {} })
    const outcome = await world.run(plan, { items: [{}, {}] }, { cancellation, onStep })
    expect(errorIn(outcome)).toMatchObject({ class: "cancelled", effect: "none" })
    expect(world.called).toEqual([])
  })

  test("between two attempts", async () => {
    const plan = pipeline([call("a", { retry: { maxAttempts: 3, backoffMs: 10 } })])
    const world = new World({ a: { fail: { class: "transport", effect: "unknown" } } })
    const outcome = await cancelled(world, plan)
    expect(errorIn(outcome)).toMatchObject({ attempts: 1, effect: "unknown" })
  })

  test("while waiting for a turn at a throttle", async () => {
    const throttle = { rate: 1, windowMs: 1_000 }
    const plan = scatter([target("a", { throttle }), target("a", { id: "again", throttle })])
    const world = new World({ a: {} })
    const outcome = await cancelled(world, plan)
    expect(world.called).toEqual(["a"])
    expect(statuses(outcome)).toEqual({ a: "ok", again: "aborted" })
  })

  test("while another makes the call that a cache waits for, which goes on", async () => {
    const plan = pipeline([call("a", { cache: { ttlMs: 1_000 } })], { a: reading })
    const world = new World({ a: { afterMs: 20, value: 1 } })
    const first = world.start(plan)
    await cancelled(world, plan)
    expect(await world.clock.until(first)).toMatchObject({ ok: true, value: 1 })
    expect(world.called).toEqual(["a"])
  })

  test("inside of a composition that is called, and of an onError", async () => {
    const inner = { pattern: { pipeline: { steps: [call("a")] } } }
    await cancelled(
      new World({ a: { hangs: true } }),
      pipeline([{ id: "book", operation: inner }], { a: effectful }),
    )
    const onError = { run: { tool: { name: "b" } } }
    const world = new World({ a: { fail: { class: "tool" } }, b: { hangs: true } })
    await cancelled(world, pipeline([call("a", { onError })]))
    expect(world.called).toEqual(["a", "b"])
  })

  test("is not answered by an onError", async () => {
    const onError = { output: { constant: "all is well" } }
    const world = new World({ a: { hangs: true } })
    await cancelled(world, pipeline([call("a", { onError })]))
  })

  test("after the answer is of no interest", async () => {
    const cancellation = new Caller()
    const world = new World({ a: { value: 1 } })
    const outcome = await world.run(pipeline([call("a")]), {}, { cancellation })
    cancellation.cancel()
    expect(outcome).toMatchObject({ ok: true, value: 1 })
  })

  test("of call/ is a caller like any other", async () => {
    const cancellation = new Cancellation()
    const world = new World({ a: { hangs: true } })
    world.clock.at(5, () => cancellation.cancel())
    const outcome = await world.run(pipeline([call("a")]), {}, { cancellation })
    expect(errorIn(outcome).class).toBe("cancelled")
    expect(() => cancellation.listen({ cancelled: () => {} })).not.toThrow()
  })
})

describe("the deadline of a call", () => {
  test("ends a run, and is known to every call", async () => {
    const world = new World({ a: { hangs: true } })
    const outcome = await world.run(
      pipeline([call("a")], { a: repeatable }),
      {},
      { deadlineMs: 40 },
    )
    expect(errorIn(outcome)).toMatchObject({ class: "deadline", effect: "unknown" })
    expect(world.clock.now()).toBe(40)
    expect(world.seen[0]?.call.deadlineMs).toBe(40)
  })

  test("that is over has nothing called", async () => {
    const world = new World({ a: {} })
    const outcome = await world.run(pipeline([call("a")]), {}, { deadlineMs: 0 })
    expect(errorIn(outcome)).toMatchObject({ class: "deadline", effect: "none" })
    expect(world.called).toEqual([])
  })
})

describe("a bug of a port", () => {
  test("rejects the run with its cause, after everything else was given up", async () => {
    const bug = new TypeError("x is undefined")
    const plan = scatter([target("a"), target("b")])
    const world = new World({ a: { hangs: true }, b: { afterMs: 5, throws: bug } })
    const run = world.run(plan)
    await expect(run).rejects.toThrow("a composition met a fault of the gateway")
    await expect(run).rejects.toMatchObject({ cause: bug })
    expect(world.seen[0]?.cancelledMs).toBe(5)
    expect(world.clock.timers).toBe(0)
  })

  test("is told as well when onStep throws it", async () => {
    const bug = new Error("full")
    const onStep = () => {
      throw bug
    }
    const run = new World({ a: {} }).run(pipeline([call("a")]), {}, { onStep })
    await expect(run).rejects.toMatchObject({ cause: bug })
  })
})
