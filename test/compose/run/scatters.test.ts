import { describe, expect, test } from "vitest"
import { defaultRunLimits } from "../../../src/compose/run/limits.ts"
import type { JsonObject } from "../../../src/schema/json.ts"
import {
  type Answer,
  effectful,
  errorIn,
  reading,
  statuses,
  valueIn,
  World,
} from "../../support/composition-world.ts"
import { scatter, target } from "../../support/step-specs.ts"

const three = [target("a"), target("b"), target("c")]
const readingAll = { a: reading, b: reading, c: reading }
const ops = (...list: readonly JsonObject[]) => ({ aggregation: { ops: list } })
const plain = { aggregation: { ops: [] } }

const at = (afterMs: number, value: string): Answer => ({ afterMs, value })
const broken = (afterMs: number): Answer => ({ afterMs, fail: { class: "tool", message: "no" } })
const timedOut: Answer = { afterMs: 5, fail: { class: "denied", message: "no" } }
const hangs: Answer = { hangs: true }

describe("a scatter-gather", () => {
  test("asks all at once and takes as long as the slowest, in target order and not by arrival", async () => {
    const world = new World({ a: at(30, "A"), b: at(10, "B"), c: at(20, "C") })
    expect(valueIn(await world.run(scatter(three, plain, readingAll)))).toEqual(["A", "B", "C"])
    expect(world.times).toEqual({ a: [0], b: [0], c: [0] })
    expect(world.clock.now()).toBe(30)
  })

  test("joins lists where nothing is said of aggregation", async () => {
    const world = new World({ a: { value: [1, 2] }, b: { value: 3 }, c: { value: [] } })
    expect(valueIn(await world.run(scatter(three)))).toEqual([1, 2, 3])
  })

  test("aggregates what the targets' output paths yield", async () => {
    const targets = [target("a", { output: "$.hits" }), target("b", { output: "$.hits" })]
    const plan = scatter(targets, ops({ flatten: true }, { sort: { field: "$.n" } }, { limit: 2 }))
    const world = new World({
      a: { value: { hits: [{ n: 3 }, { n: 1 }] } },
      b: { value: { hits: [{ n: 2 }] } },
    })
    expect(valueIn(await world.run(plan))).toEqual([{ n: 1 }, { n: 2 }])
  })

  test("gives a target the input of its own", async () => {
    const targets = [
      target("a", { input: { construct: { fields: { q: { path: "$.text" } } } } }),
      target("b"),
    ]
    const world = new World({ a: {}, b: {} })
    await world.run(scatter(targets), { text: "x" })
    expect(world.seen.map(({ input }) => input)).toEqual([{ q: "x" }, { text: "x" }])
  })

  test("asks no more at a time than it may", async () => {
    const names = Array.from({ length: 30 }, (_, index) => `t${index}`)
    const world = new World(Object.fromEntries(names.map((name) => [name, at(10, name)])))
    const plan = scatter(
      names.map((name) => target(name)),
      { concurrency: 4, ...plain },
    )
    expect(valueIn(await world.run(plan))).toEqual(names)
    const starts = world.seen.map(({ atMs }) => atMs)
    expect(starts).toEqual(names.map((_, index) => Math.floor(index / 4) * 10))
  })
})

describe("a scatter-gather that waits for all", () => {
  test.each([
    ["a failure", broken(5), "failed"],
    ["a refusal", timedOut, "failed"],
  ] as const)("gives what there is in spite of %s", async (_, answer, status) => {
    const world = new World({ a: at(10, "A"), b: answer, c: at(20, "C") })
    const outcome = await world.run(scatter(three, plain, readingAll))
    expect(valueIn(outcome)).toEqual(["A", "C"])
    expect(statuses(outcome)).toEqual({ a: "ok", b: status, c: "ok" })
    expect(world.clock.now()).toBe(20)
  })

  test("keeps what arrived before its deadline, and gives up the rest", async () => {
    const world = new World({ a: at(10, "A"), b: hangs, c: at(20, "C") })
    const outcome = await world.run(scatter(three, { timeoutMs: 25, ...plain }, readingAll))
    expect(valueIn(outcome)).toEqual(["A", "C"])
    expect(statuses(outcome)).toEqual({ a: "ok", b: "timeout", c: "ok" })
    expect(world.clock.now()).toBe(25)
    expect(world.seen[1]?.cancelledMs).toBe(25)
  })

  test("drops an answer that comes after the deadline", async () => {
    const world = new World({ a: at(10, "A"), b: { ...at(40, "B"), isDeaf: true }, c: at(20, "C") })
    const outcome = await world.run(scatter(three, { timeoutMs: 25, ...plain }, readingAll))
    expect(valueIn(outcome)).toEqual(["A", "C"])
    await world.clock.pass(100)
    expect(world.seen[1]?.endMs).toBe(40)
    expect(valueIn(outcome)).toEqual(["A", "C"])
  })

  test("has failed when all have: the first error of the document, and the words of all", async () => {
    const world = new World({
      a: { afterMs: 30, fail: { class: "tool", message: "A is ill" } },
      b: { afterMs: 10, fail: { class: "denied", message: "B may not" } },
      c: { afterMs: 20, fail: { class: "tool", message: "C is ill" } },
    })
    const error = errorIn(await world.run(scatter(three, {}, readingAll)))
    expect(error).toMatchObject({ class: "tool", step: "a" })
    expect(error.message).toBe(
      "0 of 3 targets succeeded, and 1 is needed: a: A is ill; b: B may not; c: C is ill",
    )
  })

  test("has failed by its deadline when nothing arrived", async () => {
    const world = new World({ a: hangs, b: broken(5), c: hangs })
    const outcome = await world.run(scatter(three, { timeoutMs: 25 }, readingAll))
    expect(errorIn(outcome)).toMatchObject({ class: "deadline", effect: "none" })
    expect(errorIn(outcome).message).toContain("0 of 3 targets succeeded")
    expect(statuses(outcome)).toEqual({ a: "timeout", b: "failed", c: "timeout" })
  })

  test("needs every one where a part is not enough, and fails at once when one cannot be had", async () => {
    const world = new World({ a: at(50, "A"), b: broken(5), c: hangs })
    const outcome = await world.run(scatter(three, { partial: false }, readingAll))
    expect(errorIn(outcome)).toMatchObject({ class: "tool", step: "b" })
    expect(world.clock.now()).toBe(5)
    expect(statuses(outcome)).toEqual({ a: "aborted", b: "failed", c: "aborted" })
  })

  test("that should fail fast stops at the first failure and calls nobody else", async () => {
    const world = new World({ a: hangs, b: broken(5), c: at(1, "C") })
    const outcome = await world.run(
      scatter(three, { failFast: true, concurrency: 2 }, { ...readingAll, a: effectful }),
    )
    expect(errorIn(outcome)).toMatchObject({ class: "tool", step: "b", message: "no" })
    expect(world.called).toEqual(["a", "b"])
    expect(world.seen[0]?.cancelledMs).toBe(5)
    expect(statuses(outcome)).toEqual({ a: "aborted", b: "failed", c: "not_started" })
    // It was cut off: nobody knows whether it happened.
    expect(outcome.steps[0]?.effect).toBe("unknown")
    expect(errorIn(outcome).effect).toBe("unknown")
  })

  test("counts targets that are skipped for nothing", async () => {
    const targets = [target("a", { when: "false" }), target("b")]
    const world = new World({ a: {}, b: at(1, "B") })
    const outcome = await world.run(scatter(targets, { partial: false, ...plain }, readingAll))
    expect(valueIn(outcome)).toEqual(["B"])
    expect(statuses(outcome)).toEqual({ a: "skipped", b: "ok" })
    const none = scatter([target("a", { when: "false" })], plain, readingAll)
    expect(valueIn(await world.run(none))).toEqual([])
  })
})

describe("a scatter-gather for the first", () => {
  const first = { complete: "first", ...plain }

  test("takes the first success and gives up the losers", async () => {
    const world = new World({ a: hangs, b: at(20, "B"), c: at(10, "C") })
    const outcome = await world.run(scatter(three, first, readingAll))
    expect(valueIn(outcome)).toEqual(["C"])
    expect(world.clock.now()).toBe(10)
    expect(world.seen.map(({ cancelledMs }) => cancelledMs)).toEqual([10, 10, undefined])
    expect(statuses(outcome)).toEqual({ a: "aborted", b: "aborted", c: "ok" })
  })

  test("does not take a failure for an answer", async () => {
    const world = new World({ a: broken(1), b: at(20, "B"), c: broken(2) })
    expect(valueIn(await world.run(scatter(three, first, readingAll)))).toEqual(["B"])
  })

  test("has failed when all have, and when time is up", async () => {
    const world = new World({ a: broken(1), b: broken(2), c: broken(3) })
    expect(errorIn(await world.run(scatter(three, first, readingAll)))).toMatchObject({ step: "a" })
    const silent = new World({ a: hangs, b: hangs, c: hangs })
    const late = await silent.run(scatter(three, { ...first, timeoutMs: 9 }, readingAll))
    expect(errorIn(late)).toMatchObject({ class: "deadline" })
  })

  test("has failed when every target was skipped", async () => {
    const targets = [target("a", { when: "false" }), target("b", { when: "false" })]
    const error = errorIn(await new World({}).run(scatter(targets, first, readingAll)))
    expect(error).toMatchObject({ class: "binding", effect: "none" })
  })
})

describe("a scatter-gather for a quorum", () => {
  const two = { complete: { quorum: 2 }, ...plain }

  test("stops waiting at so many successes", async () => {
    const world = new World({ a: at(10, "A"), b: hangs, c: at(20, "C") })
    expect(valueIn(await world.run(scatter(three, two, readingAll)))).toEqual(["A", "C"])
    expect(world.clock.now()).toBe(20)
    expect(world.seen[1]?.cancelledMs).toBe(20)
  })

  test("fails as soon as it cannot be reached", async () => {
    const world = new World({ a: broken(1), b: hangs, c: broken(2) })
    const outcome = await world.run(scatter(three, two, readingAll))
    expect(errorIn(outcome)).toMatchObject({ class: "tool", step: "a" })
    expect(errorIn(outcome).message).toBe(
      "0 of 3 targets succeeded, and 2 are needed: a: no; c: no",
    )
    expect(world.clock.now()).toBe(2)
  })

  test("is content with one where a part is enough, but waits for all that may come", async () => {
    const partial = { ...two, partial: true }
    const world = new World({ a: broken(1), b: broken(2), c: at(30, "C") })
    expect(valueIn(await world.run(scatter(three, partial, readingAll)))).toEqual(["C"])
    const late = new World({ a: at(5, "A"), b: hangs, c: hangs })
    const outcome = await late.run(scatter(three, { ...partial, timeoutMs: 9 }, readingAll))
    expect(valueIn(outcome)).toEqual(["A"])
  })

  test("has failed at the deadline with too few", async () => {
    const world = new World({ a: at(5, "A"), b: hangs, c: hangs })
    const outcome = await world.run(scatter(three, { ...two, timeoutMs: 9 }, readingAll))
    expect(errorIn(outcome)).toMatchObject({ class: "deadline" })
    expect(errorIn(outcome).message).toContain(
      "1 of 3 targets succeeded, and 2 are needed within 9 ms",
    )
  })
})

test("a hundred targets, sixteen at a time", async () => {
  const names = Array.from({ length: 100 }, (_, index) => `t${index}`)
  const plan = scatter(
    names.map((name) => target(name)),
    plain,
    {},
    { maxTargets: 100 },
  )
  const world = new World(Object.fromEntries(names.map((name) => [name, at(10, name)])))
  const limits = { ...defaultRunLimits, maxTargets: 100 }
  expect(valueIn(await world.run(plan, {}, { limits }))).toEqual(names)
  expect(world.mostAtOnce).toBe(16)
})
