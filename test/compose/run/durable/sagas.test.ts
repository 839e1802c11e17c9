import { describe, expect, test } from "vitest"
import { broken, ran, saga, step, without } from "../../../support/sagas.ts"

describe("a saga", () => {
  test("goes forward in the order of the document, an intent before each call", async () => {
    const { drive, world, story } = await ran(saga([step("a"), step("b")]))
    expect(drive).toMatchObject({ status: "completed", outcome: { value: { a: { a: 1 } } } })
    expect(world.called).toEqual(["a", "b"])
    expect(story).toEqual(["intent a", "ok a", "intent b", "ok b", "turn completed"])
  })

  test("is written with an append for each step and one more, whatever its steps have around them", async () => {
    let appends = 0
    const around = { retry: { maxAttempts: 3 }, timeoutMs: 1_000, onError: { rethrow: true } }
    const steps = [step("a"), step("b", around), step("c", { when: "true" })]
    await ran(saga(steps), {}, { dies: () => void appends++ })
    expect(appends).toBe(4)
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
    expect(record.reason).toBe("step in/b: no")
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
