import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { openSqliteJournal } from "../../../../src/store/journal/sqlite/open.ts"
import { type Death, DurableWorld } from "../../../support/durable-world.ts"
import { planned, ran, saga, step, without } from "../../../support/sagas.ts"

const folder = mkdtempSync(join(tmpdir(), "many-runs-"))
afterAll(() => rmSync(folder, { recursive: true }))

test("a thousand runs that a process left at any of their writes are ended by the next, each call with one key", async () => {
  const file = join(folder, "many.db")
  const ids = Array.from({ length: 1_000 }, (_, index) => `run-${index}`)
  const plan = planned(
    saga([
      step("a", { onUnknown: "retry" }),
      step("b", { onUnknown: "retry" }),
      without("c", { onUnknown: "retry" }),
    ]),
  )
  const effects = new Map<string, number>()
  const tool = (_: unknown, { key = "" }: { readonly key?: string | undefined }) => {
    effects.set(key, (effects.get(key) ?? 0) + 1)
    return { value: { key } }
  }
  const tools = { a: tool, b: tool, c: tool, una: {}, unb: {} }

  const first = openSqliteJournal(file, { synchronous: "NORMAL" })
  await Promise.all(
    ids.map(async (id, index) => {
      const world = new DurableWorld(tools, { journal: first, dies: diesAt(index % 8) })
      world.begin(plan, { order: id }, id)
      await world.drive(id, false)
    }),
  )
  await first.close()

  const second = openSqliteJournal(file, { synchronous: "NORMAL" })
  const { byStatus } = await second.counts()
  expect(byStatus.running).toBeGreaterThan(500)
  const left = await second.claimable("next", 0, 2_000)
  expect(left).toHaveLength(byStatus.running ?? 0)
  const world = new DurableWorld(tools, { journal: second })
  const ends = await world.clock.until(Promise.all(left.map((id) => world.begun(id, true))))
  expect(new Set(ends.map((end) => end?.status))).toEqual(new Set(["completed"]))
  expect((await second.counts()).byStatus).toEqual({})
  const runs = await second.list({ max: 9_999 })
  expect(new Set(runs.map(({ status }) => status))).toEqual(new Set(["completed"]))
  const begun = runs.length
  // Every call of every run was made, and none that a process may have made before under another key.
  expect(effects.size).toBe(3 * begun)
  const more = [...effects].filter(([, times]) => times > 1)
  expect(more.every(([, times]) => times === 2)).toBe(true)
  await second.close()
})

/** At its nth write, before or after it. */
function diesAt(nth: number): () => Death {
  let writes = 0
  return () => (writes++ === nth >> 1 ? (nth % 2 === 0 ? "before" : "after") : undefined)
}

describe("an answer of ten million bytes", () => {
  const mib = 2 ** 20
  const large = { text: "ü".repeat(5_000_000) }
  const spec = saga([step("a"), step("b", { input: { reference: { step: "a" } } }), without("c")], {
    output: { reference: { step: "a" } },
  })

  test("goes through a saga where the limits let it, and comes back from the journal", async () => {
    const journal = openSqliteJournal(join(folder, "large.db"))
    const limits = { stepOutputBytes: 10 * mib, runBytes: 32 * mib }
    const { world, drive } = await ran(
      spec,
      { a: { value: large } },
      { journal, limits, dies: afterB() },
    )
    expect(drive.status).toBe("completed")
    expect(world.incarnations).toBe(2)
    expect(world.seen.find(({ tool }) => tool === "b")?.input).toEqual(large)
    expect(drive).toMatchObject({ outcome: { ok: true, value: large } })
    await journal.close()
  })

  test.each([
    ["stepOutputBytes", {}],
    ["runBytes", { stepOutputBytes: 10 * mib }],
  ])("is undone where %s does not let it, which is said", async (name, limits) => {
    const { world, drive } = await ran(spec, { a: { value: large } }, { limits })
    expect(drive.status).toBe("compensated")
    expect(world.called).toEqual(["a", "una"])
    expect(drive).toMatchObject({ outcome: { ok: false, error: { step: "a" } } })
    expect(JSON.stringify(drive)).toContain(`limit ${name}`)
  })
})

/** Once, when the second step has ended. */
function afterB(): () => Death {
  let writes = 0
  return () => (++writes === 3 ? "unannounced" : undefined)
}

describe("the clock of the machine, while a process is away,", () => {
  const hour = 3_600_000
  const timed = saga([step("a"), step("b", { onUnknown: "retry" }), without("c")], {
    timeoutMs: hour / 2,
  })

  /** What a run comes to whose process ends within its second step, and of which the next sees a clock that jumped. */
  async function resumedAfter(jumpMs: number) {
    let hasDied = false
    const dies = (events: readonly { readonly step: string }[]): Death => {
      if (hasDied || !events.some((event) => event.step === "b")) return undefined
      hasDied = true
      return "after"
    }
    const world = new DurableWorld(
      { a: { value: 1 }, b: { value: 2 }, c: {}, una: {}, unb: {} },
      { dies },
    )
    world.clock.jump(10 * hour)
    world.begin(planned(timed))
    expect(await world.drive()).toBeUndefined()
    world.clock.jump(jumpMs)
    return { drive: await world.settle(), world }
  }

  test("set forward past the deadline of a run has it undone", async () => {
    const { drive, world } = await resumedAfter(hour)
    expect(drive.status).toBe("compensated")
    expect(world.called.at(-1)).toBe("una")
  })

  test("set back leaves a run its time, and nothing is done twice", async () => {
    const { drive, world } = await resumedAfter(-hour)
    expect(drive.status).toBe("completed")
    expect(world.called).toEqual(["a", "b", "c"])
  })
})
