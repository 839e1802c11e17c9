import { describe, expect, test } from "vitest"
import { Cancellation } from "../../../../src/compose/run/cancellation.ts"
import { answering } from "../../../../src/compose/run/durable/answering.ts"
import type { StoredEvent } from "../../../../src/compose/run/durable/event.ts"
import { RunState } from "../../../../src/compose/run/durable/state.ts"
import type { Tool } from "../../../support/composition-world.ts"
import { DurableWorld } from "../../../support/durable-world.ts"
import { planned, saga, step as stepOf } from "../../../support/sagas.ts"

/** What a crash cuts off is asked for again. */
const step = (id: string) => stepOf(id, { onUnknown: "retry" })

/** `in` is a saga of a and what else, which has ten seconds. */
const around = (...inner: object[]) =>
  planned(saga([{ id: "in", action: { pattern: saga(inner, { timeoutMs: 10_000 }) } }, step("c")]))

/** The first process ends when this is in the journal. */
function begun(plan: ReturnType<typeof planned>, last: string) {
  let isDead = false
  const slow: Tool = { value: 1, afterMs: 6_000 }
  const tools = {
    a: slow,
    b: { value: 1, afterMs: 200 },
    d: { value: 1 },
    c: slow,
    una: { value: 0 },
    unb: { value: 0 },
    unc: { value: 0 },
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
    expect(state.untilOf("in")).toBe(3_610_000)
    expect(await world.drive()).toBeUndefined()
    await pass(world, 100)
    expect(await world.settle()).toMatchObject({ status: "completed" })
  })
})
