import { describe, expect, test } from "vitest"
import type { ErrorClass } from "../../../../src/compose/plan/policies.ts"
import type { StepEvent } from "../../../../src/compose/run/report.ts"
import {
  type Answer,
  effectful,
  errorIn,
  reading,
  repeatable,
  valueIn,
  World,
} from "../../../support/composition-world.ts"
import { call, pipeline, scatter, target } from "../../../support/step-specs.ts"

const fails = (errorClass: ErrorClass, effect: "none" | "unknown" | "done" = "none"): Answer => ({
  fail: { class: errorClass, effect },
})
const thenFine =
  (count: number, answer: Answer) =>
  (_: unknown, __: unknown, nth: number): Answer =>
    nth > count ? { value: "fine" } : answer

const asked = (retry: object) => call("a", { retry: { maxAttempts: 3, ...retry } })

describe("a retry that was asked for", () => {
  test("tries again until it succeeds, and says how often", async () => {
    const world = new World({ a: thenFine(2, fails("timeout", "unknown")) })
    const outcome = await world.run(pipeline([asked({ backoffMs: 100 })], { a: effectful }))
    expect(valueIn(outcome)).toBe("fine")
    expect(world.times).toEqual({ a: [0, 100, 300] })
    expect(outcome.steps).toMatchObject([{ attempts: 3, status: "ok", effect: "done" }])
  })

  test("gives up after so many attempts, with the last error", async () => {
    const world = new World({ a: fails("transport") })
    const outcome = await world.run(pipeline([asked({})]))
    expect(errorIn(outcome)).toMatchObject({ class: "transport", attempts: 3 })
    expect(world.seen).toHaveLength(3)
  })

  test("remembers that an earlier attempt may have done it", async () => {
    const world = new World({
      a: (_, __, nth) => (nth === 1 ? fails("timeout", "unknown") : fails("transport")),
    })
    const outcome = await world.run(pipeline([asked({ maxAttempts: 2 })], { a: effectful }))
    expect(errorIn(outcome)).toMatchObject({ class: "transport", effect: "unknown" })
  })

  test("keeps the key of the call, and sends none for what only reads", async () => {
    const world = new World({ a: thenFine(2, fails("transport")), b: {} })
    await world.run(
      pipeline([asked({}), call("b")], { a: effectful, b: reading }),
      {},
      { runId: "r1" },
    )
    expect(world.seen.map(({ call: { key } }) => key)).toEqual(["r1/a", "r1/a", "r1/a", undefined])
  })

  test.each([
    ["fixed", { factor: 1, backoffMs: 50 }, [0, 50, 100, 150]],
    ["exponential", { factor: 3, backoffMs: 10 }, [0, 10, 40, 130]],
    ["linear", { factor: 1, backoffMs: 10, addMs: 5 }, [0, 10, 25, 45]],
    ["capped", { factor: 10, backoffMs: 10, maxBackoffMs: 60 }, [0, 10, 70, 130]],
  ])("waits longer and longer: %s", async (_, delays, times) => {
    const world = new World({ a: fails("transport") })
    await world.run(pipeline([asked({ maxAttempts: 4, ...delays })]))
    expect(world.times).toEqual({ a: times })
  })

  test("spreads the delays by chance, within the jitter", async () => {
    const world = new World({ a: fails("transport") })
    world.clock.chances.push(0, 0.999_999_999)
    await world.run(pipeline([asked({ backoffMs: 100, factor: 1, jitter: 0.25 })]))
    const [, second = 0, third = 0] = world.timesOf("a")
    expect(second).toBe(75)
    expect(third - second).toBeCloseTo(125)
  })

  test.each(["tool", "denied", "protocol", "input", "output"] as const)(
    "does not try again after class %s unless it is named",
    async (errorClass) => {
      const world = new World({ a: thenFine(1, fails(errorClass)) })
      expect(errorIn(await world.run(pipeline([asked({})]))).class).toBe(errorClass)
      const named = new World({ a: thenFine(1, fails(errorClass)) })
      expect(valueIn(await named.run(pipeline([asked({ on: [errorClass] })])))).toBe("fine")
    },
  )

  test("asks its condition, which sees the error", async () => {
    const retry = { if: "error.class == 'tool' && error.data.code == 7" }
    const answer = (code: number): Answer => ({ fail: { class: "tool", data: { code } } })
    const again = new World({ a: thenFine(1, answer(7)) })
    expect(valueIn(await again.run(pipeline([asked(retry)])))).toBe("fine")
    const stays = new World({ a: thenFine(1, answer(8)) })
    expect(errorIn(await stays.run(pipeline([asked(retry)]))).attempts).toBe(1)
    // What cannot be computed ends it.
    const odd = new World({ a: thenFine(1, fails("tool")) })
    expect(errorIn(await odd.run(pipeline([asked(retry)]))).attempts).toBe(1)
  })

  test("waits as long as the backend asks", async () => {
    const busy: Answer = { fail: { class: "unavailable", retryAfterMs: 5_000 } }
    const world = new World({ a: thenFine(1, busy) })
    await world.run(pipeline([asked({ backoffMs: 10 })]))
    expect(world.times).toEqual({ a: [0, 5_000] })
  })

  test("does not wait for what is asked if that is longer than anybody would", async () => {
    const busy: Answer = { fail: { class: "unavailable", retryAfterMs: 3_600_000 } }
    const world = new World({ a: thenFine(1, busy) })
    expect(errorIn(await world.run(pipeline([asked({})]))).class).toBe("unavailable")
    expect(world.clock.now()).toBe(0)
  })

  test("does not begin to wait for an attempt that would come too late", async () => {
    const world = new World({ a: thenFine(1, fails("transport")) })
    const plan = pipeline([asked({ backoffMs: 100 })], {}, { timeoutMs: 100 })
    expect(errorIn(await world.run(plan)).class).toBe("transport")
    expect(world.clock.now()).toBe(0)
  })

  test("gives each attempt a time of its own", async () => {
    const world = new World({ a: (_, __, nth) => (nth < 3 ? { hangs: true } : { value: 1 }) })
    const plan = pipeline([asked({ attemptTimeoutMs: 50, backoffMs: 10, factor: 1 })], {
      a: reading,
    })
    expect(valueIn(await world.run(plan))).toBe(1)
    expect(world.times).toEqual({ a: [0, 60, 120] })
    expect(world.seen.map(({ cancelledMs }) => cancelledMs)).toEqual([50, 110, undefined])
    expect(world.seen.map(({ call: { deadlineMs } }) => deadlineMs)).toEqual([50, 110, 170])
  })

  test("is told of", async () => {
    const events: StepEvent[] = []
    const world = new World({ a: thenFine(1, fails("transport")) })
    await world.run(pipeline([asked({})]), {}, { onStep: (event) => void events.push(event) })
    expect(events.map(({ kind }) => kind)).toEqual(["started", "retrying", "settled"])
    expect(events[1]).toMatchObject({
      id: "a",
      attempt: 2,
      delayMs: 200,
      error: { class: "transport" },
    })
  })

  test("of a graph runs it again from its beginning", async () => {
    const inner = { pattern: { pipeline: { steps: [call("a"), call("b")] } } }
    const plan = pipeline([
      { id: "both", operation: inner, retry: { maxAttempts: 2, on: ["tool"] } },
    ])
    const world = new World({ a: {}, b: thenFine(1, fails("tool")) })
    const outcome = await world.run(plan)
    expect(world.called).toEqual(["a", "b", "a", "b"])
    expect(outcome.steps.map(({ id, status, attempts }) => [id, status, attempts])).toEqual([
      ["both", "ok", 2],
      ["both/a", "ok", 1],
      ["both/b", "ok", 1],
    ])
  })
})

describe("without a retry policy", () => {
  const tried = async (tool: object, answer: Answer) => {
    const world = new World({ a: answer })
    const outcome = await world.run(pipeline([call("a")], { a: tool }))
    return { attempts: world.seen.length, effect: errorIn(outcome).effect }
  }

  test.each([
    ["transport", "none", 3, 3, 3],
    ["unavailable", "none", 3, 3, 3],
    ["transport", "unknown", 3, 3, 1],
    ["unavailable", "unknown", 3, 3, 1],
    ["timeout", "unknown", 3, 3, 1],
    ["protocol", "unknown", 3, 3, 1],
    ["protocol", "none", 1, 1, 1],
    ["tool", "none", 1, 1, 1],
    ["output", "done", 1, 1, 1],
    ["denied", "none", 1, 1, 1],
    ["input", "none", 1, 1, 1],
  ] as const)(
    "class %s with effect %s: %i attempts of what reads, %i of what may be repeated, %i of any other",
    async (errorClass, effect, read, repeat, other) => {
      const answer = fails(errorClass, effect)
      expect(await tried(reading, answer)).toEqual({ attempts: read, effect: "none" })
      expect(await tried(repeatable, answer)).toEqual({ attempts: repeat, effect })
      expect(await tried(effectful, answer)).toEqual({ attempts: other, effect })
      expect(await tried({}, answer)).toEqual({ attempts: other, effect })
    },
  )
})

describe("the budget of retries", () => {
  const many = (count: number) =>
    scatter(
      Array.from({ length: count }, (_, index) => target("a", { id: `t${index}` })),
      {},
      { a: reading },
    )

  test("lets a backend that is down be tried again three times in ten seconds, or a fifth of its calls", async () => {
    const world = new World({ a: fails("transport") })
    await world.run(many(10))
    expect(world.seen).toHaveLength(13)
  })

  test("is there again after ten seconds", async () => {
    const world = new World({ a: fails("transport") })
    await world.run(many(10))
    await world.clock.pass(11_000)
    await world.run(many(10))
    expect(world.seen).toHaveLength(26)
  })

  test("always has as many as the author asked for in one step", async () => {
    const world = new World({ a: fails("transport") })
    const retry = { maxAttempts: 8, backoffMs: 1, factor: 1 }
    await world.run(pipeline([call("a", { retry })]))
    expect(world.seen).toHaveLength(8)
  })

  test("belongs to one backend", async () => {
    const world = new World({ a: fails("transport"), b: fails("transport") })
    const direct = (name: string, server: string) => ({
      id: name,
      tool: { name, server, serverVersion: "1.0.0" },
      retry: { maxAttempts: 4, backoffMs: 1 },
    })
    await world.run(scatter([direct("a", "s1"), direct("b", "s2")]))
    expect([world.timesOf("a").length, world.timesOf("b").length]).toEqual([4, 4])
  })
})
