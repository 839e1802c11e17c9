import { describe, expect, test } from "vitest"
import type { ErrorClass } from "../../../../src/compose/plan/policies.ts"
import type { RunOutcome } from "../../../../src/compose/run/run-plan.ts"
import { type Answer, effectful, World } from "../../../support/composition-world.ts"
import { call, pipeline } from "../../../support/step-specs.ts"

const breaker = { name: "shop", failures: 2, windowMs: 1_000, resetMs: 500 }
const plan = (rest: object = {}, name = "a") =>
  pipeline([call(name, { breaker: { ...breaker, ...rest } })], { [name]: effectful })
const bad: Answer = { fail: { class: "tool" } }
const word = (outcome: RunOutcome) => (outcome.ok ? "ok" : outcome.error.class)

/** Runs the plan at each of these times, with these answers. */
async function story(answers: readonly Answer[], times: readonly number[], rest: object = {}) {
  const world = new World({ a: (_, __, nth) => answers[nth - 1] ?? {} })
  const words: string[] = []
  for (const atMs of times) {
    await world.clock.pass(atMs - world.clock.now())
    words.push(word(await world.run(plan(rest))))
  }
  return { words, calls: world.called.length, world }
}

describe("a breaker", () => {
  test("opens after so many failures and calls nobody until it is time", async () => {
    const { words, calls } = await story([bad, bad], [0, 1, 2, 400])
    expect(words).toEqual(["tool", "tool", "circuitOpen", "circuitOpen"])
    expect(calls).toBe(2)
  })

  test("forgets failures that are long ago", async () => {
    const { words } = await story([bad, bad, {}], [0, 1_500, 1_501])
    expect(words).toEqual(["tool", "tool", "ok"])
  })

  test("closes again when a trial succeeds", async () => {
    const { words } = await story([bad, bad, {}, bad], [0, 1, 600, 601, 602])
    expect(words).toEqual(["tool", "tool", "ok", "tool", "ok"])
  })

  test("opens again at once when a trial fails", async () => {
    const { words, calls } = await story([bad, bad, bad, {}], [0, 1, 600, 601, 1_200])
    expect(words).toEqual(["tool", "tool", "tool", "circuitOpen", "ok"])
    expect(calls).toBe(4)
  })

  test("wants as many successes as it says", async () => {
    const { words } = await story([bad, bad, {}, bad, {}], [0, 1, 600, 601, 602], { successes: 2 })
    expect(words).toEqual(["tool", "tool", "ok", "tool", "circuitOpen"])
  })

  test("lets one call at a time through on trial", async () => {
    const { world } = await story([bad, bad, { afterMs: 50 }], [0, 1, 600])
    await world.clock.pass(2_000)
    const slow = new World({ a: (_, __, nth) => (nth < 3 ? bad : { afterMs: 50 }) })
    for (const _ of [1, 2]) await slow.run(plan())
    await slow.clock.pass(600)
    const both = await slow.clock.until(Promise.all([slow.start(plan()), slow.start(plan())]))
    expect(both.map(word)).toEqual(["ok", "circuitOpen"])
  })

  test("is shared by name, and by name alone", async () => {
    const world = new World({ a: bad, b: {} })
    for (const _ of [1, 2]) await world.run(plan())
    expect(word(await world.run(plan({}, "b")))).toBe("circuitOpen")
    expect(word(await world.run(plan({ name: "other" }, "b")))).toBe("ok")
  })

  test.each([
    ["transport", true],
    ["timeout", true],
    ["unavailable", true],
    ["protocol", true],
    ["tool", true],
    ["output", true],
    ["input", false],
    ["denied", false],
    ["throttled", false],
    ["cancelled", false],
  ] as readonly [ErrorClass, boolean][])("counts class %s: %s", async (errorClass, isCounted) => {
    const answer: Answer = { fail: { class: errorClass, effect: "unknown" } }
    const { words } = await story([answer, answer], [0, 1, 2])
    expect(words[2]).toBe(isCounted ? "circuitOpen" : "ok")
  })

  test("counts successes that it is told are none, and those that it cannot judge", async () => {
    const answers = [{ value: { status: "bad" } }, { value: {} }]
    const { words } = await story(answers, [0, 1, 2], { if: "item.status == 'bad'" })
    expect(words).toEqual(["ok", "ok", "circuitOpen"])
    const good = await story([{ value: { status: "good" } }], [0], {
      if: "item.status == 'bad'",
      failures: 1,
    })
    expect(word(await good.world.run(plan()))).toBe("ok")
  })

  test("says nothing of a backend whose callers leave", async () => {
    const world = new World({ a: (_, __, nth) => (nth < 3 ? { hangs: true } : {}) })
    for (const deadlineMs of [10, 20]) await world.run(plan(), {}, { deadlineMs })
    expect(word(await world.run(plan()))).toBe("ok")
  })

  test("blames a backend that does not answer in time", async () => {
    const slow = pipeline([call("a", { breaker, timeoutMs: 10 })], { a: effectful })
    const world = new World({ a: { hangs: true } })
    const words: string[] = []
    for (const _ of [1, 2, 3]) words.push(word(await world.run(slow)))
    expect(words).toEqual(["timeout", "timeout", "circuitOpen"])
  })

  test("that is open can be answered by onError", async () => {
    const onError = { on: ["circuitOpen"], output: { constant: "closed" } }
    const guarded = pipeline([call("a", { breaker, onError })], { a: effectful })
    const world = new World({ a: bad })
    for (const _ of [1, 2]) await world.run(guarded)
    expect(await world.run(guarded)).toMatchObject({ ok: true, value: "closed" })
  })
})
