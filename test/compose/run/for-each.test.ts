import { describe, expect, test } from "vitest"
import type { StepEvent } from "../../../src/compose/run/report.ts"
import {
  Caller,
  effectful,
  errorIn,
  reading,
  valueIn,
  World,
} from "../../support/composition-world.ts"
import { call, pipeline } from "../../support/step-specs.ts"

const each = (rest = {}) => ({
  forEach: { path: "$.items" },
  input: { item: { path: "$" } },
  ...rest,
})
const plan = (rest = {}, tool: object = reading) => pipeline([call("a", each(rest))], { a: tool })
const items = (count: number) => ({ items: Array.from({ length: count }, (_, n) => ({ n })) })
const numberOf = (input: unknown) => Number(Object(input)["n"])

describe("forEach", () => {
  test("gives the values in the order of the items, however they come", async () => {
    const world = new World({ a: (input) => ({ afterMs: 50 - numberOf(input), value: input }) })
    expect(valueIn(await world.run(plan({ concurrency: 8 }), items(5)))).toEqual(items(5).items)
    expect(world.clock.now()).toBe(50)
  })

  test("runs a thousand items, never more at a time than it may", async () => {
    const world = new World({
      a: (input) => ({ afterMs: (numberOf(input) * 7) % 13, value: numberOf(input) }),
    })
    const outcome = await world.run(plan({ concurrency: 8 }), items(1_000))
    expect(valueIn(outcome)).toEqual(Array.from({ length: 1_000 }, (_, n) => n))
    expect(world.mostAtOnce).toBe(8)
    expect(world.seen).toHaveLength(1_000)
    expect(outcome.steps[0]).toMatchObject({
      items: { total: 1_000, ok: 1_000, failed: 0 },
      attempts: 1_000,
    })
  })

  test("reads eight at a time and changes one at a time where nothing is said", async () => {
    const answer = { afterMs: 10 }
    const readers = new World({ a: answer })
    await readers.run(plan(), items(20))
    expect(readers.mostAtOnce).toBe(8)
    const writers = new World({ a: answer })
    await writers.run(plan({}, effectful), items(5))
    expect(writers.mostAtOnce).toBe(1)
  })

  test("has an index, and a path and a key for each item", async () => {
    const input = { construct: { fields: { n: { expr: "index" } } } }
    const world = new World({ a: {} })
    await world.run(plan({ input }, effectful), items(2))
    expect(world.seen.map(({ input, call: { path, key } }) => ({ input, path, key }))).toEqual([
      { input: { n: 0 }, path: "a[0]", key: "run/a[0]" },
      { input: { n: 1 }, path: "a[1]", key: "run/a[1]" },
    ])
  })

  test.each([
    ["an empty array", { items: [] }],
    ["nothing", {}],
  ])("does nothing for %s", async (_, input) => {
    const world = new World({ a: {} })
    expect(valueIn(await world.run(plan(), input))).toEqual([])
    expect(world.called).toEqual([])
  })

  test("fails for what is no array", async () => {
    const error = errorIn(await new World({ a: {} }).run(plan(), { items: "abc" }))
    expect(error).toMatchObject({ class: "binding", step: "a" })
  })

  test("refuses more items than are allowed, by the limit's name", async () => {
    const world = new World({ a: {} })
    const error = errorIn(await world.run(plan(), items(1_001)))
    expect(error).toMatchObject({ class: "budget", effect: "none" })
    expect(error.message).toContain("(limit maxItems)")
    expect(world.called).toEqual([])
  })
})

describe("an item that fails", () => {
  const broken = (input: unknown) =>
    numberOf(input) === 1
      ? { fail: { class: "tool" as const, message: "no" } }
      : { value: input as { n: number } }

  test("ends the step, and no more items are started", async () => {
    const world = new World({ a: broken })
    const outcome = await world.run(plan({}, effectful), items(5))
    expect(errorIn(outcome)).toMatchObject({ class: "tool", step: "a[1]", effect: "done" })
    expect(world.called).toHaveLength(2)
    expect(outcome.steps[0]).toMatchObject({
      status: "failed",
      items: { total: 5, ok: 1, failed: 1 },
    })
  })

  test("lets those with an effect end, and gives up those that only read", async () => {
    const answers = (input: unknown) =>
      numberOf(input) === 1 ? { afterMs: 5, fail: { class: "tool" as const } } : { afterMs: 50 }
    const writers = new World({ a: answers })
    await writers.run(plan({ concurrency: 3 }, effectful), items(5))
    expect(writers.clock.now()).toBe(50)
    expect(writers.called).toHaveLength(3)
    const readers = new World({ a: answers })
    await readers.run(plan({ concurrency: 3 }), items(5))
    expect(readers.clock.now()).toBe(5)
    expect(readers.called).toHaveLength(3)
  })

  test("is left out with skip, and stands as its error with keep", async () => {
    const skipped = await new World({ a: broken }).run(plan({ onItemError: "skip" }), items(3))
    expect(valueIn(skipped)).toEqual([{ n: 0 }, { n: 2 }])
    const kept = await new World({ a: broken }).run(plan({ onItemError: "keep" }), items(3))
    expect(valueIn(kept)).toEqual([
      { n: 0 },
      { error: { class: "tool", code: "TOOL_ERROR", message: "no" } },
      { n: 2 },
    ])
    expect(kept.steps[0]).toMatchObject({ status: "ok", items: { total: 3, ok: 2, failed: 1 } })
  })

  test("is handled by onError, item by item", async () => {
    const onError = {
      output: {
        construct: {
          fields: { why: { error: { path: "$.message" } }, of: { self: { path: "$.n" } } },
        },
      },
    }
    const outcome = await new World({ a: broken }).run(plan({ onError }), items(3))
    expect(valueIn(outcome)).toEqual([{ n: 0 }, { why: "no", of: 1 }, { n: 2 }])
  })

  test("does not hide that the caller has left", async () => {
    const caller = new Caller()
    const world = new World({ a: { hangs: true } })
    world.clock.at(5, () => caller.cancel())
    const cancellation = caller
    const outcome = await world.run(plan({ onItemError: "skip" }), items(20), { cancellation })
    expect(errorIn(outcome)).toMatchObject({ class: "cancelled" })
    expect(world.called).toHaveLength(8)
  })
})

test("items are told of as they come, and so is their number", async () => {
  const events: StepEvent[] = []
  await new World({ a: {} }).run(plan({}, effectful), items(2), {
    onStep: (event) => void events.push(event),
  })
  expect(events.map(({ kind, id }) => `${kind} ${id}`)).toEqual([
    "started a",
    "items a",
    "started a[0]",
    "settled a[0]",
    "started a[1]",
    "settled a[1]",
    "settled a",
  ])
  expect(events[1]).toMatchObject({ count: 2 })
})
