import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { Plan } from "../../../src/compose/plan/plan.ts"
import type { RunOutcome } from "../../../src/compose/run/run-plan.ts"
import type { JsonObject } from "../../../src/schema/json.ts"
import { type Answer, effectful, reading, World } from "../../support/composition-world.ts"
import { call, pipeline, scatter, target } from "../../support/step-specs.ts"

interface Drawn {
  /** For each step the earlier ones that it reads. */
  readonly reads: readonly (readonly number[])[]
  readonly maxParallel: number
}

const names = ["a", "b", "c", "d", "e", "f", "g", "h"]
const nameOf = (index: number) => names[index] ?? "a"

/** Graphs of up to eight steps, each of which reads some of those before it. */
const graphs: fc.Arbitrary<Drawn> = fc
  .array(fc.array(fc.nat(7), { maxLength: 3 }), { minLength: 1, maxLength: names.length })
  .map((drawn) => drawn.map((reads, index) => [...new Set(reads.filter((read) => read < index))]))
  .chain((reads) =>
    fc.record({ reads: fc.constant(reads), maxParallel: fc.integer({ min: 1, max: 4 }) }),
  )

const delays = fc.array(fc.nat(20), { minLength: names.length, maxLength: names.length })

function planOf({ reads, maxParallel }: Drawn, tool: object, rest: JsonObject = {}): Plan {
  const steps = reads.map((read, index) => {
    const fields = Object.fromEntries(
      read.map((other) => [nameOf(other), { reference: { step: nameOf(other) } }]),
    )
    return call(nameOf(index), { input: { construct: { fields } }, ...rest })
  })
  const all = reads.map(
    (_, index) => [nameOf(index), { reference: { step: nameOf(index) } }] as const,
  )
  const output = { construct: { fields: Object.fromEntries(all) } }
  const tools = Object.fromEntries(names.map((name) => [name, tool]))
  return pipeline(steps, tools, { maxParallel, output })
}

/** Each tool answers after its own time with what it was given. */
const answering = (times: readonly number[]) =>
  Object.fromEntries(
    names.map((name, index) => [
      name,
      (input: unknown): Answer => ({
        afterMs: times[index] ?? 0,
        value: { [name]: input as JsonObject },
      }),
    ]),
  )

/** All of an outcome but when it happened. */
const timeless = ({ steps, ...rest }: RunOutcome) => ({
  ...rest,
  steps: steps.map(({ ms: _, ...step }) => step),
})

describe("random graphs of steps that only read", () => {
  test("give the same in whatever order their steps end", async () => {
    await fc.assert(
      fc.asyncProperty(graphs, delays, delays, async (drawn, one, other) => {
        const plan = planOf(drawn, reading)
        const first = await new World(answering(one)).run(plan)
        const second = await new World(answering(other)).run({
          ...plan,
          root: { ...plan.root, maxParallel: 16 },
        })
        expect(first.ok).toBe(true)
        expect(timeless(second)).toEqual(timeless(first))
      }),
      { numRuns: 150 },
    )
  })

  test("start no step before those it reads have ended, and never more than they may", async () => {
    await fc.assert(
      fc.asyncProperty(graphs, delays, async (drawn, times) => {
        const world = new World(answering(times))
        await world.run(planOf(drawn, reading))
        const seen = new Map(world.seen.map((one) => [one.tool, one]))
        for (const [index, reads] of drawn.reads.entries()) {
          const ends = reads.map((read) => seen.get(nameOf(read))?.endMs ?? Number.NaN)
          expect(seen.get(nameOf(index))?.atMs).toBeGreaterThanOrEqual(Math.max(0, ...ends))
        }
        expect(world.mostAtOnce).toBeLessThanOrEqual(drawn.maxParallel)
        expect(world.seen).toHaveLength(drawn.reads.length)
        expect(world.clock.timers).toBe(0)
      }),
      { numRuns: 100 },
    )
  })
})

describe("random graphs in which a step fails", () => {
  test.each([
    ["only read", reading],
    ["have effects", effectful],
  ])("start nothing after it and leave nothing running, where steps %s", async (_, tool) => {
    await fc.assert(
      fc.asyncProperty(graphs, delays, fc.nat(7), async (drawn, times, failing) => {
        const tools = answering(times)
        const bad = nameOf(failing % drawn.reads.length)
        const world = new World({
          ...tools,
          [bad]: { afterMs: times[failing] ?? 0, fail: { class: "tool" } },
        })
        const outcome = await world.run(planOf(drawn, tool, { after: [] }))
        expect(outcome).toMatchObject({ ok: false, error: { class: "tool", step: bad } })
        const failedMs = world.seen.find((one) => one.tool === bad)?.endMs ?? Number.NaN
        for (const { atMs } of world.seen) expect(atMs).toBeLessThanOrEqual(failedMs)
        for (const one of world.seen) expect(one.endMs ?? one.cancelledMs).toBeDefined()
        expect(world.clock.timers).toBe(0)
      }),
      { numRuns: 100 },
    )
  })
})

interface Score {
  readonly name: string
  readonly atMs: number
  readonly isOk: boolean
}

describe("random scatter-gathers for a quorum", () => {
  test("have the values of the first to succeed, or fail when too few can", async () => {
    const targets = fc.array(fc.record({ ms: fc.nat(50), isOk: fc.boolean() }), {
      minLength: 1,
      maxLength: names.length,
    })
    await fc.assert(
      fc.asyncProperty(targets, fc.nat(7), async (drawn, number) => {
        const quorum = 1 + (number % drawn.length)
        // Times of their own, so that who is first is no matter of chance.
        const score: readonly Score[] = drawn.map(({ ms, isOk }, index) => ({
          name: nameOf(index),
          atMs: ms * names.length + index,
          isOk,
        }))
        const plan = scatter(
          score.map(({ name }) => target(name)),
          { complete: { quorum }, aggregation: { ops: [] } },
          Object.fromEntries(names.map((name) => [name, reading])),
        )
        const world = new World(
          Object.fromEntries(
            score.map(({ name, atMs, isOk }) => [
              name,
              isOk
                ? { afterMs: atMs, value: name }
                : { afterMs: atMs, fail: { class: "tool" as const } },
            ]),
          ),
        )
        const outcome = await world.run(plan)
        const winners = score
          .filter(({ isOk }) => isOk)
          .sort((one, other) => one.atMs - other.atMs)
          .slice(0, quorum)
        if (winners.length < quorum) {
          expect(outcome.ok).toBe(false)
        } else {
          const last = winners.at(-1)?.atMs
          expect(world.clock.now()).toBe(last)
          expect(outcome).toMatchObject({ value: winners.map(({ name }) => name).sort() })
        }
        expect(world.clock.timers).toBe(0)
      }),
      { numRuns: 150 },
    )
  })
})
