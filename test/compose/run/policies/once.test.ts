import { describe, expect, test } from "vitest"
import {
  type Answer,
  effectful,
  errorIn,
  valueIn,
  World,
} from "../../../support/composition-world.ts"
import { call, pipeline } from "../../../support/step-specs.ts"

const plan = (once: object = {}) =>
  pipeline([call("a", { once: { key: ["$.order"], ...once } })], { a: effectful })
const counting = (_: unknown, __: unknown, nth: number): Answer => ({ afterMs: 10, value: nth })
const memory = { once: "memory" } as const

describe("once", () => {
  test("is refused where nothing remembers, before anything is called", async () => {
    const world = new World({ a: {} })
    const error = errorIn(await world.run(plan(), { order: 1 }))
    expect(error).toMatchObject({ class: "journal", effect: "none" })
    expect(error.message).toContain("step a is to be done once")
    expect(world.called).toEqual([])
  })

  test("does a thing once for a key, and gives its value again", async () => {
    const world = new World({ a: counting })
    const orders = [1, 1, 2]
    const values = []
    for (const order of orders) values.push(valueIn(await world.run(plan(), { order }, memory)))
    expect(values).toEqual([1, 1, 2])
    expect(world.called).toHaveLength(2)
  })

  test("does it again when it has been forgotten", async () => {
    const world = new World({ a: counting })
    await world.run(plan({ ttlMs: 100 }), { order: 1 }, memory)
    await world.clock.pass(101)
    expect(valueIn(await world.run(plan({ ttlMs: 100 }), { order: 1 }, memory))).toBe(2)
  })

  test("lets those who ask meanwhile wait for the outcome", async () => {
    const world = new World({ a: counting })
    const runs = Array.from({ length: 20 }, () => world.start(plan(), { order: 1 }, memory))
    const outcomes = await world.clock.until(Promise.all(runs))
    expect(new Set(outcomes.map(valueIn))).toEqual(new Set([1]))
    expect(world.called).toHaveLength(1)
  })

  test("says null or that it was done before, where that is asked for", async () => {
    const world = new World({ a: counting })
    await world.run(plan(), { order: 1 }, memory)
    expect(valueIn(await world.run(plan({ onDuplicate: "skip" }), { order: 1 }, memory))).toBeNull()
    const again = await world.run(plan({ onDuplicate: "error" }), { order: 1 }, memory)
    expect(errorIn(again)).toMatchObject({ class: "conflict", effect: "none" })
  })

  test("never gives one caller's value to another, nor does it again for them", async () => {
    const world = new World({ a: counting })
    const other = { ...memory, callerScope: "other" }
    const both = [
      world.start(plan(), { order: 1 }, memory),
      world.start(plan(), { order: 1 }, other),
    ]
    const [own, theirs] = await world.clock.until(Promise.all(both))
    expect(own).toMatchObject({ ok: true, value: 1 })
    expect(theirs).toMatchObject({ ok: false, error: { class: "conflict" } })
    expect(errorIn(await world.run(plan(), { order: 1 }, other)).class).toBe("conflict")
    expect(world.called).toHaveLength(1)
  })

  test("may be tried again when it failed for certain, and is not when that is not certain", async () => {
    const failing = (effect: "none" | "unknown"): Answer => ({ fail: { class: "tool", effect } })
    const certain = new World({ a: (_, __, nth) => (nth === 1 ? failing("none") : { value: nth }) })
    await certain.run(plan(), { order: 1 }, memory)
    expect(valueIn(await certain.run(plan(), { order: 1 }, memory))).toBe(2)
    const unsure = new World({
      a: (_, __, nth) => (nth === 1 ? failing("unknown") : { value: nth }),
    })
    await unsure.run(plan(), { order: 1 }, memory)
    expect(errorIn(await unsure.run(plan(), { order: 1 }, memory)).effect).toBe("unknown")
    expect(unsure.called).toHaveLength(1)
  })

  test("passes the lead on when the first fails for certain", async () => {
    const world = new World({
      a: (_, __, nth) => (nth === 1 ? { afterMs: 5, fail: { class: "tool" } } : { value: nth }),
    })
    const runs = [1, 2, 3].map(() => world.start(plan(), { order: 1 }, memory))
    const [first, ...others] = await world.clock.until(Promise.all(runs))
    expect(first).toMatchObject({ ok: false })
    expect(others.map(valueIn)).toEqual([2, 2])
  })

  test("refuses keys that it could not remember rather than doing a thing twice", async () => {
    for (const limits of [{ onceEntries: 1 }, { onceBytes: 4 }]) {
      const world = new World({ a: counting }, limits)
      await world.run(plan(), { order: 1 }, memory)
      const error = errorIn(await world.run(plan(), { order: 2 }, memory))
      expect(error).toMatchObject({ class: "budget", effect: "none" })
      expect(error.message).toContain("(limits onceEntries and onceBytes)")
      expect(await world.run(plan(), { order: 1 }, memory)).toMatchObject({ ok: true })
    }
  })
})
