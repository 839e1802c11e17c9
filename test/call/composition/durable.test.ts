import { describe, expect, test, vi } from "vitest"
import { callInside } from "../../../src/call/call.ts"
import { recoveredOrigin } from "../../../src/call/composition/durable/recovered.ts"
import { Cancellation } from "../../../src/compose/run/cancellation.ts"
import { JournalTrouble } from "../../../src/compose/run/durable/journal.ts"
import type { JsonObject } from "../../../src/schema/json.ts"
import {
  composed,
  failing,
  resultIn,
  runIn,
  textIn,
  value,
  valueIn,
} from "../../support/composed.ts"

const step = (id: string, more: object = {}): JsonObject =>
  JSON.parse(
    JSON.stringify({
      id,
      action: { tool: { name: id } },
      compensate: { tool: { name: `un${id}` } },
      ...more,
    }),
  )
const saga = (more: JsonObject = {}): JsonObject => ({
  saga: {
    sagaIdPath: "$.order",
    steps: [step("reserve"), step("charge"), step("ship", { compensate: undefined })],
    ...more,
  },
})
const tools = Object.fromEntries(
  ["reserve", "charge", "ship", "unreserve", "uncharge"].map((name) => [name, {}]),
)
const refusalIn = (answer: Parameters<typeof resultIn>[0]) =>
  Object(resultIn(answer)["_meta"])["dev.postern/refusal"]

describe("a saga that is called", () => {
  test("makes its calls with keys, and answers with what came of it", async () => {
    const { call, requests, durable } = composed({
      ...{ tools, compositions: { order: saga() } },
      backend: ({ name }) => value({ [String(name)]: 1 }),
    })
    const answer = await call("order", { order: 7 })
    expect(valueIn(answer)).toEqual({
      ...{ reserve: { reserve: 1 }, charge: { charge: 1 }, ship: { ship: 1 } },
    })
    expect(runIn(answer)).toMatchObject({ status: "completed", steps: [{ id: "reserve" }, {}, {}] })
    const { id } = runIn(answer)
    expect(requests.map(({ meta }) => meta?.["dev.postern/idempotencyKey"])).toEqual(
      ["reserve", "charge", "ship"].map((path) => `${id}/${path}`),
    )
    expect(durable).toEqual([`completed ${id}`])
  })

  test.each([
    { kind: "full", mayHaveBegun: false },
    { kind: "unreachable", mayHaveBegun: true },
  ] as const)(
    "that cannot be written down ($kind) calls nothing, and says whether it may go on by itself",
    async (one) => {
      const { call, gateway, requests } = composed({ tools, compositions: { order: saga() } })
      const trouble = new JournalTrouble("of a test", { kind: one.kind })
      const { journal } = gateway.compositions.durable
      Object.defineProperty(journal, "create", { value: () => Promise.reject(trouble) })
      const text = textIn(await call("order", { order: 7 }))
      expect(text).toContain("Nothing was called; try again later.")
      expect(text.includes("the run goes on by itself later")).toBe(one.mayHaveBegun)
      expect(requests).toEqual([])
    },
  )

  test("undoes what it did when a step fails, and says so", async () => {
    const { call, requests, records } = composed({
      ...{ tools, compositions: { order: saga() } },
      backend: ({ name }) => (name === "ship" ? failing("no boxes") : value({ id: String(name) })),
    })
    const answer = await call("order", { order: "7" })
    expect(requests.map(({ name }) => name)).toEqual([
      ...["reserve", "charge", "ship", "uncharge", "unreserve"],
    ])
    expect(requests.at(-1)?.params).toMatchObject({ arguments: { order: "7", id: "reserve" } })
    expect(textIn(answer)).toMatch(/order failed at step ship .*no boxes/)
    expect(textIn(answer)).toContain("What was done has been undone: reserve, charge.")
    expect(runIn(answer)).toMatchObject({
      status: "compensated",
      steps: [{ status: "undone" }, { status: "undone" }, { status: "failed" }],
    })
    expect(refusalIn(answer)).toEqual({ code: "backend_error" })
    expect(records.map(({ kind }) => kind)).toEqual([...Array(5).fill("step"), "call"])
  })

  test("runs once for one id, however often it is called, and gives all the same", async () => {
    let calls = 0
    const { call, requests } = composed({
      ...{ tools, compositions: { order: saga() } },
      backend: async () => {
        await Promise.resolve()
        return value({ n: ++calls })
      },
    })
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => call("order", { order: 7, note: "x" })),
    )
    expect(requests).toHaveLength(3)
    const later = await call("order", { note: "x", order: 7 })
    for (const answer of [...answers, later]) expect(valueIn(answer)).toEqual(valueIn(later))
    expect(answers.filter((answer) => runIn(answer).replayed === true)).toHaveLength(99)
    expect(runIn(later)).toMatchObject({ replayed: true, status: "completed" })
  })

  test("is refused for an id that was used with other arguments", async () => {
    const { call, requests } = composed({
      ...{ tools, compositions: { order: saga() } },
      backend: () => value({}),
    })
    await call("order", { order: 7 })
    const other = await call("order", { order: 7, amount: 1 })
    expect(refusalIn(other)).toEqual({ code: "run_conflict" })
    expect(textIn(other)).not.toMatch(/[A-Za-z0-9_-]{30}/)
    expect(requests).toHaveLength(3)
  })

  test.each([
    [{}],
    [{ order: null }],
    [{ order: [1] }],
    [{ order: { id: 1 } }],
    [{ order: 1.5 }],
    [{ order: "" }],
  ])("is refused for %j, which has no id", async (args) => {
    const { call, requests } = composed({
      ...{ tools, compositions: { order: saga() } },
      backend: () => value({}),
    })
    expect(await call("order", args)).toMatchObject({
      kind: "refusal",
      refusal: { code: "invalid_input" },
    })
    expect(requests).toEqual([])
  })

  test.each(["a\0b", "a\ud800"])(
    "refuses an id that no database keeps as it is: %j",
    async (order) => {
      const { call, requests } = composed({
        ...{ tools, compositions: { order: saga() } },
        backend: () => value({}),
      })
      const refused = await call("order", { order })
      expect(refused).toMatchObject({ kind: "refusal", refusal: { code: "invalid_input" } })
      expect(JSON.stringify(refused)).toContain("the id of the run: expected a text of 1 to 1000")
      expect(requests).toEqual([])
    },
  )

  test("takes the key of its caller where the saga has no id", async () => {
    const { saga: spec } = saga()
    const { sagaIdPath: _, ...rest } = Object(spec)
    const { call, requests } = composed({
      ...{ tools, compositions: { order: { saga: rest } } },
      backend: () => value({}),
    })
    const key = { meta: { "dev.postern/idempotencyKey": "k1" } }
    await call("order", { a: 1 }, key)
    await call("order", { a: 1 }, key)
    await call("order", { a: 1 }, { idempotencyKey: "k1" })
    expect(requests).toHaveLength(3)
    expect(refusalIn(await call("order", { a: 2 }, key))).toEqual({ code: "run_conflict" })
    await call("order", { a: 1 })
    await call("order", { a: 1 })
    expect(requests).toHaveLength(9)
    expect(await call("order", {}, { idempotencyKey: "ü" })).toMatchObject({
      refusal: { code: "invalid_input" },
    })
  })

  test("goes on when its caller has gone, where that one could come back, and is undone otherwise", async () => {
    for (const [spec, end] of [
      [saga(), "completed"],
      [saga({ onCancel: "compensate" }), "compensated"],
    ] as const) {
      const gate = Promise.withResolvers<void>()
      const cancellation = new Cancellation()
      const { call, runs, requests } = composed({
        ...{ tools, compositions: { order: spec } },
        backend: async ({ name }) => {
          if (name === "charge") await gate.promise
          return value({})
        },
      })
      const gone = call("order", { order: 7 }, { cancellation })
      while (requests.length < 2) await new Promise((resolve) => void setImmediate(resolve))
      cancellation.cancel()
      expect(await gone).toMatchObject({ refusal: { code: "cancelled" } })
      const [first] = await runs.durable.journal.list({ max: 1 })
      const live = runs.durable.live(first?.id ?? "")
      gate.resolve()
      expect(await live?.ended).toMatchObject({ status: end })
      expect(runIn(await call("order", { order: 7 }))).toMatchObject({
        status: end,
        replayed: true,
      })
    }
  })

  test("goes back also where its caller has gone while it was being written down", async () => {
    const cancellation = new Cancellation()
    const { call, runs } = composed({
      ...{ tools, compositions: { order: saga({ onCancel: "compensate" }) } },
      backend: () => value({}),
    })
    const { journal } = runs.durable
    vi.spyOn(journal, "find").mockImplementationOnce(async () => {
      cancellation.cancel()
      return undefined
    })
    const gone = await call("order", { order: 7 }, { cancellation })
    expect(gone).toMatchObject({ refusal: { code: "cancelled" } })
    await expect
      .poll(async () => (await journal.list({ max: 1 })).map(({ status }) => status))
      .toEqual(["compensated"])
  })

  test("that goes back while its caller has to leave says so", async () => {
    const undoing = Promise.withResolvers<void>()
    const gate = Promise.withResolvers<void>()
    const { call, runs } = composed({
      ...{ tools, compositions: { order: saga() } },
      runs: { limits: { runHold: 5 } },
      backend: async ({ name }) => {
        if (name === "charge") return failing("no money")
        if (name === "unreserve") {
          undoing.resolve()
          await gate.promise
        }
        return value({})
      },
    })
    const first = call("order", { order: 7 })
    await undoing.promise
    const answer = await call("order", { order: 7 })
    await first
    expect(textIn(answer)).toContain("is not done yet, and goes on (compensating)")
    expect(runIn(answer)).toMatchObject({ status: "compensating" })
    const live = runs.durable.live(String(runIn(answer).id))
    gate.resolve()
    expect(await live?.ended).toMatchObject({ status: "compensated" })
  })

  test("is not waited for for ever, tells nobody anything after the answer, and is there when asked for again", async () => {
    const gate = Promise.withResolvers<void>()
    const notes: unknown[] = []
    const { call, runs } = composed({
      ...{ tools, compositions: { order: saga() } },
      runs: { limits: { runHold: 5 } },
      backend: async ({ name }) => {
        if (name !== "reserve") await gate.promise
        return value({})
      },
    })
    const answer = await call(
      "order",
      { order: 7 },
      { meta: { progressToken: 1 }, onNotification: (note) => void notes.push(note) },
    )
    expect(textIn(answer)).toMatch(/is not done yet, and goes on .*same arguments/s)
    const told = notes.length
    const live = runs.durable.live(String(runIn(answer).id))
    gate.resolve()
    expect(await live?.ended).toMatchObject({ status: "completed" })
    expect(notes).toHaveLength(told)
    expect(runIn(await call("order", { order: 7 }))).toMatchObject({ replayed: true })
  })

  test("that is taken away while it runs goes back, by its own plan", async () => {
    const gate = Promise.withResolvers<void>()
    const { call, runs, requests } = composed({
      ...{ tools, compositions: { order: saga() } },
      backend: async ({ name }) => {
        if (name === "charge") await gate.promise
        return value({})
      },
    })
    const answer = call("order", { order: 7 })
    while (requests.length < 2) await new Promise((resolve) => void setImmediate(resolve))
    runs.durable.accept(composed({ tools, compositions: {} }).catalog)
    gate.resolve()
    expect(textIn(await answer)).toMatch(/order is not registered any more/)
    expect(requests.map(({ name }) => name)).toEqual([
      ...["reserve", "charge", "uncharge", "unreserve"],
    ])
  })

  test("that is parked says so to whoever calls it again", async () => {
    const { call, requests, runs, gateway } = composed({
      ...{ tools, compositions: { order: saga() } },
      backend: ({ name }) =>
        name === "charge" ? { kind: "error", error: { code: -32603, message: "?" } } : value({}),
      compositions: {
        order: saga({ steps: [step("reserve"), step("charge", { onUnknown: "park" })] }),
      },
    })
    for (const answer of [await call("order", { order: 7 }), await call("order", { order: 7 })]) {
      expect(refusalIn(answer)).toEqual({ code: "run_parked" })
      expect(textIn(answer)).toMatch(
        /waits for an operator: charge: nobody knows whether it happened/,
      )
    }
    const [run] = await runs.durable.journal.list({ max: 1 })
    const resumed = runs.durable.resume(run?.id ?? "", (record, plan) =>
      recoveredOrigin(record, plan, gateway, callInside),
    )
    expect(await resumed).toBeUndefined() // only an operator has it go on
    expect(runs.durable.due).toEqual([])
    expect(requests.map(({ name }) => name)).toEqual(["reserve", "charge"])
  })
})
