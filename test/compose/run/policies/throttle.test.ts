import { describe, expect, test } from "vitest"
import { errorIn, reading, statuses, World } from "../../../support/composition-world.ts"
import { call, pipeline, scatter, target } from "../../../support/step-specs.ts"

type Rest = { readonly [key: string]: string | number }

const many = (count: number, throttle: Rest, rest: Rest = {}) =>
  scatter(
    Array.from({ length: count }, (_, index) => target("a", { id: `t${index}`, throttle })),
    rest,
    { a: reading },
  )

/** When six calls that want to start at once do so, three in 300 ms. */
async function pace(strategy: string, startMs = 50) {
  const world = new World({ a: {} })
  await world.clock.pass(startMs)
  await world.run(many(6, { rate: 3, windowMs: 300, strategy }))
  return world.timesOf("a")
}

describe("a throttle", () => {
  test("lets so many through in any window", async () => {
    expect(await pace("sliding_window")).toEqual([50, 50, 50, 350, 350, 350])
  })

  test("lets so many through in each window of the clock", async () => {
    expect(await pace("fixed_window")).toEqual([50, 50, 50, 300, 300, 300])
  })

  test("saves up turns, and then gives them out evenly", async () => {
    expect((await pace("token_bucket")).map(Math.round)).toEqual([50, 50, 50, 150, 250, 350])
  })

  test("gives turns out evenly from the first", async () => {
    expect(await pace("leaky_bucket")).toEqual([50, 150, 250, 350, 450, 550])
  })

  test("lets who came first go first, and nobody pass by", async () => {
    const world = new World({ a: {} })
    const plan = (id: string) =>
      pipeline([call("a", { throttle: { rate: 1, windowMs: 100 }, input: { constant: { id } } })])
    const first = ["one", "two", "three"].map((id) => world.start(plan(id)))
    world.clock.at(150, () => void first.push(world.start(plan("late"))))
    await world.clock.pass(1_000)
    await Promise.all(first)
    expect(world.seen.map(({ input, atMs }) => [input, atMs])).toEqual([
      [{ id: "one" }, 0],
      [{ id: "two" }, 100],
      [{ id: "three" }, 200],
      [{ id: "late" }, 300],
    ])
  })

  test("lets nobody pass by at the very moment at which a turn comes", async () => {
    const world = new World({ a: {} })
    const throttle = { rate: 1, windowMs: 100 }
    const plan = (id: string) => pipeline([call("a", { throttle, input: { constant: { id } } })])
    world.clock.at(100, () => void runs.push(world.start(plan("late"))))
    const runs = ["one", "two"].map((id) => world.start(plan(id)))
    await world.clock.pass(1_000)
    expect((await Promise.all(runs)).every(({ ok }) => ok)).toBe(true)
    const ids = ["one", "two", "late"].map((id) => ({ id }))
    expect(world.seen.map(({ input }) => input)).toEqual(ids)
  })

  test("refuses who would have to wait, where it should", async () => {
    const world = new World({ a: {} })
    const outcome = await world.run(many(3, { rate: 2, windowMs: 100, onExceeded: "reject" }))
    expect(statuses(outcome)).toEqual({ t0: "ok", t1: "ok", t2: "failed" })
    expect(outcome.steps[2]?.error).toMatchObject({
      class: "throttled",
      code: "RATE_LIMITED",
      effect: "none",
    })
  })

  test("refuses at once whose turn would come too late", async () => {
    const world = new World({ a: {} })
    const throttle = { rate: 1, windowMs: 1_000 }
    const outcome = await world.run(many(2, throttle, { timeoutMs: 500 }))
    expect(outcome.steps[1]?.error).toMatchObject({ class: "throttled" })
    expect(world.clock.now()).toBe(0)
  })

  test("refuses as throttled, and not as late, who has waited in vain", async () => {
    const world = new World({ a: {} })
    const throttle = { rate: 1, windowMs: 300 }
    const outcome = await world.run(many(3, throttle, { timeoutMs: 500 }))
    expect(outcome.steps.map(({ error }) => error?.class)).toEqual([
      undefined,
      undefined,
      "throttled",
    ])
  })

  test("lets only so many wait", async () => {
    const world = new World({ a: {} }, { throttleQueue: 2 })
    const outcome = await world.run(many(5, { rate: 1, windowMs: 10 }))
    expect(Object.values(statuses(outcome))).toEqual(["ok", "ok", "ok", "failed", "failed"])
    expect(outcome.steps[3]?.error?.message).toContain("(limit throttleQueue)")
  })

  test("passes the turns of those who leave on to the next", async () => {
    const world = new World({ a: {} })
    const throttle = { rate: 1, windowMs: 100 }
    const one = pipeline([call("a", { throttle })])
    const leaving = Array.from({ length: 3 }, (_, index) =>
      world.start(pipeline([call("a", { throttle, timeoutMs: 250 })]), { index }),
    )
    const patient = world.start(one, { patient: true })
    await world.clock.until(Promise.all([...leaving, patient]))
    expect(world.timesOf("a")).toEqual([0, 100, 200, 300])
    const again = new World({ a: {} })
    const impatient = Array.from({ length: 3 }, () => again.start(one, {}, { deadlineMs: 50 }))
    const waiting = again.start(one, { patient: true })
    await again.clock.until(Promise.all([...impatient, waiting]))
    expect(again.timesOf("a")).toEqual([0, 100])
  })

  test("counts attempts, each of which waits for its turn", async () => {
    const throttle = { rate: 1, windowMs: 1_000 }
    const plan = pipeline([call("a", { throttle, retry: { maxAttempts: 2, backoffMs: 10 } })])
    const world = new World({ a: { fail: { class: "transport" } } })
    expect(errorIn(await world.run(plan))).toMatchObject({ class: "transport", attempts: 2 })
    expect(world.timesOf("a")).toEqual([0, 1_000])
  })

  test("is one for all compositions that call the tool at the same rate", async () => {
    const throttle = { rate: 1, windowMs: 100 }
    const world = new World({ a: {} })
    await world.run(pipeline([call("a", { throttle })]))
    await world.run(many(1, throttle))
    expect(world.timesOf("a")).toEqual([0, 100])
  })
})
