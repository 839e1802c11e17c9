import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { Plan } from "../../../src/compose/plan/plan.ts"
import { type Advance, Progress } from "../../../src/compose/run/progress.ts"
import type { StepEvent } from "../../../src/compose/run/report.ts"
import type { JsonObject } from "../../../src/schema/json.ts"
import { type Answer, reading, type Tool, World } from "../../support/composition-world.ts"
import { call, pipeline, scatter, target } from "../../support/step-specs.ts"

/** What a run of the plan reports; each event comes `apartMs` after the one before. */
async function reports(
  plan: Plan,
  tools: Record<string, Tool>,
  apartMs = 1_000,
): Promise<readonly Advance[]> {
  const told: Advance[] = []
  const progress = new Progress(plan)
  let nowMs = 0
  const onStep = (event: StepEvent) => {
    nowMs += apartMs
    const advance = progress.after(event, nowMs)
    if (advance !== undefined) told.push(advance)
  }
  await new World(tools).run(plan, {}, { onStep })
  return told
}
const shares = (told: readonly Advance[]) =>
  told.map(({ progress, total }) => `${progress}/${total}`)
const ok: Answer = { value: 1 }
const nested = (id: string, ...steps: JsonObject[]) => ({
  id,
  operation: { pattern: { pipeline: { steps } } },
})

describe("the progress of a run", () => {
  test("counts the steps that may call, under their names", async () => {
    const plan = pipeline([
      call("a", { name: "Look" }),
      { id: "v", operation: { value: { constant: 1 } } },
      call("b"),
    ])
    expect(await reports(plan, { a: ok, b: ok })).toEqual([
      { progress: 1, total: 2, message: "Look" },
      { progress: 2, total: 2, message: "b" },
    ])
  })

  test("counts those that are skipped or fail, too", async () => {
    const onError = { output: { constant: null } }
    const plan = pipeline([call("a", { when: "false" }), call("b", { onError }), call("c")])
    const fail = { class: "tool" } as const
    expect(shares(await reports(plan, { b: { fail }, c: ok }))).toEqual(["1/3", "2/3", "3/3"])
  })

  test("counts items once it is known how many there are", async () => {
    const each = { forEach: { constant: [1, 2, 3] }, concurrency: 1 }
    const plan = pipeline([call("a"), call("b", each), call("c")], { a: reading })
    expect(shares(await reports(plan, { a: ok, b: ok, c: ok }))).toEqual([
      ...["1/3", "2/5", "3/5", "4/5", "5/5"],
    ])
    const none = pipeline([call("a", { forEach: { constant: [] } }), call("b")])
    expect(shares(await reports(none, { b: ok }))).toEqual(["1/1"])
  })

  test("counts what is inside of a step, and the rest of it when the step is over", async () => {
    const plan = pipeline([nested("in", call("a"), call("b", { after: [] }), call("c")), call("d")])
    expect(shares(await reports(plan, { a: ok, b: ok, c: ok, d: ok }))).toEqual([
      ...["1/4", "2/4", "3/4", "4/4"],
    ])
    const caught = {
      ...nested("in", call("a"), call("b"), call("c")),
      onError: { output: { constant: 1 } },
    }
    const fail = { class: "tool" } as const
    expect(shares(await reports(pipeline([caught, call("d")]), { a: { fail }, d: ok }))).toEqual([
      ...["1/4", "3/4", "4/4"],
    ])
  })

  test("does not wait for what nobody waits for", async () => {
    const plan = pipeline([
      call("tap", { detached: true, input: { path: "$" } }),
      call("a", { input: { path: "$" } }),
    ])
    expect(shares(await reports(plan, { tap: ok, a: ok }))).toEqual(["1/1"])
  })

  test("is reported at most ten times a second", async () => {
    const each = { forEach: { constant: Array.from({ length: 100 }, (_, at) => at) } }
    const told = await reports(pipeline([call("a", each)]), { a: ok }, 5)
    expect(told.length).toBeGreaterThan(5)
    expect(told.length).toBeLessThanOrEqual(1 + (203 * 5) / 100)
  })

  test("takes in what a backend tells of its part", () => {
    const progress = new Progress(pipeline([call("a"), call("b")]))
    const parts = [0.25, 0.1, 0.5, 2, Number.NaN].map((part, at) =>
      progress.afterPart("a", part, at * 1_000),
    )
    expect(parts.map((told) => told?.progress)).toEqual([0.25, undefined, 0.5, 1, undefined])
    const settled = {
      kind: "settled",
      id: "a",
      status: "ok",
      attempts: 1,
      ms: 1,
      effect: "none",
    } as const
    expect(progress.after(settled, 9_000)).toBeUndefined() // it was told already
    expect(progress.after({ ...settled, id: "b" }, 10_000)).toMatchObject({ progress: 2, total: 2 })
    expect(progress.afterPart("elsewhere", 0.5, 11_000)).toBeUndefined()
  })

  test("rises with each report and never beyond the total, whatever happens", async () => {
    const step = fc.record({
      fails: fc.boolean(),
      items: fc.option(fc.nat(4), { nil: undefined }),
      tries: fc.integer({ min: 1, max: 3 }),
      inside: fc.boolean(),
    })
    await fc.assert(
      fc.asyncProperty(
        fc.array(step, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        async (steps, gathers) => {
          const written = steps.map(({ items, tries, inside }, at) => {
            const policies = {
              retry: { maxAttempts: tries, backoffMs: 1, on: ["tool"] },
              onError: { output: { constant: 0 } },
              ...(items !== undefined && {
                forEach: { constant: Array.from({ length: items }, () => 1) },
              }),
            }
            return inside
              ? { ...nested(`n${at}`, call("t")), ...policies }
              : { ...call("t", policies), id: `s${at}` }
          })
          const plan = gathers ? scatter([target("t"), target("u")]) : pipeline(written)
          let nth = 0
          const fail = { class: "tool" } as const
          const told = await reports(plan, {
            t: () => (steps[nth++ % steps.length]?.fails ? { fail } : ok),
            u: ok,
          })
          const values = told.map(({ progress }) => progress)
          expect(values).toEqual([...new Set(values)].sort((one, other) => one - other))
          for (const { progress, total } of told) expect(progress).toBeLessThanOrEqual(total)
        },
      ),
      { numRuns: 60 },
    )
  })

  const settled = (id: string): StepEvent => ({
    ...{ kind: "settled", id, status: "ok", attempts: 1, ms: 1, effect: "done" },
  })
  const three = pipeline([call("a", { name: "Look" }), call("b"), call("c")])

  test("stays while what was done is undone, and says so; every report rises all the same", () => {
    const progress = new Progress(three)
    progress.after(settled("a"), 0)
    const undoing = ["b", "a", "a"].map((id, nth) =>
      progress.after({ kind: "undoing", id }, 1_000 * (nth + 1)),
    )
    expect(undoing.map((one) => one?.message)).toEqual([
      "undoing b",
      "undoing Look",
      "undoing Look",
    ])
    expect(undoing.map((one) => Math.trunc(one?.progress ?? 0))).toEqual([1, 1, 1])
    expect(undoing.map((one) => one?.total)).toEqual([3, 3, 3])
    const rising = undoing.map((one) => one?.progress ?? 0)
    expect(rising).toEqual([...new Set(rising)].toSorted((one, other) => one - other))
    expect(progress.after({ kind: "undoing", id: "a" }, 3_050)).toBeUndefined()
  })

  test("is never beyond the total, also where all was done before it is undone", () => {
    const progress = new Progress(three)
    for (const [nth, id] of ["a", "b", "c"].entries()) progress.after(settled(id), nth * 1_000)
    const { progress: told = 0, total = 0 } =
      progress.after({ kind: "undoing", id: "c" }, 9_000) ?? {}
    expect(told).toBeGreaterThan(3)
    expect(total).toBeGreaterThanOrEqual(told)
  })

  test("goes on from where the run stands for whoever comes later, and never back for whoever comes again", () => {
    const heard = ["a", "b"].map(settled)
    const late = new Progress(three)
    expect(late.afterAll([], 0)).toBeUndefined()
    const joined = new Progress(three)
    expect(joined.afterAll(heard, 0)).toEqual({ progress: 2, total: 3, message: "b" })
    // The run is driven once more from its journal, and tells again what is done already.
    const again = new Progress(three, joined)
    expect(again.afterAll(heard.slice(0, 1), 1_000)).toBeUndefined()
    expect(again.after(settled("b"), 2_000)).toBeUndefined()
    expect(again.after(settled("c"), 3_000)).toEqual({ progress: 3, total: 3, message: "c" })
    const back: StepEvent[] = [...heard, { kind: "undoing", id: "b" }]
    expect(new Progress(three).afterAll(back, 0)).toMatchObject({ message: "undoing b", total: 3 })
  })
})
