import { expect, test } from "vitest"
import { tasksExtension } from "../../../src/call/interaction/capabilities.ts"
import { MemoryRates } from "../../../src/call/limits/memory-rates.ts"
import { RateLimits } from "../../../src/call/limits/rate-limits.ts"
import { askTask } from "../../../src/call/tasks/ask-task.ts"
import { followTask } from "../../../src/call/tasks/follow-task.ts"
import type { JsonObject } from "../../../src/schema/json.ts"
import { settleRates } from "../../../src/server/config/settle-rates.ts"
import { sketchCatalog } from "../../support/catalog.ts"
import { evidence } from "../../support/evidence.ts"
import { eventually } from "../../support/face-stream.ts"
import { done, sketchGateway } from "../../support/gateway.ts"
import { resultsOf } from "../../support/rules.ts"

const agents = { "a@1": ["job@1"], "b@1": ["job@1"] }
const catalog = sketchCatalog({ agents, tools: { "job@1": {} } })
const withoutJob = sketchCatalog({ agents: { "a@1": [] }, tools: { "job@1": {} } })

type RateFile = Parameters<typeof settleRates>[0]

/** A task of agent `a`, which its server says is so, one after the other and the last again. */
const world = (...states: readonly JsonObject[]) => under({}, ...states)

async function under(
  { rates = [], results = {} }: { rates?: RateFile; results?: Parameters<typeof resultsOf>[0] },
  ...states: readonly JsonObject[]
) {
  const counted = settleRates(rates, (_, words) => {
    throw new Error(words)
  })
  let current = catalog
  const left = [...states]
  const said: unknown[] = []
  const { gateway, records, requests } = sketchGateway(catalog, {
    gateway: {
      catalog: () => current,
      results: resultsOf(results),
      rates: new RateLimits(counted, new MemoryRates(100, Date.now), () => {}),
    },
    backend: () => {
      const state = (left.length > 1 ? left.shift() : left[0]) ?? {}
      return done({ resultType: "complete", taskId: "own", pollIntervalMs: 1, ...state })
    },
  })
  const shown = (agentName: string) => evidence({ agentName, agentVersion: "1" })
  const caller = await gateway.identify(shown("a"), catalog)
  if (!caller.ok) throw new Error("nobody knows it")
  const taskId = gateway.interactions.taskIds.seal({
    principal: caller.value.principal,
    tool: "job",
    server: "server@1.0.0",
    id: "own",
    era: "modern",
    capabilities: undefined,
    session: undefined,
  })
  const about = (agent: string) => ({
    era: "modern" as const,
    evidence: shown(agent),
    trace: undefined,
    taskId,
    meta: undefined,
    onNotification: undefined,
    respondent: {
      kind: "rounds" as const,
      capabilities: { extensions: { [tasksExtension]: {} } },
      responses: undefined,
      state: undefined,
    },
  })
  const tell = ({ taskId: id, status }: JsonObject) => void said.push([id === taskId, status])
  const follow = (agent = "a") => followTask({ ...about(agent), tell }, gateway)
  const answer = (method: string) =>
    askTask({ ...about("a"), method, params: {}, cancellation: undefined }, gateway)
  const ask = async (method: string) => {
    const reply = await answer(method)
    return reply.kind === "refusal" ? reply.refusal.code : reply.kind
  }
  const reload = () => {
    current = withoutJob
  }
  return { answer, ask, follow, records, reload, requests, said }
}

test("a task is told of when it is another thing, until it is over, with one record", async () => {
  const { follow, records, requests, said } = await world(
    { status: "working" },
    { status: "working" },
    { status: "working", statusMessage: "half" },
    { status: "completed", result: { content: [] } },
  )
  expect(await follow().agreed).toBe(true)
  await eventually(() => said).toEqual([
    [true, "working"],
    [true, "working"],
    [true, "completed"],
  ])
  expect(requests).toHaveLength(4)
  expect(records).toHaveLength(1)
})

test("nobody else is told of it, and its server is not asked", async () => {
  const { follow, requests, said } = await world({ status: "working" })
  expect(await follow("b").agreed).toBe(false)
  expect([requests.length, said.length]).toEqual([0, 0])
})

test("it is told of no more when its caller may not use its tool any more", async () => {
  const { follow, reload, requests, said } = await world(
    { status: "working" },
    { status: "completed", result: { content: [] } },
  )
  expect(await follow().agreed).toBe(true)
  reload()
  const again = await world({ status: "working" }) // meanwhile another one is looked at several times
  const following = again.follow()
  await eventually(() => again.requests.length).toBeGreaterThan(2)
  following.end()
  expect([requests.length, said]).toEqual([1, [[true, "working"]]])
})

test.each<[string, RateFile[number]]>([
  ["its agent", { agent: "a", quota: "2/d" }],
  ["its server", { server: "server", quota: "2/d" }],
])("what is asked about a task counts for %s; to cancel it does not", async (_, rule) => {
  const { ask, follow, requests, said } = await under({ rates: [rule] }, { status: "working" })
  const following = follow() // which counts once, however often the gateway looks
  await following.agreed
  expect(await ask("tasks/get")).toBe("result")
  expect(await ask("tasks/get")).toBe("rate_limited")
  await eventually(() => requests.length).toBeGreaterThan(4)
  following.end()
  expect(await ask("tasks/cancel")).toBe("result")
  expect(await ask("tasks/update")).toBe("rate_limited")
  expect(said).toEqual([[true, "working"]])
})

test.each<[string, JsonObject, JsonObject]>([
  [
    "its result",
    { status: "completed", result: { content: [{ type: "text", text: "a@b.co" }] } },
    { result: { content: [{ text: "[redacted]" }] } },
  ],
  [
    "the error it failed with",
    { status: "failed", error: { code: 1, message: "no a@b.co", data: ["a@b.co"] } },
    { error: { code: 1, message: "no [redacted]", data: ["[redacted]"] } },
  ],
])("what a task came to is redacted: %s, and the audit says so", async (_, state, left) => {
  const results = { redact: [{ id: "mails", detect: ["email" as const] }] }
  const { answer, records } = await under({ results }, state)
  expect(await answer("tasks/get")).toMatchObject({ kind: "result", result: left })
  expect(records).toMatchObject([{ warnings: ["redacted: mails"] }])
})

test.each<JsonObject>([
  { status: "completed", result: ["a@b.co"] },
  { status: "failed", error: "a@b.co" },
  { status: "failed", error: { code: "1", message: "a@b.co" } },
])("what is neither a result nor an error is not passed on: %j", async (state) => {
  const { answer } = await world(state)
  expect(await answer("tasks/get")).toMatchObject({ refusal: { code: "backend_error" } })
})
