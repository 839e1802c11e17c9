import { describe, expect, test } from "vitest"
import { Caller, effectful, statuses, valueIn, World } from "../../support/composition-world.ts"
import { call, pipeline } from "../../support/step-specs.ts"

const tap = (id: string, rest = {}) => call(id, { detached: true, ...rest })
const idle = (world: World) => world.clock.until(world.state.background.idle())

describe("a detached step", () => {
  test("is not waited for, and its value is nobody's", async () => {
    const plan = pipeline([tap("tap"), call("main")], { tap: effectful, main: effectful })
    const world = new World({ tap: { afterMs: 1_000 }, main: { afterMs: 5, value: 1 } })
    const outcome = await world.run(plan)
    expect(valueIn(outcome)).toBe(1)
    expect(world.clock.now()).toBe(5)
    expect(statuses(outcome)).toEqual({ tap: "detached", main: "ok" })
    await idle(world)
    expect(world.reports).toMatchObject([{ id: "composed/tap", result: { ok: true } }])
  })

  test("that fails is recorded, and seen by no caller", async () => {
    const plan = pipeline([tap("tap"), call("main")])
    const world = new World({ tap: { fail: { class: "tool" } }, main: { value: 1 } })
    expect(valueIn(await world.run(plan))).toBe(1)
    await idle(world)
    expect(world.reports).toMatchObject([
      { result: { ok: false, error: { class: "tool", step: "tap" } } },
    ])
  })

  test("outlives its run, its caller and its deadline", async () => {
    const plan = pipeline([tap("tap"), call("main")], {}, { timeoutMs: 20 })
    const cancellation = new Caller()
    const world = new World({ tap: { afterMs: 100 }, main: { hangs: true } })
    world.clock.at(10, () => cancellation.cancel())
    await world.run(plan, {}, { cancellation })
    await idle(world)
    expect(world.reports).toMatchObject([{ result: { ok: true } }])
    expect(world.seen[0]?.cancelledMs).toBeUndefined()
  })

  test("has a deadline of its own", async () => {
    const world = new World({ tap: { hangs: true }, main: {} })
    await world.run(pipeline([tap("tap"), call("main")]))
    await idle(world)
    expect(world.clock.now()).toBe(30_000)
    expect(world.reports).toMatchObject([{ result: { ok: false, error: { class: "deadline" } } }])
    expect(world.seen.find(({ tool }) => tool === "tap")?.call.deadlineMs).toBe(30_000)
  })

  test("waits when many are under way; of too many the oldest is dropped and counted", async () => {
    const plan = pipeline([tap("tap"), call("main")])
    const world = new World(
      { tap: { afterMs: 10 }, main: {} },
      { detachedParallel: 1, detachedQueue: 2 },
    )
    for (let n = 1; n <= 5; n++) await world.run(plan, { n })
    await idle(world)
    const tapped = world.seen.filter(({ tool }) => tool === "tap").map(({ input }) => input)
    expect(tapped).toEqual([{ n: 1 }, { n: 4 }, { n: 5 }])
    expect(world.state.background.dropped).toBe(2)
    expect(world.reports.filter(({ result }) => result === "dropped")).toHaveLength(2)
  })

  test("of a wire tap gets a copy of what goes in and of what comes out", async () => {
    const wireTap = { inner: { tool: { name: "main" } }, taps: [{ tool: "tap" }], tapPoint: "both" }
    const plan = pipeline([{ id: "tapped", operation: { pattern: { wireTap } } }])
    const world = new World({ tap: {}, main: { value: { out: 1 } } })
    expect(valueIn(await world.run(plan, { in: 1 }))).toEqual({ out: 1 })
    await idle(world)
    expect(world.seen.filter(({ tool }) => tool === "tap").map(({ input }) => input)).toEqual([
      { in: 1 },
      { out: 1 },
    ])
  })

  test("is given up when the gateway stops", async () => {
    const world = new World({ tap: { hangs: true }, main: {} }, { detachedParallel: 1 })
    const plan = pipeline([tap("tap"), call("main")])
    for (const _ of [1, 2]) await world.run(plan)
    world.state.background.close({ class: "cancelled", message: "the gateway stops" })
    await idle(world)
    expect(world.reports.map(({ result }) => result)).toMatchObject([
      "dropped",
      { ok: false, error: { message: "the gateway stops", effect: "unknown" } },
    ])
    expect(world.clock.timers).toBe(0)
  })

  test("that meets a bug is reported with it", async () => {
    const bug = new TypeError("x is undefined")
    const world = new World({ tap: { throws: bug }, main: { value: 1 } })
    expect(valueIn(await world.run(pipeline([tap("tap"), call("main")])))).toBe(1)
    await idle(world)
    expect(world.reports).toEqual([{ id: "composed/tap", result: { bug } }])
  })
})
