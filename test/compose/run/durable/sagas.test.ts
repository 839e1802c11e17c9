import { describe, expect, test } from "vitest"
import type { Plan } from "../../../../src/compose/plan/plan.ts"
import type { RunEvent } from "../../../../src/compose/run/durable/event.ts"
import { type Answer, effectful, reading, type Tool } from "../../../support/composition-world.ts"
import { type DurableOptions, DurableWorld } from "../../../support/durable-world.ts"
import { planOf } from "../../../support/plans.ts"

const step = (id: string, more: object = {}) => ({
  id,
  action: { tool: { name: id } },
  compensate: { tool: { name: `un${id}` } },
  ...more,
})
const without = (id: string, more: object = {}) => step(id, { compensate: undefined, ...more })
const names = ["a", "b", "c", "d", "una", "unb", "unc", "und", "find"]
const tools = Object.fromEntries(names.map((name) => [name, name === "find" ? reading : effectful]))
const saga = (steps: readonly object[], more: object = {}) => ({ saga: { steps, ...more } })
const planned = (spec: object): Plan =>
  planOf({ spec: JSON.parse(JSON.stringify(spec)) }, { tools })
const broken: Answer = { fail: { class: "tool", message: "no" } }
const lost: Answer = {
  fail: { class: "transport", code: "CONNECTION_LOST", effect: "unknown", message: "lost" },
}

/** A saga to its end, in a world where everything answers with its name but for what is said. */
async function ran(
  spec: object,
  script: Readonly<Record<string, Tool>> = {},
  options?: DurableOptions,
) {
  const honest = names.map((name): readonly [string, Tool] => [name, { value: { [name]: 1 } }])
  const world = new DurableWorld({ ...Object.fromEntries(honest), ...script }, options)
  await world.begin(planned(spec), { order: 7 })
  const drive = await world.settle()
  return { world, drive, record: await world.record(), story: await world.story() }
}

/** What a tool answers the first times; then that it is well. */
const first =
  (...answers: readonly Answer[]): Tool =>
  (_, __, nth) =>
    answers[nth - 1] ?? { value: { nth } }

describe("a saga", () => {
  test("goes forward in the order of the document, an intent before each call", async () => {
    const { drive, world, story } = await ran(saga([step("a"), step("b")]))
    expect(drive).toMatchObject({ status: "completed", outcome: { value: { a: { a: 1 } } } })
    expect(world.called).toEqual(["a", "b"])
    expect(story).toEqual(["intent a", "ok a", "intent b", "ok b", "turn completed"])
  })

  test("costs a commit for each step and one more", async () => {
    let commits = 0
    await ran(saga([step("a"), step("b"), step("c")]), {}, { dies: () => void commits++ })
    expect(commits).toBeLessThanOrEqual(7) // appends; those of one turn are one commit
  })

  test("is undone in reverse, with keys of its own and what each step gave", async () => {
    const { drive, world, record } = await ran(saga([step("a"), step("b"), step("c")]), {
      c: broken,
    })
    expect(drive).toMatchObject({
      status: "compensated",
      outcome: { error: { step: "c", effect: "none" } },
    })
    expect(world.called).toEqual(["a", "b", "c", "unb", "una"])
    const keys = ["run/a", "run/b", "run/c", "run/~b", "run/~a"]
    expect(world.seen.map(({ call }) => call.key)).toEqual(keys)
    expect(world.seen.at(-1)?.input).toEqual({ order: 7, a: 1 })
    expect(record).toMatchObject({ status: "compensated", reason: "step c: no" })
  })

  test.each([
    ["the first step fails", { a: broken }, ["a"]],
    ["a middle step fails", { b: broken }, ["a", "b", "una"]],
  ])("where %s undoes what came before it", async (_, script, called) => {
    const { world, drive } = await ran(saga([step("a"), step("b"), step("c")]), script)
    expect(world.called).toEqual(called)
    expect(drive.status).toBe("compensated")
  })

  test("keeps what nothing undoes, and says so", async () => {
    const { drive } = await ran(saga([without("a"), step("b"), step("c")]), { c: broken })
    expect(drive).toMatchObject({
      status: "compensated",
      outcome: {
        error: { effect: "done" },
        steps: [{ status: "ok", effect: "done" }, { status: "undone" }, { status: "failed" }],
      },
    })
  })

  test("undoes neither what was skipped nor what was made optional and failed", async () => {
    const optional = step("b", { onError: { output: { constant: 0 } } })
    const { world } = await ran(
      saga([step("a", { when: "false" }), optional, step("c"), step("d")]),
      {
        b: broken,
        d: broken,
      },
    )
    expect(world.called).toEqual(["b", "c", "d", "unc"])
  })

  test("undoes a step that failed for certain where it asks for that", async () => {
    const { world } = await ran(saga([step("a"), step("b", { compensateOnFailure: true })]), {
      b: broken,
    })
    expect(world.called).toEqual(["a", "b", "unb", "una"])
  })

  test("undoes what was done with a result that is of no use", async () => {
    const { world } = await ran(saga([step("a"), step("b")]), {
      b: { fail: { class: "output", effect: "done" } },
    })
    expect(world.called).toEqual(["a", "b", "unb", "una"])
    expect(world.seen[2]?.input).toEqual({ order: 7 })
  })

  test("whose output cannot be bound, or breaks its promise, is undone", async () => {
    const unbound = saga([step("a")], { output: { expr: "steps.a.nothing.at.all" } })
    const { world, drive } = await ran(unbound)
    expect(world.called).toEqual(["a", "una"])
    expect(drive).toMatchObject({ status: "compensated", outcome: { error: { class: "binding" } } })
    const fault = { class: "output", code: "INVALID_OUTPUT", message: "it breaks" } as const
    const promised = await ran(saga([step("a")]), {}, { faultOf: () => fault })
    expect(promised.world.called).toEqual(["a", "una"])
  })

  test("waits for what is under way beside a failure, and undoes it in the order in which it was done", async () => {
    const side = { after: [] }
    const { world } = await ran(
      saga([step("a", side), step("b", side), step("c", side), step("d", side)]),
      {
        a: { afterMs: 30, value: 1 },
        b: { afterMs: 5, value: 1 },
        c: { afterMs: 10, ...broken },
        d: { afterMs: 50, value: 1 },
      },
    )
    expect(world.called).toEqual(["a", "b", "c", "d", "und", "una", "unb"])
    expect(world.timesOf("und")).toEqual([50])
  })

  test("undoes each item that was done, the last first", async () => {
    const items = step("a", {
      forEach: { constant: [1, 2, 3] },
      concurrency: 1,
      input: { construct: { fields: { n: { item: { path: "$" } } } } },
    })
    const { world } = await ran(saga([items]), {
      a: (_, __, nth) => (nth === 3 ? broken : { value: { nth } }),
    })
    expect(world.called).toEqual(["a", "a", "a", "una", "una"])
    expect(world.seen.slice(3).map(({ input, call: { key } }) => [key, input])).toEqual([
      ["run/~a[1]", { n: 2, nth: 2 }],
      ["run/~a[0]", { n: 1, nth: 1 }],
    ])
  })
})

describe("sagas inside", () => {
  const inner = { pattern: saga([step("a"), step("b")]) }

  test("are undone step by step by the saga around them, or by the step's own compensation", async () => {
    const outer = [{ id: "in", action: inner }, step("c")]
    const { world } = await ran(saga(outer), { c: broken })
    expect(world.called).toEqual(["a", "b", "c", "unb", "una"])
    const whole = [{ id: "in", action: inner, compensate: { tool: { name: "und" } } }, step("c")]
    const owned = await ran(saga(whole), { c: broken })
    expect(owned.world.called).toEqual(["a", "b", "c", "und"])
  })

  test("go back by themselves, and what is around them may go on", async () => {
    const optional = { id: "in", action: inner, onError: { output: { constant: null } } }
    const { world, drive } = await ran(saga([optional, step("c")]), { b: broken })
    expect(world.called).toEqual(["a", "b", "una", "c"])
    expect(drive.status).toBe("completed")
  })

  test("of a pipeline leave it failed, and what it did itself as it is", async () => {
    const steps = [
      { id: "c", operation: { tool: { name: "c" } } },
      { id: "in", operation: inner },
    ]
    const { world, drive, record } = await ran({ pipeline: { steps } }, { b: broken })
    expect(world.called).toEqual(["c", "a", "b", "una"])
    expect([drive.status, record.status]).toEqual(["failed", "failed"])
  })

  test("an action of several calls that fails half way is compensated as a whole", async () => {
    const steps = ["a", "b"].map((id) => ({ id, operation: { tool: { name: id } } }))
    const composite = {
      id: "x",
      action: { pattern: { pipeline: { steps } } },
      compensate: { tool: { name: "und" } },
    }
    const { world } = await ran(saga([composite]), { b: broken })
    expect(world.called).toEqual(["a", "b", "und"])
  })
})

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
    const { drive, world } = await ran(
      saga(steps, { timeoutMs: 100 }),
      { c: { afterMs: 500, value: 1 } },
      { dies: () => (++writes === 5 ? "before" : undefined) },
    )
    expect(world.incarnations).toBe(2)
    expect(["completed", "parked"]).toContain(drive.status)
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
    await world.begin(
      planned(saga([step("a"), step("b", { onUnknown: "compensate" })], { timeoutMs: 100 })),
    )
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

  test("that fails for a day parks the run", async () => {
    const { drive, world } = await ran(saga(steps), { c: broken, unb: broken })
    expect(drive.status).toBe("parked")
    expect(world.clock.now()).toBeGreaterThan(23 * 3_600_000)
    expect(world.called.at(-1)).toBe("una")
  })

  test("happens once although the process dies at any write", async () => {
    for (let at = 1; at <= 14; at++)
      for (const when of ["before", "after"] as const) {
        let writes = 0
        const dies = () => (++writes === at ? when : undefined)
        const { drive, record } = await ran(saga(steps), { c: broken }, { dies })
        expect([at, when, drive.status]).toEqual([at, when, "compensated"])
        expect(record.status).toBe("compensated")
      }
  })
})

describe("a parked run", () => {
  const spec = saga([step("a"), step("b", { onUnknown: "park" }), step("c")])

  async function parked(script: Record<string, Tool>) {
    const { world } = await ran(spec, script)
    /** An operator's verb, and the status that it leads to. */
    const operate = async (
      verb: "resume" | "skip-step" | "compensate",
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
  await world.begin(planned(saga([without("a"), without("b")])))
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
