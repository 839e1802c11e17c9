import { describe, expect, test } from "vitest"
import {
  type Answer,
  effectful,
  errorIn,
  type Tool,
  valueIn,
  World,
} from "../../../support/composition-world.ts"
import { DurableWorld } from "../../../support/durable-world.ts"
import { call, pipeline } from "../../../support/step-specs.ts"

const plan = (once: object = {}) =>
  pipeline([call("a", { once: { key: ["$.order"], ...once } })], { a: effectful })
const counting = (_: unknown, __: unknown, nth: number): Answer => ({ afterMs: 10, value: nth })

/** Runs, each for itself, in one journal. */
function world(a: Tool) {
  const durable = new DurableWorld({ a })
  let count = 0
  const start = (order: number, once: object = {}, scope = "agent") => {
    count++
    return durable.play(plan(once), { order }, `r${count}`, scope)
  }
  const run = (...args: Parameters<typeof start>) => durable.clock.until(start(...args))
  return { durable, start, run }
}

describe("once", () => {
  test("is refused where there is no journal, before anything is called", async () => {
    const bare = new World({ a: {} })
    const error = errorIn(await bare.run(plan(), { order: 1 }))
    expect(error).toMatchObject({ class: "journal", effect: "none" })
    expect(error.message).toContain("step a is to be done once")
    expect(bare.called).toEqual([])
  })

  test("does a thing once for a key, and gives its value again", async () => {
    const { durable, run } = world(counting)
    const values = []
    for (const order of [1, 1, 2]) values.push(valueIn(await run(order)))
    expect(values).toEqual([1, 1, 2])
    expect(durable.called).toHaveLength(2)
  })

  test("does it again when its time is over", async () => {
    const { durable, run } = world(counting)
    await run(1, { ttlMs: 100 })
    await durable.clock.pass(101)
    expect(valueIn(await run(1, { ttlMs: 100 }))).toBe(2)
  })

  test("lets those who ask meanwhile wait for the outcome", async () => {
    const { durable, start } = world(counting)
    const runs = Array.from({ length: 20 }, () => start(1))
    const outcomes = await durable.clock.until(Promise.all(runs))
    expect(new Set(outcomes.map(valueIn))).toEqual(new Set([1]))
    expect(durable.called).toHaveLength(1)
  })

  test("says null or that it was done before, where that is asked for", async () => {
    const { run } = world(counting)
    await run(1)
    expect(valueIn(await run(1, { onDuplicate: "skip" }))).toBeNull()
    expect(errorIn(await run(1, { onDuplicate: "error" }))).toMatchObject({
      class: "conflict",
      effect: "none",
    })
  })

  test("never gives one caller's value to another, nor does it again for them", async () => {
    const { durable, start, run } = world(counting)
    const [own, theirs] = await durable.clock.until(
      Promise.all([start(1, {}, "own"), start(1, {}, "other")]),
    )
    expect(own).toMatchObject({ ok: true, value: 1 })
    expect(theirs).toMatchObject({ ok: false, error: { class: "conflict" } })
    expect(errorIn(await run(1, {}, "other")).class).toBe("conflict")
    expect(durable.called).toHaveLength(1)
  })

  test("may be tried again when it failed for certain, and is not when that is not certain", async () => {
    const failing = (effect: "none" | "unknown"): Tool => {
      return (_, __, nth) => (nth === 1 ? { fail: { class: "tool", effect } } : { value: nth })
    }
    const certain = world(failing("none"))
    await certain.run(1)
    expect(valueIn(await certain.run(1))).toBe(2)
    const unsure = world(failing("unknown"))
    await unsure.run(1)
    expect(errorIn(await unsure.run(1)).effect).toBe("unknown")
    expect(unsure.durable.called).toHaveLength(1)
  })

  test("passes the lead on when the first fails for certain", async () => {
    const { durable, start } = world((_, __, nth) =>
      nth === 1 ? { afterMs: 5, fail: { class: "tool" } } : { value: nth },
    )
    const [first, ...others] = await durable.clock.until(Promise.all([1, 2, 3].map(() => start(1))))
    expect(first).toMatchObject({ ok: false })
    expect(others.map(valueIn)).toEqual([2, 2])
  })
})

test("once is done once although the process dies at any write", async () => {
  for (let at = 1; at <= 6; at++)
    for (const when of ["before", "after"] as const) {
      let writes = 0
      const ledger = new Map<string | undefined, number>()
      const a: Tool = (_, { key }, nth) => {
        ledger.set(key, ledger.get(key) ?? nth)
        return { value: ledger.get(key) ?? nth }
      }
      const durable = new DurableWorld({ a }, { dies: () => (++writes === at ? when : undefined) })
      const repeatable = pipeline([call("a", { once: { key: ["$.order"] } })], {
        a: { annotations: { idempotentHint: true } },
      })
      durable.begin(repeatable, { order: 1 }, "r1")
      await durable.settle("r1")
      durable.begin(repeatable, { order: 1 }, "r2")
      expect([at, when, (await durable.settle("r2")).status]).toEqual([at, when, "completed"])
      expect(ledger.size).toBe(1)
    }
})
