import { describe, expect, test, vi } from "vitest"
import { callInside } from "../../../src/call/call.ts"
import { recoveredOrigin } from "../../../src/call/composition/durable/recovered.ts"
import type { LiveRespondent } from "../../../src/call/interaction/peer.ts"
import { JournalTrouble } from "../../../src/compose/run/durable/journal.ts"
import type { JsonObject } from "../../../src/schema/json.ts"
import { failing, resultIn, runIn } from "../../support/composed.ts"
import { evidence } from "../../support/evidence.ts"
import { rounds, taskIn, runTasksWorld as world } from "../../support/run-tasks.ts"

describe("a modern caller that takes tasks", () => {
  test("has a task of a run that takes longer, and finds its result there", async () => {
    const { begin, hold, tasks, ended, runs } = world()
    const pay = hold("pay")
    const created = await begin("order")
    const id = taskIn(created)
    expect(created).toMatchObject({
      resultType: "task",
      status: "working",
      statusMessage: "order is under way",
      pollIntervalMs: 1000,
    })
    expect(created["ttlMs"]).toBeGreaterThanOrEqual(runs.retentionMs)
    expect(new Date(String(created["createdAt"])).toISOString()).toBe(created["createdAt"])
    expect(resultIn(await tasks("get", id))).toMatchObject({ taskId: id, status: "working" })
    pay.resolve()
    expect(await ended(id)).toBe("completed")
    const got = resultIn(await tasks("get", id))
    expect(got).toMatchObject({
      ...{ resultType: "complete", taskId: id, status: "completed" },
      result: { structuredContent: { ship: { ship: 1 } } },
    })
    expect(Object(got["result"])["_meta"]["dev.postern/run"]).toMatchObject({ id })
  })

  test("has the result itself of a run that is done in time", async () => {
    const { begin } = world({ taskAfterMs: 60_000 })
    expect(await begin("order")).toMatchObject({ structuredContent: { ship: { ship: 1 } } })
  })

  test("has a failed run as a completed task with isError", async () => {
    const { begin, hold, tasks, ended } = world({ answers: { pay: failing("no money") } })
    const pay = hold("pay")
    const id = taskIn(await begin("order"))
    pay.resolve()
    expect(await ended(id)).toBe("compensated")
    expect(resultIn(await tasks("get", id))).toMatchObject({
      ...{ status: "completed", result: { isError: true } },
    })
  })

  test("is asked by the result as long as there is no task, and then through the task", async () => {
    const { begin, hold, tasks, ended, called, records } = world()
    const book = hold("book")
    const id = taskIn(await begin("refund"))
    book.resolve()
    expect(await ended(id)).toBe("waiting")
    expect(await begin("refund")).toMatchObject({ resultType: "input_required" })
    const asked = resultIn(await tasks("get", id))
    expect(asked).toMatchObject({
      status: "input_required",
      inputRequests: {
        "approve:ask": { method: "elicitation/create", params: { message: "Refund it?" } },
      },
      pollIntervalMs: 1000,
    })
    const say = (responses: JsonObject) =>
      tasks("update", id, { respondent: rounds({ responses }) })
    expect(await say({ "approve:ask": { action: "maybe" } })).toMatchObject({
      refusal: { code: "invalid_round" },
    })
    const hostile = JSON.parse('{"__proto__": {"approve:ask": {"action": "accept"}}}')
    const others = [{}, { "approve:pay": { action: "accept" } }, { "approve:ask": null }, hostile]
    for (const other of others)
      expect(await say(other)).toEqual({ kind: "result", result: { resultType: "complete" } })
    expect(called()).toEqual(["book"])
    const [first, second] = await Promise.all([
      say({ "approve:ask": { action: "accept", content: {} } }),
      say({ "approve:ask": { action: "decline" } }),
    ])
    expect([first.kind, second.kind]).toEqual(["result", "result"])
    await ended(id)
    expect(resultIn(await tasks("get", id))).toMatchObject({ status: "completed" })
    expect(called()).toEqual(["book", "pay"])
    expect(records.map(({ note }) => note?.["accept"])).toContain("ask")
    expect(records.at(-1)).toMatchObject({ method: "tasks/get", note: { run: id } })
  })

  test("that cannot be asked has a task that says so, and no questions", async () => {
    const { begin, tasks } = world({ taskAfterMs: 60_000 })
    const extensions = { "io.modelcontextprotocol/tasks": {} }
    const respondent = rounds({ capabilities: { extensions } })
    const created = await begin("refund", { respondent })
    expect(created).toMatchObject({
      ...{ resultType: "task", status: "working" },
      statusMessage: "refund waits for an operator, or a person whom this client cannot ask",
      pollIntervalMs: 5000,
    })
    const id = taskIn(created)
    const got = resultIn(await tasks("get", id, { respondent }))
    expect(got).not.toHaveProperty("inputRequests")
    expect(resultIn(await tasks("get", id))).toMatchObject({ status: "input_required" })
  })

  test("cancels it: what is under way ends, all is undone, and the task is cancelled", async () => {
    const { begin, hold, begun, tasks, ended, called } = world()
    const book = hold("book")
    const id = taskIn(await begin("refund"))
    await begun("book")
    for (let times = 0; times < 2; times++)
      expect(resultIn(await tasks("cancel", id))).toEqual({ resultType: "complete" })
    expect(resultIn(await tasks("get", id))).toMatchObject({ status: "working" })
    book.resolve()
    expect(await ended(id)).toBe("compensated")
    const got = resultIn(await tasks("get", id))
    expect(got).toMatchObject({ status: "cancelled" })
    expect(got).not.toHaveProperty("result")
    expect(called()).toEqual(["book", "unbook"])
    expect(resultIn(await tasks("cancel", id))).toEqual({ resultType: "complete" })
  })

  test("cancels what waits for a person", async () => {
    const { begin, tasks, ended, called } = world({ taskAfterMs: 60_000 })
    const capabilities = { extensions: { "io.modelcontextprotocol/tasks": {} } }
    const id = taskIn(await begin("refund", { respondent: rounds({ capabilities }) }))
    await tasks("cancel", id)
    await ended(id)
    expect(resultIn(await tasks("get", id))).toMatchObject({ status: "cancelled" })
    expect(called()).toEqual(["book", "unbook"])
  })

  test("cancels it in the moment that it asks, while something else is still under way", async () => {
    const { begin, hold, begun, tasks, ended, called, runs, gateway } = world()
    const pay = hold("pay")
    const id = taskIn(await begin("beside"))
    await begun("pay")
    const { durable } = runs
    const kinds = async () => (await durable.journal.events(id)).map(({ kind }) => kind)
    await expect.poll(kinds).toContain("ask")
    await tasks("cancel", id)
    pay.resolve()
    expect(await ended(id)).toBe("waiting")
    expect(durable.due).toEqual([id]) // for the keeper, which goes on with it
    const resumed = await durable.resume(id, (record, plan) =>
      recoveredOrigin(record, plan, gateway, callInside),
    )
    expect((await resumed?.ended)?.status).toBe("compensated")
    expect(resultIn(await tasks("get", id))).toMatchObject({ status: "cancelled" })
    expect(called()).toEqual(["pay", "unpay"])
  })

  test("cancels what no saga undoes, and it goes no further", async () => {
    const { begin, tasks, ended, called } = world({ taskAfterMs: 60_000 })
    const capabilities = { extensions: { "io.modelcontextprotocol/tasks": {} } }
    const id = taskIn(await begin("quote", { respondent: rounds({ capabilities }) }))
    await tasks("cancel", id)
    expect(await ended(id)).toBe("failed")
    expect(resultIn(await tasks("get", id))).toMatchObject({ status: "cancelled" })
    expect(called()).toEqual(["book"])
  })

  test("cancels nothing that is past its point of no return", async () => {
    const { begin, hold, begun, tasks, ended, called } = world()
    const ship = hold("ship")
    const id = taskIn(await begin("order"))
    await begun("ship")
    expect(resultIn(await tasks("cancel", id))).toEqual({ resultType: "complete" })
    ship.resolve()
    expect(await ended(id)).toBe("completed")
    expect(resultIn(await tasks("get", id))).toMatchObject({ status: "completed" })
    expect(called()).toEqual(["book", "pay", "ship"])
  })

  test("hears that it goes back already as soon as that is in the journal, and not when it has", async () => {
    const { begin, hold, begun, tasks, runs, ended } = world({ answers: { pay: failing("no") } })
    const [book, pay, unbook] = [hold("book"), hold("pay"), hold("unbook")]
    const id = taskIn(await begin("refund"))
    book.resolve()
    await ended(id)
    const responses = { "approve:ask": { action: "accept", content: {} } }
    await tasks("update", id, { respondent: rounds({ responses }) })
    await begun("pay")
    const { journal } = runs.durable
    const append = journal.append.bind(journal)
    const [reached, written] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    vi.spyOn(journal, "append").mockImplementation(async (...args) => {
      reached.resolve()
      await written.promise
      return append(...args)
    })
    pay.resolve()
    await reached.promise
    const cancelled = tasks("cancel", id)
    await new Promise(setImmediate) // it has looked into the journal, if it does
    written.resolve()
    await begun("unbook")
    expect(resultIn(await cancelled)).toEqual({ resultType: "complete" })
    unbook.resolve()
    expect(await ended(id)).toBe("compensated")
  })

  test("is asked to come again while its cancellation cannot be written", async () => {
    const { begin, hold, begun, tasks, runs, ended } = world()
    const book = hold("book")
    const id = taskIn(await begin("order"))
    await begun("book")
    const { journal } = runs.durable
    const trouble = new JournalTrouble("the disk is full", { kind: "full" })
    Object.defineProperty(journal, "trouble", { value: trouble, writable: true })
    expect(await tasks("cancel", id)).toMatchObject({ refusal: { code: "overloaded" } })
    Object.defineProperty(journal, "trouble", { value: undefined })
    expect(resultIn(await tasks("cancel", id))).toEqual({ resultType: "complete" })
    book.resolve()
    expect(await ended(id)).toBe("compensated")
  })

  test("has its cancellation in the journal before it is told so", async () => {
    const { begin, hold, begun, tasks, runs, called } = world()
    hold("book")
    const id = taskIn(await begin("refund"))
    await begun("book")
    await tasks("cancel", id)
    const { durable } = runs
    await durable.close(0) // as if the process ended
    const events = await durable.journal.events(id)
    expect(events.map(({ kind }) => kind)).toEqual(["intent", "cancel"])
    expect(called()).toEqual(["book"])
  })
})

describe("a task id", () => {
  test.each([
    ["that is none", "x"],
    ["that is empty", ""],
    ["of no run", "AAAAAAAAAAAAAAAAAAAAAA"],
    ["with more to it", "AAAAAAAAAAAAAAAAAAAAAA\n"],
    ["that is long", "A".repeat(100_000)],
    ["with a NUL", "\0".repeat(22)],
    ["like a member of every object", "__proto__"],
    ["like SQL", "' OR 1=1 --            "],
  ])("%s is unknown, whatever is asked", async (_, id) => {
    const { tasks, begin } = world({ taskAfterMs: 60_000 })
    await begin("order")
    for (const method of ["get", "update", "cancel"])
      expect(await tasks(method, id)).toMatchObject({ refusal: { code: "unknown_task" } })
  })

  test("of somebody else's run is as unknown as one of none", async () => {
    const { tasks, begin, called } = world({ taskAfterMs: 60_000 })
    const capabilities = { extensions: { "io.modelcontextprotocol/tasks": {} } }
    const id = taskIn(await begin("refund", { respondent: rounds({ capabilities }) }))
    const other = { evidence: evidence({ agentName: "b", agentVersion: "1" }) }
    for (const method of ["get", "update", "cancel"])
      expect(await tasks(method, id, other)).toMatchObject({ refusal: { code: "unknown_task" } })
    expect(resultIn(await tasks("get", id))).toMatchObject({ status: "input_required" })
    expect(called()).toEqual(["book"])
  })
})

describe("a legacy caller that asks for a task", () => {
  const nobody: LiveRespondent = {
    kind: "live",
    session: "s",
    capabilities: { elicitation: {} },
    put(question) {
      question.settle({ kind: "result", result: { action: "accept", content: {} } })
    },
  }
  const legacy = { era: "legacy", respondent: nobody } as const

  test("has one at once, and waits for its result, asked and told meanwhile", async () => {
    const { begin, tasks, called } = world({ taskAfterMs: 60_000 })
    const id = taskIn(await begin("refund", { ...legacy, task: {} }))
    const told: JsonObject[] = []
    const onNotification = (one: JsonObject) => void told.push(one)
    const meta = { progressToken: "p" }
    const answer = await tasks("result", id, { ...legacy, onNotification, meta })
    expect(runIn(answer)).toMatchObject({ id, status: "completed" })
    expect(resultIn(answer)["_meta"]).toMatchObject({
      "io.modelcontextprotocol/related-task": { taskId: id },
    })
    expect(called()).toEqual(["book", "pay"])
    expect(resultIn(await tasks("get", id, legacy))).toMatchObject({ status: "completed" })
  })

  test("hears in an error why there is none", async () => {
    const { begin, call } = world({ taskAfterMs: 60_000 })
    await begin("order", { ...legacy, task: {} })
    const other = await call("order", { order: 7, more: 1 }, { ...legacy, task: {} })
    expect(other).toMatchObject({
      error: {
        code: -32603,
        message: expect.stringMatching(/was called with this id before/),
        data: { "dev.postern/refusal": { code: "run_conflict" } },
      },
    })
  })

  test("has it cancelled from then on, also while it goes back", async () => {
    const { begin, hold, begun, tasks, ended } = world()
    const book = hold("book")
    const id = taskIn(await begin("refund", { ...legacy, task: {} }))
    await begun("book")
    const cancelled = resultIn(await tasks("cancel", id, legacy))
    expect(cancelled).toMatchObject({ taskId: id, status: "cancelled" })
    expect(cancelled).toHaveProperty("ttl")
    expect(resultIn(await tasks("get", id, legacy))).toMatchObject({ status: "cancelled" })
    book.resolve()
    await ended(id)
    expect(resultIn(await tasks("get", id, legacy))).toMatchObject({ status: "cancelled" })
    expect(await tasks("cancel", id, legacy)).toMatchObject({ error: { code: -32602 } })
  })
})
