import { describe, expect, test, vi } from "vitest"
import type { Answer, CallRequest } from "../../../src/call/call.ts"
import { callInside } from "../../../src/call/call.ts"
import { answer as answerRun } from "../../../src/call/composition/durable/answer.ts"
import { recoveredOrigin } from "../../../src/call/composition/durable/recovered.ts"
import type { LiveRespondent, RoundsRespondent } from "../../../src/call/interaction/peer.ts"
import type { Question } from "../../../src/call/interaction/question.ts"
import { Cancellation } from "../../../src/compose/run/cancellation.ts"
import type { PersonsAnswer } from "../../../src/compose/run/durable/event.ts"
import type { JsonObject } from "../../../src/schema/json.ts"
import { composed, resultIn, runIn, textIn, value, valueIn } from "../../support/composed.ts"
import { evidence } from "../../support/evidence.ts"
import { agentOf, toolDependency } from "../../support/registries.ts"
import type { RunsSketch } from "../../support/runs.ts"

const capabilities = { elicitation: {} }
const schema = {
  type: "object",
  properties: { note: { type: "string" } },
  required: ["note"],
}
const message = { template: { template: "Refund {order}?", vars: { order: { path: "$.order" } } } }

/** Books, asks, and then pays; what it did is undone when nobody allows it. */
function world(approve: JsonObject = {}, runs: RunsSketch = {}) {
  const names = ["book", "pay", "unbook"]
  const made = composed({
    tools: Object.fromEntries(names.map((name) => [name, {}])),
    compositions: {
      refund: {
        saga: {
          sagaIdPath: "$.order",
          steps: [
            {
              id: "book",
              action: { tool: { name: "book" } },
              compensate: { tool: { name: "unbook" } },
            },
            { id: "ask", action: { approve: { message, schema, ...approve } } },
            { id: "pay", action: { tool: { name: "pay" } } },
          ],
        },
      },
    },
    runs,
    more: {
      agents: ["a", "b"].map((name) => ({
        ...agentOf(name, [toolDependency("refund")]),
        version: "1",
      })),
    },
    backend: ({ name }) => value({ [String(name)]: 1 }),
  })
  const called = () => made.requests.map(({ name }) => name)
  /** As an operator would. */
  const answer = async (given: PersonsAnswer, path = "ask") => {
    const { gateway } = made
    const [run] = await made.runs.durable.journal.list({ max: 1 })
    const { schemas } = gateway
    return answerRun(
      made.runs.durable,
      { id: run?.id ?? "", path, answer: given, schemas },
      (record, plan) => recoveredOrigin(record, plan, gateway, callInside),
    )
  }
  return { ...made, called, answer }
}

const rounds = (more: Partial<RoundsRespondent> = {}): Partial<CallRequest> => ({
  respondent: { kind: "rounds", capabilities, responses: undefined, state: undefined, ...more },
})

const stateIn = (answer: Answer) => String(resultIn(answer)["requestState"])

/** A modern caller's answer to what it was asked. */
const back = (asked: Answer, response: JsonObject) =>
  rounds({ state: stateIn(asked), responses: { "approve:ask": response } })

const accepted = { action: "accept", content: { note: "ok" } }

/** A client that is asked while its request is open. */
function live(respond: (question: Question) => void): Partial<CallRequest> {
  const respondent: LiveRespondent = { kind: "live", session: "s", capabilities, put: respond }
  return { era: "legacy", respondent }
}

const brief = { limits: { runHold: 0 } }

/** Calls until its run waits for a person: it may be on its way there yet when a call that holds for no time is answered. */
const untilWaiting = <T extends Parameters<typeof runIn>[0]>(call: () => Promise<T>): Promise<T> =>
  vi.waitFor(
    async () => {
      const told = await call()
      expect(runIn(told)).toMatchObject({ status: "waiting" })
      return told
    },
    { interval: 1, timeout: 5_000 },
  )

describe("a modern caller", () => {
  test("is asked by the result, with a state, and gets the result when it comes back with the answer", async () => {
    const { call, called, records } = world()
    const asked = await call("refund", { order: 7 }, rounds())
    expect(resultIn(asked)).toMatchObject({
      resultType: "input_required",
      inputRequests: {
        "approve:ask": {
          method: "elicitation/create",
          params: { message: "Refund 7?", requestedSchema: schema },
        },
      },
    })
    expect(called()).toEqual(["book"])
    const answer = await call("refund", { order: 7 }, back(asked, accepted))
    expect(valueIn(answer)).toMatchObject({ ask: { note: "ok" }, pay: { pay: 1 } })
    expect(called()).toEqual(["book", "pay"])
    expect(records.at(-1)?.note).toMatchObject({ accept: "ask" })
  })

  test.each(["decline", "cancel"])("that answers %s has all undone", async (action) => {
    const { call, called } = world()
    const asked = await call("refund", { order: 7 }, rounds())
    const answer = await call("refund", { order: 7 }, back(asked, { action }))
    expect(textIn(answer)).toMatch(/refund failed at step ask: .* \[declined\]/)
    expect(runIn(answer)).toMatchObject({ status: "compensated" })
    expect(called()).toEqual(["book", "unbook"])
  })

  test("is not heard with a state that was changed, or is another caller's, or for other arguments", async () => {
    const { call, called } = world()
    const asked = await call("refund", { order: 7 }, rounds())
    const given = back(asked, accepted)
    const other = { evidence: evidence({ agentName: "b", agentVersion: "1" }) }
    const tampered = rounds({ state: `${stateIn(asked)}x`, responses: { "approve:ask": accepted } })
    for (const [args, more] of [
      [{ order: 7 }, tampered],
      [{ order: 8 }, given],
      [{ order: 7, x: 1 }, given],
      [{ order: 7 }, { ...given, ...other }],
    ] as const)
      expect(await call("refund", args, more)).toMatchObject({ refusal: { code: "invalid_round" } })
    expect(called()).toEqual(["book"])
    expect(valueIn(await call("refund", { order: 7 }, given))).toBeDefined()
  })

  test("answers once: the same state a second time changes nothing", async () => {
    const { call, called } = world()
    const asked = await call("refund", { order: 7 }, rounds())
    const [first, second] = await Promise.all([
      call("refund", { order: 7 }, back(asked, accepted)),
      call("refund", { order: 7 }, back(asked, { action: "decline" })),
    ])
    expect(valueIn(first)).toEqual(valueIn(second))
    const third = await call("refund", { order: 7 }, back(asked, { action: "decline" }))
    expect(runIn(third)).toMatchObject({ status: "completed", replayed: true })
    expect(called()).toEqual(["book", "pay"])
  })

  test("that answers what was not asked for is told so, and may answer again", async () => {
    const { call, called } = world()
    const asked = await call("refund", { order: 7 }, rounds())
    for (const response of [{ action: "accept", content: { note: 7 } }, { action: "maybe" }])
      expect(await call("refund", { order: 7 }, back(asked, response))).toMatchObject({
        refusal: { code: "invalid_round" },
      })
    const again = await call("refund", { order: 7 }, rounds({ state: stateIn(asked) }))
    expect(resultIn(again)).toMatchObject({ resultType: "input_required" })
    await call("refund", { order: 7 }, back(again, accepted))
    expect(called()).toEqual(["book", "pay"])
  })

  test("that calls again is asked again, by whatever name the run has", async () => {
    const { call } = world()
    await call("refund", { order: 7 }, rounds())
    const again = await call("refund", { order: 7 }, rounds())
    expect(resultIn(again)).toMatchObject({ resultType: "input_required" })
    expect(runIn(await call("refund", { order: 7 }, back(again, accepted)))).toMatchObject({
      status: "completed",
    })
  })
})

describe("a legacy caller", () => {
  test("is asked on its open request", async () => {
    const asked: Question[] = []
    const { call, called } = world()
    const answer = await call(
      "refund",
      { order: 7 },
      live((question) => {
        asked.push(question)
        question.settle({ kind: "result", result: accepted })
      }),
    )
    expect(valueIn(answer)).toMatchObject({ ask: { note: "ok" } })
    expect(asked.map((one) => one.asked)).toMatchObject([
      { method: "elicitation/create", params: { message: "Refund 7?", requestedSchema: schema } },
    ])
    expect(called()).toEqual(["book", "pay"])
  })

  test("hears that somebody else has answered", async () => {
    let withdrawn = 0
    const shown = Promise.withResolvers<void>()
    const { call, answer } = world()
    const waiting = call(
      "refund",
      { order: 7 },
      live((question) => {
        question.onWithdrawn = () => void withdrawn++
        shown.resolve()
      }),
    )
    await shown.promise
    expect(await answer({ action: "accept", who: "op", content: { note: "x" } })).toMatchObject({
      is: "taken",
    })
    expect(valueIn(await waiting)).toMatchObject({ ask: { note: "x" } })
    expect(withdrawn).toBe(1)
  })

  test("that cancels has all undone", async () => {
    const cancellation = new Cancellation()
    const { call, runs, called } = world()
    const gone = await call(
      "refund",
      { order: 7 },
      { ...live(() => cancellation.cancel()), cancellation },
    )
    expect(gone).toMatchObject({ refusal: { code: "cancelled" } })
    const [run] = await runs.durable.journal.list({ max: 1 })
    await runs.durable.live(run?.id ?? "")?.ended
    expect(called()).toEqual(["book", "unbook"])
  })
})

describe("a run that its caller cannot answer", () => {
  test.each([
    ["whose client cannot be asked", {}],
    ["whose client can be asked no forms", rounds({ capabilities: { elicitation: { url: {} } } })],
  ])("%s waits, and is answered by an operator", async (_, more) => {
    const { call, called, answer } = world({}, brief)
    const told = await untilWaiting(() => call("refund", { order: 7 }, more))
    expect(textIn(told)).toMatch(
      /waits for .*\n.*Call it again with the same arguments, from a client/,
    )
    expect(called()).toEqual(["book"])
    const content = { note: "x" }
    expect(await answer({ action: "accept", who: "op", content: { note: 1 } })).toMatchObject({
      is: "misfit",
    })
    expect(await answer({ action: "accept", who: "op", content }, "pay")).toEqual({ is: "over" })
    const taken = await answer({ action: "accept", who: "op", content })
    expect(taken.is === "taken" && (await taken.live.ended).status).toBe("completed")
    expect(await answer({ action: "decline", who: "op" })).toEqual({ is: "over" })
    expect(valueIn(await call("refund", { order: 7 }, more))).toMatchObject({ ask: content })
    expect(called()).toEqual(["book", "pay"])
  })

  test("counts among those that its caller may have open, until it has ended", async () => {
    const { call, answer } = world({}, { limits: { runHold: 0, runsOpenPerCaller: 1 } })
    const other = { evidence: evidence({ agentName: "b", agentVersion: "1" }) }
    await untilWaiting(() => call("refund", { order: 1 }))
    expect(textIn(await call("refund", { order: 2 }))).toMatch(/limits\.runsOpenPerCaller/)
    await untilWaiting(() => call("refund", { order: 1 }))
    const taken = await answer({ action: "decline", who: "op" })
    expect(taken.is === "taken" && (await taken.live.ended).status).toBe("compensated")
    await untilWaiting(() => call("refund", { order: 2 }))
    await untilWaiting(() => call("refund", { order: 3 }, other))
  })

  test("has an id of its agent alone where the configuration says so", async () => {
    const other = { evidence: evidence({ agentName: "b", agentVersion: "1" }) }
    const shared = world({}, brief)
    await shared.call("refund", { order: 1 })
    expect(textIn(await shared.call("refund", { order: 1 }, other))).toMatch(/by this caller/)
    const apart = world({}, { ...brief, state: { runIds: "agent" } })
    const [first, second] = [
      runIn(await apart.call("refund", { order: 1 })),
      runIn(await apart.call("refund", { order: 1 }, other)),
    ]
    expect(first.id).not.toBe(second.id)
    expect(runIn(await apart.call("refund", { order: 1 }))).toMatchObject({ id: first.id })
  })

  test("goes back when nobody has answered in time", async () => {
    const { call, called, runs, gateway } = world({ timeoutMs: 1 }, brief)
    await call("refund", { order: 7 })
    const [run] = await runs.durable.journal.list({ max: 1 })
    const id = run?.id ?? ""
    await expect.poll(() => runs.durable.due).toEqual([id])
    expect(runs.durable.isLookedAfter(id)).toBe(false)
    const resumed = await runs.durable.resume(id, (record, plan) =>
      recoveredOrigin(record, plan, gateway, callInside),
    )
    expect((await resumed?.ended)?.status).toBe("compensated")
    expect(called()).toEqual(["book", "unbook"])
  })
})
