import { describe, expect, test } from "vitest"
import { effectful, errorIn, reading, valueIn, World } from "../../../support/composition-world.ts"
import { call, pipeline } from "../../../support/step-specs.ts"

const bad = { fail: { class: "tool", message: "no" } } as const

describe("a step that takes too long", () => {
  test("is given up with all its attempts, and may have done it", async () => {
    const retry = { maxAttempts: 5, attemptTimeoutMs: 40, backoffMs: 10, factor: 1 }
    const plan = pipeline([call("a", { timeoutMs: 100, retry })], { a: effectful })
    const world = new World({ a: { hangs: true } })
    const outcome = await world.run(plan)
    expect(errorIn(outcome)).toMatchObject({ class: "timeout", attempts: 2, effect: "unknown" })
    expect(world.times).toEqual({ a: [0, 50] })
    expect(outcome.steps).toMatchObject([{ status: "timeout", ms: 90 }])
  })

  test("is given up between two attempts as well", async () => {
    const retry = { maxAttempts: 5, backoffMs: 60, factor: 1, jitter: 0 }
    const plan = pipeline([call("a", { timeoutMs: 100, retry })], { a: effectful })
    const world = new World({ a: { afterMs: 30, fail: { class: "transport", effect: "unknown" } } })
    expect(errorIn(await world.run(plan))).toMatchObject({ class: "timeout", effect: "unknown" })
    expect(world.clock.now()).toBe(100)
  })

  test("has done nothing where it only reads, and a late answer is dropped", async () => {
    const plan = pipeline(
      [call("a", { timeoutMs: 10, onError: { output: { constant: "late" } } })],
      {
        a: reading,
      },
    )
    const world = new World({ a: { afterMs: 50, value: 1, isDeaf: true } })
    const outcome = await world.run(plan)
    expect(valueIn(outcome)).toBe("late")
    await world.clock.pass(100)
    expect(world.seen[0]?.endMs).toBe(50)
    expect(outcome.steps).toMatchObject([{ effect: "none" }])
  })

  test("may be a whole graph, all of whose calls are given up", async () => {
    const inner = {
      pattern: { pipeline: { steps: [call("a", { after: [] }), call("b", { after: [] })] } },
    }
    const plan = pipeline([{ id: "both", operation: inner, timeoutMs: 10 }])
    const world = new World({ a: { hangs: true }, b: { hangs: true } })
    expect(errorIn(await world.run(plan))).toMatchObject({ class: "timeout", step: "both/a" })
    expect(world.seen.map(({ cancelledMs }) => cancelledMs)).toEqual([10, 10])
  })
})

describe("policies nest", () => {
  test("when is outside of all: nothing is mapped, cached or counted of a step that is skipped", async () => {
    const step = call("a", {
      when: "false",
      forEach: { path: "$.nothing.like.it" },
      cache: { ttlMs: 100 },
      onError: { output: { constant: 1 } },
    })
    const outcome = await new World({}).run(pipeline([step], { a: reading }), {})
    expect(outcome.steps).toMatchObject([{ status: "skipped", attempts: 0 }])
  })

  test("forEach is outside of cache: equal items are called for once", async () => {
    const step = call("a", {
      forEach: { path: "$" },
      input: { item: { path: "$" } },
      concurrency: 4,
      cache: { ttlMs: 100 },
    })
    const world = new World({ a: (input) => ({ afterMs: 5, value: input }) })
    const items = [{ n: 1 }, { n: 2 }, { n: 1 }, { n: 1 }]
    expect(valueIn(await world.run(pipeline([step], { a: reading }), items))).toEqual(items)
    expect(world.called).toHaveLength(2)
  })

  test("onError is outside of cache: what it gives is not kept", async () => {
    const step = call("a", { cache: { ttlMs: 100 }, onError: { output: { constant: "none" } } })
    const plan = pipeline([step], { a: reading })
    const world = new World({ a: (_, __, nth) => (nth === 1 ? bad : { value: nth }) })
    expect(valueIn(await world.run(plan))).toBe("none")
    expect(valueIn(await world.run(plan))).toBe(2)
  })

  test("cache is outside of retry: what came in the end is kept", async () => {
    const step = call("a", { cache: { ttlMs: 10_000 }, retry: { maxAttempts: 2, on: ["tool"] } })
    const plan = pipeline([step], { a: reading })
    const world = new World({ a: (_, __, nth) => (nth === 1 ? bad : { value: nth }) })
    expect(valueIn(await world.run(plan))).toBe(2)
    expect(valueIn(await world.run(plan))).toBe(2)
    expect(world.called).toHaveLength(2)
  })

  test("retry is outside of breaker: attempts are counted, and an open one ends them", async () => {
    const breaker = { name: "b", failures: 2, windowMs: 1_000, resetMs: 10_000 }
    const step = call("a", { breaker, retry: { maxAttempts: 5, on: ["tool"] } })
    const world = new World({ a: bad })
    const error = errorIn(await world.run(pipeline([step])))
    expect(error).toMatchObject({ class: "circuitOpen", attempts: 3 })
    expect(world.called).toHaveLength(2)
  })

  test("throttle is outside of breaker: who is not called has still had a turn", async () => {
    const breaker = { name: "b", failures: 1, windowMs: 1_000, resetMs: 10_000 }
    const step = call("a", { breaker, throttle: { rate: 1, windowMs: 100 } })
    const plan = pipeline([step])
    const world = new World({ a: bad })
    const words = []
    for (const _ of [1, 2, 3]) words.push(errorIn(await world.run(plan)).class)
    expect(words).toEqual(["tool", "circuitOpen", "circuitOpen"])
    expect(world.clock.now()).toBe(200)
  })

  test("wrappers in another order become graphs inside: this retry is around a cache", async () => {
    const cache = {
      ttlSeconds: 10,
      keyPaths: ["$"],
      store: "memory",
      inner: { tool: { name: "a" } },
    }
    const retry = {
      maxAttempts: 3,
      backoff: { fixed: { delayMs: 5 } },
      inner: { pattern: { cache } },
    }
    const plan = pipeline([{ id: "main", operation: { pattern: { retry } } }], { a: reading })
    const world = new World({
      a: (_, __, nth) => (nth < 2 ? { fail: { class: "transport" } } : { value: nth }),
    })
    expect(valueIn(await world.run(plan))).toBe(2)
  })
})
