import { describe, expect, test } from "vitest"
import type { RunEvent } from "../../../../src/compose/run/durable/event.ts"
import type { Answer, Tool } from "../../../support/composition-world.ts"
import { DurableWorld } from "../../../support/durable-world.ts"
import { broken, first, lost, planned, ran, saga, step, without } from "../../../support/sagas.ts"

describe("an outcome that nobody knows", () => {
  const after = (onUnknown: unknown) => saga([step("a"), step("b", { onUnknown }), step("c")])
  const probe = {
    probe: { tool: { name: "find" } },
    input: { self: { path: "$" } },
    done: "item.found",
  }

  test.each<[string, unknown, Record<string, Tool>, string, readonly string[]]>([
    [
      "is asked again with the same key",
      "retry",
      { b: first(lost, lost) },
      "completed",
      ["a", "b", "b", "b", "c"],
    ],
    [
      "is asked again until it is refused for certain",
      "retry",
      { b: first(lost, broken) },
      "compensated",
      ["a", "b", "b", "una"],
    ],
    [
      "is taken for done and undone",
      "compensate",
      { b: lost },
      "compensated",
      ["a", "b", "unb", "una"],
    ],
    ["parks the run", "park", { b: lost }, "parked", ["a", "b"]],
    [
      "parks the run when it stays unknown",
      "retry",
      { b: lost },
      "parked",
      ["a", "b", "b", "b", "b", "b"],
    ],
    [
      "is looked for, and found",
      probe,
      { b: lost, find: { value: { found: true } } },
      "completed",
      ["a", "b", "find", "c"],
    ],
    [
      "is looked for, not found, and done",
      probe,
      { b: first(lost), find: { value: { found: false } } },
      "completed",
      ["a", "b", "find", "b", "c"],
    ],
    [
      "parks the run when the probe does not say",
      probe,
      { b: lost, find: { value: {} } },
      "parked",
      ["a", "b", ...Array(5).fill("find")],
    ],
  ])("%s", async (_, onUnknown, script, status, called) => {
    const { world, drive } = await ran(after(onUnknown), script)
    expect(world.called).toEqual(called)
    expect(drive.status).toBe(status)
    const keys = world.seen.filter(({ tool }) => tool === "b").map(({ call }) => call.key)
    expect(new Set(keys)).toEqual(new Set(["run/b"]))
  })

  test("is settled before anything is undone, also when another step has failed", async () => {
    const side = { after: [] }
    const { world } = await ran(
      saga([step("a", side), step("b", { ...side, onUnknown: "retry" }), step("c", side)]),
      {
        b: first({ afterMs: 20, ...lost }, { afterMs: 20, value: 1 }),
        c: { afterMs: 5, ...broken },
      },
    )
    expect(world.called).toEqual(["a", "b", "c", "b", "unb", "una"])
  })

  test("of one call of several is none of all of them, whatever the others say", async () => {
    const down: Answer = { fail: { class: "transport", effect: "none" } }
    const targets = ["a", "b"].map((name) => ({ tool: { name } }))
    const action = { pattern: { scatterGather: { targets, partial: false } } }
    const { world, drive } = await ran(saga([step("d", { action, onUnknown: "retry" })]), {
      a: broken,
      b: first(lost, down, down, down),
    })
    expect(world.called.at(-1)).toBe("und")
    expect(drive.status).toBe("compensated")
  })

  test("takes an answer that comes a little late, and no later one", async () => {
    const hasty = (ms: number) => ({ b: { afterMs: ms, value: { b: 1 }, isDeaf: true } }) as const
    const spec = saga([step("a"), step("b", { timeoutMs: 100, onUnknown: "compensate" })])
    expect((await ran(spec, hasty(2_000))).drive.status).toBe("completed")
    const late = await ran(spec, hasty(2_200))
    expect(late.world.called).toEqual(["a", "b", "unb", "una"])
  })
})

describe("past its pivot a saga", () => {
  const steps = [step("a"), without("b", { pivot: true }), without("c")]

  test("goes no way but forward: it is parked where it cannot", async () => {
    const { world, drive, record } = await ran(saga(steps), { c: broken })
    expect(world.called).toEqual(["a", "b", "c"])
    expect(drive.status).toBe("parked")
    expect(record.reason).toMatch(/past its pivot, step c failed: no/)
  })

  test("is stopped by no deadline", async () => {
    const { drive } = await ran(saga(steps, { timeoutMs: 100 }), { c: { afterMs: 500, value: 1 } })
    expect(drive.status).toBe("completed")
  })

  test("goes on after a crash although its time is over", async () => {
    let writes = 0
    const repeated = [...steps.slice(0, 2), without("c", { onUnknown: "retry" })]
    const { drive, world } = await ran(
      saga(repeated, { timeoutMs: 100 }),
      { c: { afterMs: 500, value: 1 } },
      { dies: () => (++writes === 4 ? "before" : undefined) },
    )
    expect(world.incarnations).toBe(2)
    expect(world.called).toEqual(["a", "b", "c", "c"])
    expect(drive.status).toBe("completed")
  })
})

describe("a deadline", () => {
  test("stops forward work, and no compensation", async () => {
    const { world, drive } = await ran(
      saga([step("a"), step("b"), step("c")], { timeoutMs: 100 }),
      {
        b: { afterMs: 150, value: 1, isDeaf: true },
        una: { afterMs: 500, value: 1 },
      },
    )
    expect(world.called).toEqual(["a", "b", "unb", "una"])
    expect(drive).toMatchObject({
      status: "compensated",
      outcome: { error: { class: "deadline" } },
    })
  })

  test("that is over at a recovery has what was done undone", async () => {
    const world = new DurableWorld({ a: { value: 1 }, b: { hangs: true }, una: {}, unb: {} }, {})
    world.begin(
      planned(saga([step("a"), step("b", { onUnknown: "compensate" })], { timeoutMs: 100 })),
    )
    await world.written()
    const events: RunEvent[] = [
      { kind: "intent", step: "a", attempt: 1, data: { input: "x", target: "a" } },
      { kind: "ok", step: "a", data: { value: 1, effect: "done" } },
    ]
    await world.journal.append(
      { id: "run", epoch: 1 },
      events.map((event, index) => ({ ...event, seq: index + 1, atMs: 0 })),
    )
    await world.clock.pass(1_000)
    expect((await world.settle()).status).toBe("compensated")
    expect(world.called).toEqual(["una"])
  })
})

/** Its first step is undone with two calls. */
const undoneBy = (pattern: object) => saga([step("d", { compensate: { pattern } }), step("c")])
const both = ["una", "unb"].map((name) => ({ id: name, operation: { tool: { name } } }))
const twofold = undoneBy({ pipeline: { steps: both } })
const undone = ["d", "c", "una"]

describe("a compensation", () => {
  const steps = [step("a"), step("b"), step("c")]

  test("is tried until it succeeds, whatever goes wrong", async () => {
    const down: Answer = { fail: { class: "transport", effect: "none" } }
    const { world, drive } = await ran(saga(steps), {
      c: broken,
      unb: first(lost, broken, down, down),
    })
    expect(world.called).toEqual(["a", "b", "c", "unb", "unb", "unb", "unb", "unb", "una"])
    expect(drive.status).toBe("compensated")
  })

  test("that cannot be made parks the run; the others are made first, unless it says stop", async () => {
    const denied: Tool = { fail: { class: "denied", message: "gone" } }
    const { world, drive, record } = await ran(saga(steps), { c: broken, unb: denied })
    expect(world.called).toEqual(["a", "b", "c", "unb", "una"])
    expect([drive.status, record.reason]).toEqual(["parked", "cannot undo b: gone"])
    const stopped = await ran(saga(steps, { onCompensateFailure: "stop" }), {
      c: broken,
      unb: denied,
    })
    expect(stopped.world.called).toEqual(["a", "b", "c", "unb"])
  })

  test("of several calls has undone nothing before all of them are made", async () => {
    const { world, drive } = await ran(twofold, { c: broken, unb: first(broken, lost) })
    expect(world.called).toEqual([...undone, "unb", "unb", "unb"])
    expect(drive.status).toBe("compensated")
    const denied: Tool = { fail: { class: "denied", message: "gone" } }
    const stuck = await ran(twofold, { c: broken, unb: denied })
    expect(stuck.world.called).toEqual([...undone, "unb"])
    expect([stuck.drive.status, stuck.record.reason]).toEqual(["parked", "cannot undo d: gone"])
  })

  test("by whatever pattern has undone nothing before all of it is done", async () => {
    const targets = both.map(({ operation }) => operation)
    const steps = [step("a", { action: targets[0] }), without("b", { action: targets[1] })]
    for (const spec of [undoneBy({ scatterGather: { targets } }), undoneBy({ saga: { steps } })]) {
      const { world, drive } = await ran(spec, { c: broken, unb: first(broken, lost) })
      expect(world.called).toEqual([...undone, "unb", "unb", "unb"])
      expect(drive.status).toBe("compensated")
    }
  })

  test("that fails for a day parks the run", async () => {
    const { drive, world } = await ran(saga(steps), { c: broken, unb: broken })
    expect(drive.status).toBe("parked")
    expect(world.clock.now()).toBeGreaterThan(23 * 3_600_000)
    expect(world.called.at(-1)).toBe("una")
  })

  test("happens once although the process dies at any write", async () => {
    for (const [spec, last] of [
      [saga(steps), "una"],
      [twofold, "unb"],
    ] as const)
      for (let at = 1; at <= 14; at++)
        for (const when of ["before", "after"] as const) {
          let writes = 0
          const dies = () => (++writes === at ? when : undefined)
          const { drive, record, world } = await ran(spec, { c: broken }, { dies })
          expect([at, when, drive.status]).toEqual([at, when, "compensated"])
          expect(record.status).toBe("compensated")
          expect(world.called.at(-1)).toBe(last)
        }
  })
})

describe("a parked run", () => {
  const spec = saga([step("a"), step("b", { onUnknown: "park" }), step("c")])

  async function parked(script: Record<string, Tool>, its = spec) {
    const { world } = await ran(its, script)
    /** An operator's verb, and the status that it leads to. */
    const operate = async (
      verb: "resume" | "retry-step" | "skip-step" | "compensate",
      to: "running" | "compensating",
      on = "",
      more = {},
    ) => {
      const lease = await world.journal.claim("run", {
        owner: "me",
        nowMs: 0,
        leaseUntilMs: undefined,
        counts: false,
      })
      if (lease === undefined) throw new Error("it cannot be had")
      const seq = (await world.journal.events("run")).length
      const data = { verb, operator: "o", reason: "r", ...more }
      await world.journal.append(
        lease,
        [
          { seq: seq + 1, atMs: 0, kind: "op", step: on, data },
          { seq: seq + 2, atMs: 0, kind: "turn", step: "", data: { to } },
        ],
        { status: to, reason: null, recoveries: 0 },
      )
      return world.settle()
    }
    return { world, operate }
  }

  test("goes on with the same key when it is resumed", async () => {
    const { world, operate } = await parked({ b: first(lost) })
    expect((await operate("resume", "running")).status).toBe("completed")
    expect(world.called).toEqual(["a", "b", "b", "c"])
    expect(world.seen[2]?.call.key).toBe("run/b")
  })

  test("takes a person's word for a step", async () => {
    const { world, operate } = await parked({ b: lost })
    const drive = await operate("skip-step", "running", "b", { output: { by: "hand" } })
    expect(drive).toMatchObject({ status: "completed", outcome: { value: { b: { by: "hand" } } } })
    expect(world.called).toEqual(["a", "b", "c"])
  })

  test("makes what is left of a compensation of several calls when it is tried again", async () => {
    for (const verb of ["resume", "retry-step"] as const) {
      const gone: Answer = { fail: { class: "denied", message: "gone" } }
      const { world, operate } = await parked({ c: broken, unb: first(gone) }, twofold)
      expect((await operate(verb, "compensating", "d")).status).toBe("compensated")
      expect(world.called).toEqual([...undone, "unb", "unb"])
    }
  })

  test("is undone when an operator says so, with what nobody knows", async () => {
    const { world, operate } = await parked({ b: lost })
    expect((await operate("compensate", "compensating")).status).toBe("compensated")
    expect(world.called).toEqual(["a", "b", "unb", "una"])
  })
})

test("a run that never gets any further is parked", async () => {
  const { world, record } = await ran(
    saga([step("a")]),
    { a: { hangs: true } },
    {
      dies: ([event]) =>
        event?.kind === "intent" ? "after" : event?.kind === "unknown" ? "before" : undefined,
    },
  )
  expect(record).toMatchObject({
    status: "parked",
    reason: expect.stringMatching(/recovered 6 times/),
  })
  expect(world.incarnations).toBe(7)
})

test("a run that another process has taken sends nothing more and says nothing", async () => {
  const world = new DurableWorld({ a: { afterMs: 10, value: 1 }, b: {} })
  world.begin(planned(saga([without("a"), without("b")])))
  world.clock.at(5, () => {
    void world.journal.claim("run", {
      owner: "other",
      nowMs: 0,
      leaseUntilMs: 99,
      counts: true,
      force: true,
    })
  })
  expect(await world.drive()).toEqual({ status: "left" })
  expect(world.called).toEqual(["a"])
  expect(await world.story()).toEqual(["intent a"])
})
