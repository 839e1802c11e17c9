import { describe, expect, test } from "vitest"
import { effectful, reading } from "../../../support/composition-world.ts"
import { DurableWorld } from "../../../support/durable-world.ts"
import { planOf } from "../../../support/plans.ts"

const step = (id: string, more: object = {}) => ({
  id,
  action: { tool: { name: id } },
  compensate: { tool: { name: `un${id}` } },
  ...more,
})
const saga = (steps: readonly object[], more: object = {}) => ({ saga: { steps, ...more } })
const names = ["a", "b", "c", "una", "unb", "unc", "find"]
const tools = Object.fromEntries(names.map((name) => [name, name === "find" ? reading : effectful]))
const plan = (steps: readonly object[], more?: object) =>
  planOf({ spec: JSON.parse(JSON.stringify(saga(steps, more))) }, { tools })
const answers = { a: { value: { a: 1 } }, b: { value: { b: 2 } }, c: { value: { c: 3 } } }
const undone = { una: {}, unb: {}, unc: {} }
const broken = { fail: { class: "tool", message: "no" } } as const

describe("a saga", () => {
  test("goes forward", async () => {
    const world = new DurableWorld({ ...answers, ...undone })
    await world.begin(plan([step("a"), step("b"), step("c")]))
    const drive = await world.settle()
    expect(drive).toMatchObject({
      status: "completed",
      outcome: { value: { a: { a: 1 }, c: { c: 3 } } },
    })
    expect(world.called).toEqual(["a", "b", "c"])
    expect(await world.story()).toEqual([
      "intent a",
      "ok a",
      "intent b",
      "ok b",
      "intent c",
      "ok c",
      "turn completed",
    ])
  })

  test("undoes in reverse", async () => {
    const world = new DurableWorld({ ...answers, ...undone, c: broken })
    await world.begin(plan([step("a"), step("b"), step("c")]))
    const drive = await world.settle()
    expect(drive).toMatchObject({
      status: "compensated",
      outcome: { ok: false, error: { step: "c", effect: "none" } },
    })
    expect(world.called).toEqual(["a", "b", "c", "unb", "una"])
    expect(world.seen.map(({ call }) => call.key)).toEqual([
      "run/a",
      "run/b",
      "run/c",
      "run/~b",
      "run/~a",
    ])
  })

  test("survives a crash at every write", async () => {
    for (let at = 1; at < 12; at++)
      for (const when of ["before", "after"] as const) {
        let n = 0
        const world = new DurableWorld(
          { ...answers, ...undone, c: broken },
          { dies: () => (++n === at ? when : undefined) },
        )
        await world.begin(plan([step("a"), step("b"), step("c")]))
        const drive = await world.settle()
        expect([at, when, drive.status]).toEqual([at, when, "compensated"])
        expect((await world.record()).status).toBe("compensated")
      }
  })
})
