import { describe, expect, test } from "vitest"
import { Cancellation } from "../../../../src/compose/run/cancellation.ts"
import { answering } from "../../../../src/compose/run/durable/answering.ts"
import type { StoredEvent } from "../../../../src/compose/run/durable/event.ts"
import { RunState } from "../../../../src/compose/run/durable/state.ts"
import type { Tool } from "../../../support/composition-world.ts"
import { DurableWorld } from "../../../support/durable-world.ts"
import { planned, saga, step as stepOf } from "../../../support/sagas.ts"

/** What a crash cuts off is asked for again. */
const step = (id: string, more: object = {}) => stepOf(id, { onUnknown: "retry", ...more })

/** `in` is a saga of a and what else, which has ten seconds. */
const around = (...inner: object[]) =>
  planned(saga([{ id: "in", action: { pattern: saga(inner, { timeoutMs: 10_000 }) } }, step("c")]))

const busy: Tool = { fail: { class: "unavailable", message: "busy" } }

/** It is tried every two seconds, for seven. */
const patient = {
  id: "find",
  action: { tool: { name: "find" } },
  timeoutMs: 7_000,
  retry: { maxAttempts: 10, backoffMs: 2_000, factor: 1, jitter: 0 },
}

/** The first process ends when this is in the journal. */
function begun(plan: ReturnType<typeof planned>, last: string) {
  let isDead = false
  const slow: Tool = { value: 1, afterMs: 6_000 }
  const tools = {
    a: slow,
    b: { value: 1, afterMs: 200 },
    d: { value: 1 },
    c: slow,
    find: busy,
    una: { value: 0 },
    unb: { value: 0 },
    unc: { value: 0 },
    und: { value: 0 },
  }
  const world = new DurableWorld(tools, {
    dies: (events: readonly StoredEvent[]) => {
      if (isDead || !events.some(({ kind, step: path }) => `${kind} ${path}` === last)) return
      isDead = true
      return "after"
    },
  })
  world.begin(plan)
  return world
}

const pass = (world: DurableWorld, ms: number) =>
  world.clock.until(world.clock.sleep(ms, new Cancellation()))

describe("the time of a composition inside", () => {
  test.each([
    [1_000, "completed", ["a", "b", "d", "c"]],
    [5_000, "compensated", ["a", "b", "unb", "una"]],
  ] as const)(
    "goes on while nobody drives it: after %i ms it is %s",
    async (ms, status, called) => {
      const world = begun(around(step("a"), step("b"), step("d")), "ok in/a")
      expect(await world.drive()).toBeUndefined()
      await pass(world, ms)
      expect(await world.settle()).toMatchObject({ status })
      expect(world.called).toEqual(called)
      expect(await world.story()).toContain("begin in")
    },
  )

  test("is over for nothing that was done in it", async () => {
    const world = begun(around(step("a")), "ok in/a")
    expect(await world.drive()).toBeUndefined()
    await pass(world, 60_000)
    expect(await world.settle()).toMatchObject({ status: "completed" })
    expect(world.called.filter((tool) => tool.startsWith("un"))).toEqual([])
  })

  test("stands still while a person is waited for, also over a crash", async () => {
    const ask = { id: "ask", action: { approve: { message: "May I?" } } }
    const world = begun(around(step("a"), ask, step("b")), "intent in/b")
    expect(await world.drive()).toEqual({ status: "waiting" })
    await pass(world, 3_600_000)
    const nowMs = world.clock.now()
    const lease = await world.journal.claim("run", {
      ...{ owner: "me", leaseUntilMs: undefined, nowMs, counts: false },
    })
    if (lease === undefined) throw new Error("the run cannot be had")
    const state = RunState.of(await world.journal.events("run"))
    const said = new Map([["in/ask", { action: "accept", who: "p" } as const]])
    const { events, change } = answering(said, { state, record: await world.record(), nowMs })
    await world.journal.append(lease, events, change)
    expect(state.untilOf("in", "graph")).toBe(3_610_000)
    expect(await world.drive()).toBeUndefined()
    await pass(world, 100)
    expect(await world.settle()).toMatchObject({ status: "completed" })
  })
})

describe("the time of a step with all its attempts", () => {
  test.each([
    [0, 4],
    [3_000, 2],
    [60_000, 1],
  ])(
    "goes on while nobody drives it: after %i ms it is tried %i times in all",
    async (ms, calls) => {
      const world = begun(planned(saga([step("d"), patient])), "fail find")
      expect(await world.drive()).toBeUndefined()
      await pass(world, ms)
      expect(await world.settle()).toMatchObject({
        status: "compensated",
        outcome: { error: { class: "unavailable", step: "find" } },
      })
      expect(world.called.filter((tool) => tool === "find")).toHaveLength(calls)
    },
  )

  test("is apart from that of the composition in it", async () => {
    const inner = {
      id: "in",
      timeoutMs: 30_000,
      action: { pattern: saga([step("a"), step("b"), step("d")], { timeoutMs: 10_000 }) },
    }
    const world = begun(planned(saga([inner])), "ok in/a")
    expect(await world.drive()).toBeUndefined()
    await pass(world, 5_000)
    expect(await world.settle()).toMatchObject({ status: "compensated" })
    const begins = (await world.journal.events("run")).filter(({ kind }) => kind === "begin")
    expect(begins).toMatchObject([
      { step: "in", data: { untilMs: 30_000, of: "step" } },
      { step: "in", data: { untilMs: 10_000 } },
    ])
  })

  test("leaves whoever finds out what nobody knows all the time that it takes", async () => {
    const world = begun(planned(saga([step("a", { timeoutMs: 7_000 })])), "intent a")
    expect(await world.drive()).toBeUndefined()
    await pass(world, 60_000)
    expect(await world.settle()).toMatchObject({ status: "completed" })
    expect(world.called).toEqual(["a"])
  })
})
