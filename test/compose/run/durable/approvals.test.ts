import { describe, expect, test } from "vitest"
import { answering, openQuestions } from "../../../../src/compose/run/durable/answering.ts"
import type { PersonsAnswer } from "../../../../src/compose/run/durable/event.ts"
import { RunState } from "../../../../src/compose/run/durable/state.ts"
import type { Json } from "../../../../src/schema/json.ts"
import { effectful, reading, type Tool } from "../../../support/composition-world.ts"
import { type DurableOptions, DurableWorld } from "../../../support/durable-world.ts"
import { planOf } from "../../../support/plans.ts"
import { broken, planned, saga, step } from "../../../support/sagas.ts"

const asks = (more: object = {}) => ({ approve: { message: "May I?", ...more } })
const ask = (more: object = {}) => ({ id: "ask", action: asks(more) })

async function begun(
  spec: object,
  script: Readonly<Record<string, Tool>> = {},
  options?: DurableOptions,
) {
  const names = ["a", "b", "c", "una", "unb", "unc"]
  const honest = names.map((name): readonly [string, Tool] => [name, { value: { [name]: 1 } }])
  const world = new DurableWorld({ ...Object.fromEntries(honest), ...script }, options)
  world.begin(planned(spec), { order: 7 })
  return { world, drive: await world.settle() }
}

const open = async (world: DurableWorld) =>
  openQuestions(RunState.of(await world.journal.events("run")))

async function answer(world: DurableWorld, given: PersonsAnswer, path = "ask") {
  const nowMs = world.clock.now()
  const owner = { owner: "me", leaseUntilMs: undefined, nowMs, counts: false }
  const lease = await world.journal.claim("run", owner)
  if (lease === undefined) throw new Error("the run cannot be had")
  const state = RunState.of(await world.journal.events("run"))
  const made = answering(new Map([[path, given]]), { state, record: await world.record(), nowMs })
  await world.journal.append(lease, made.events, made.change)
}

const accept = (content?: Json): PersonsAnswer => ({
  ...{ action: "accept", who: "p" },
  ...(content !== undefined && { content: Object(content) }),
})

const day = 24 * 60 * 60_000

describe("a run that asks a person", () => {
  test("comes to rest with what it has done on record, and goes on where it stood when it is accepted", async () => {
    const { world, drive } = await begun(saga([step("a"), ask(), step("b")]))
    expect(drive).toEqual({ status: "waiting" })
    expect(await world.record()).toMatchObject({ status: "waiting" })
    expect(await world.story()).toEqual(["intent a", "ok a", "ask caller", "turn waiting"])
    expect(await open(world)).toEqual([
      { path: "ask", message: "May I?", to: "caller", untilMs: day },
    ])
    expect(world.clock.timers).toBe(0)
    await answer(world, accept({ note: "fine" }))
    expect(await world.settle()).toMatchObject({
      status: "completed",
      outcome: { value: { a: { a: 1 }, ask: { note: "fine" }, b: { b: 1 } } },
    })
    expect(world.called).toEqual(["a", "b"])
    expect(await open(world)).toEqual([])
  })

  test.each([
    ["decline", /the person who was asked declined/],
    ["cancel", /dismissed without an answer/],
    ["timeout", /nobody answered in time/],
  ] as const)("goes back after %s, and says why", async (action, words) => {
    const { world } = await begun(saga([step("a"), ask(), step("b")]))
    await answer(world, { action, who: "p" })
    expect(await world.settle()).toMatchObject({
      status: "compensated",
      outcome: { error: { class: "declined", step: "ask", message: expect.stringMatching(words) } },
    })
    expect(world.called).toEqual(["a", "una"])
  })

  test("has its deadline stopped for as long as it waits, and no longer", async () => {
    const slow = { value: {}, afterMs: 3_000 }
    for (const [afterMs, status] of [
      [3_000, "completed"],
      [6_000, "compensated"],
    ] as const) {
      const spec = saga([step("a"), ask(), step("b"), step("c")], { timeoutMs: 8_000 })
      const { world } = await begun(spec, { a: slow, b: { ...slow, afterMs } })
      await world.clock.pass(3 * day)
      await answer(world, accept())
      expect(await world.settle()).toMatchObject({ status })
    }
  })

  test("asks again after the process ended, whatever was written last, and never twice on record", async () => {
    for (const kind of ["ask", "turn", "answer"]) {
      let isDead = false
      const dies: DurableOptions["dies"] = (events) => {
        if (isDead || !events.some((event) => event.kind === kind)) return
        isDead = true
        return "after"
      }
      const { world, drive } = await begun(saga([step("a"), ask(), step("b")]), {}, { dies })
      expect(drive.status).toBe("waiting")
      await answer(world, accept())
      expect((await world.settle()).status).toBe("completed")
      const story = await world.story()
      expect(story.filter((line) => line === "ask caller")).toHaveLength(1)
      expect(world.called).toEqual(["a", "b"])
    }
  })

  test("asks for each item, and for each step in turn", async () => {
    const each = { forEach: { constant: [1, 2] } }
    const { world } = await begun(saga([{ ...ask(), ...each }, step("b")]))
    const asked: string[] = []
    for (let round = 0; round < 5; round++) {
      const [question] = await open(world)
      if (question === undefined) break
      asked.push(question.path)
      await answer(world, accept({ n: round }), question.path)
      await world.settle()
    }
    expect(asked).toEqual(["ask[0]", "ask[1]"])
    expect(await world.record()).toMatchObject({ status: "completed" })
  })

  test("lets what runs beside it end, and begins nothing meanwhile", async () => {
    const steps = [
      step("a", { after: [] }),
      { ...ask(), after: [] },
      step("b", { after: ["a"] }),
      step("c", { after: ["ask", "b"] }),
    ]
    const { world } = await begun(saga(steps), { a: { value: {}, afterMs: 100 } })
    expect(world.called).toEqual(["a"])
    await answer(world, accept())
    expect((await world.settle()).status).toBe("completed")
    expect(world.called).toEqual(["a", "b", "c"])
  })

  test("goes back without the answer when what ran beside it has failed", async () => {
    const steps = [step("a", { after: [] }), { ...ask(), after: [] }, step("b", { after: ["a"] })]
    const { world } = await begun(saga(steps), { a: broken })
    await answer(world, accept())
    expect((await world.settle()).status).toBe("compensated")
    expect(world.called).toEqual(["a"])
  })

  test.each([
    ["ü".repeat(2_049), "budget"],
    ["", "binding"],
  ])("asks nothing where the message is %#", async (message, errorClass) => {
    const { world, drive } = await begun(saga([step("a"), ask({ message })]))
    expect(drive).toMatchObject({ outcome: { error: { class: errorClass, step: "ask" } } })
    expect(world.called).toEqual(["a", "una"])
    expect((await world.story()).some((line) => line.startsWith("ask"))).toBe(false)
  })

  test("is told apart in a pipeline: what was done before is not undone", async () => {
    const plan = planOf(
      {
        spec: {
          pipeline: {
            steps: [
              { id: "a", operation: { tool: { name: "a" } } },
              { id: "ask", operation: asks() },
            ],
          },
        },
      },
      { tools: { a: effectful, r: reading } },
    )
    const world = new DurableWorld({ a: { value: { a: 1 } } })
    world.begin(plan, {})
    expect(await world.settle()).toEqual({ status: "waiting" })
    await answer(world, { action: "decline", who: "p" })
    expect(await world.settle()).toMatchObject({
      status: "failed",
      outcome: { error: { class: "declined", step: "ask" } },
    })
  })
})
