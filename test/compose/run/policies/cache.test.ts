import { describe, expect, test } from "vitest"
import type { Json } from "../../../../src/schema/json.ts"
import { errorIn, reading, valueIn, World } from "../../../support/composition-world.ts"
import { call, pipeline, scatter, target } from "../../../support/step-specs.ts"

const plan = (cache: object = {}) =>
  pipeline([call("a", { cache: { ttlMs: 100, ...cache } })], { a: reading })
const counting = (_: unknown, __: unknown, nth: number) => ({ afterMs: 10, value: nth })

describe("a cache", () => {
  test("gives what was given before, until it is too old", async () => {
    const world = new World({ a: counting })
    const values: Json[] = []
    for (const waitMs of [0, 50, 60]) {
      await world.clock.pass(waitMs)
      values.push(valueIn(await world.run(plan(), { q: 1 })))
    }
    expect(values).toEqual([1, 1, 2])
    expect(world.times).toEqual({ a: [0, 120] })
  })

  test("goes by the whole input, or by the paths that it names", async () => {
    const whole = new World({ a: counting })
    for (const input of [
      { q: 1, n: 1 },
      { n: 1, q: 1 },
      { q: 1, n: 2 },
    ])
      await whole.run(plan(), input)
    expect(whole.called).toHaveLength(2)
    const named = new World({ a: counting })
    const key = ["$.q"]
    for (const input of [{ q: 1, n: 1 }, { q: 1, n: 2 }, { q: "1" }, {}])
      await named.run(plan({ key }), input)
    expect(named.called).toHaveLength(3)
  })

  test("gives nobody what is another caller's", async () => {
    const world = new World({ a: counting })
    for (const callerScope of ["one", "two", "one"]) await world.run(plan(), {}, { callerScope })
    expect(world.called).toHaveLength(2)
  })

  test("is shared by steps that call the same tool with the same input", async () => {
    const cached = { cache: { ttlMs: 100 } }
    const targets = [target("a", { id: "one", ...cached }), target("a", { id: "two", ...cached })]
    const world = new World({ a: counting })
    expect(valueIn(await world.run(scatter(targets, {}, { a: reading })))).toEqual([1, 1])
    expect(world.called).toHaveLength(1)
  })

  test("keeps no errors", async () => {
    const world = new World({
      a: (_, __, nth) => (nth === 1 ? { fail: { class: "tool" } } : { value: "fine" }),
    })
    expect(errorIn(await world.run(plan())).class).toBe("tool")
    expect(valueIn(await world.run(plan()))).toBe("fine")
  })

  test("keeps no values that its condition does not like, or that it cannot judge", async () => {
    const answers: readonly Json[] = [{ ok: false }, { odd: 1 }, { ok: true }, { ok: "unseen" }]
    const world = new World({ a: (_, __, nth) => ({ value: answers[nth - 1] ?? null }) })
    const conditional = plan({ if: "item.ok" })
    for (const _ of answers) await world.run(conditional)
    expect(world.called).toHaveLength(3)
    expect(valueIn(await world.run(conditional))).toEqual({ ok: true })
  })

  test("hands results on as they came, also from memory", async () => {
    const raw = { content: [{ type: "image", data: "…" }] }
    const world = new World({ a: { value: {}, raw } })
    expect(await world.run(plan())).toMatchObject({ raw })
    expect(await world.run(plan())).toMatchObject({ raw, steps: [{ attempts: 0 }] })
  })

  test("forgets what was not asked for longest when it is full", async () => {
    const world = new World({ a: counting }, { cacheEntries: 2 })
    for (const q of [1, 2, 1, 3, 1, 2]) await world.run(plan({ ttlMs: 10_000 }), { q })
    expect(world.seen.map(({ input }) => input)).toEqual([1, 2, 3, 2].map((q) => ({ q })))
  })

  test("keeps no more bytes than it may", async () => {
    const world = new World({ a: () => ({ value: "x".repeat(600) }) }, { cacheBytes: 1_000 })
    for (const q of [1, 2, 1]) await world.run(plan({ ttlMs: 10_000 }), { q })
    expect(world.called).toHaveLength(3)
  })
})

describe("a cache that may be stale", () => {
  const stale = plan({ staleMs: 200 })

  test("gives the old value at once and renews it once, in the background", async () => {
    const world = new World({ a: counting })
    await world.run(stale)
    await world.clock.pass(150)
    const both = Promise.all([world.start(stale), world.start(stale)])
    expect((await both).map(valueIn)).toEqual([1, 1])
    await world.clock.until(world.state.background.idle())
    expect(world.times).toEqual({ a: [0, 160] })
    expect(valueIn(await world.run(stale))).toBe(2)
  })

  test("gives no value that is too old for that", async () => {
    const world = new World({ a: counting })
    await world.run(stale)
    await world.clock.pass(301)
    expect(valueIn(await world.run(stale))).toBe(2)
  })

  test("keeps the old value when it cannot be renewed, and tries again later", async () => {
    const world = new World({
      a: (_, __, nth) => (nth === 2 ? { fail: { class: "tool" } } : { value: nth }),
    })
    await world.run(stale)
    await world.clock.pass(150)
    expect(valueIn(await world.run(stale))).toBe(1)
    await world.clock.until(world.state.background.idle())
    expect(valueIn(await world.run(stale))).toBe(1)
    await world.clock.until(world.state.background.idle())
    expect(valueIn(await world.run(stale))).toBe(3)
  })
})

describe("callers who want the same at the same time", () => {
  test("get the value of one call", async () => {
    const world = new World({ a: counting })
    const runs = Array.from({ length: 50 }, () => world.start(plan(), { q: 1 }))
    const outcomes = await world.clock.until(Promise.all(runs))
    expect(new Set(outcomes.map(valueIn))).toEqual(new Set([1]))
    expect(world.called).toHaveLength(1)
  })

  test("get its error, each as one of its own step", async () => {
    const world = new World({ a: { afterMs: 10, fail: { class: "tool", message: "no" } } })
    const cached = { cache: { ttlMs: 100 } }
    const targets = [target("a", { id: "one", ...cached }), target("a", { id: "two", ...cached })]
    const outcome = await world.run(scatter(targets, {}, { a: reading }))
    expect(outcome.steps.map(({ error }) => error?.step)).toEqual(["one", "two"])
    expect(world.called).toHaveLength(1)
  })

  test("are not left alone when the one who makes the call leaves", async () => {
    const world = new World({ a: (_, __, nth) => (nth === 1 ? { hangs: true } : { value: nth }) })
    const first = world.start(plan(), {}, { deadlineMs: 20 })
    const second = world.start(plan())
    expect(errorIn(await world.clock.until(first)).class).toBe("deadline")
    expect(valueIn(await world.clock.until(second))).toBe(2)
  })
})
