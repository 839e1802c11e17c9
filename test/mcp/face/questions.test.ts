import { describe, expect, test } from "vitest"
import type { BackendReply, BackendRequest } from "../../../src/call/backends.ts"
import type { InteractionLimits } from "../../../src/call/interaction/limits.ts"
import type { QuestionAnswer } from "../../../src/call/interaction/question.ts"
import { type FakeBackend, fakeGateway } from "../../support/face-gateway.ts"
import {
  as,
  ask,
  faceServer,
  http,
  initialize,
  json,
  legacy,
  modern,
  opened,
  post,
  posting,
} from "../../support/face-server.ts"
import { eventually } from "../../support/face-stream.ts"
import { testInteractions } from "../../support/interactions.ts"

const sketch = {
  tools: { "echo@1": {}, "other@1": {} },
  agents: { "reader@1": ["echo@1", "other@1"], "writer@1": ["echo@1"] },
}
const able = { elicitation: { form: {}, url: {} }, sampling: {} }
const form = { method: "elicitation/create", params: { mode: "form", message: "Who?" } }
const reply = (text: string): BackendReply => ({
  kind: "result",
  result: { content: [{ type: "text", text }] },
})

/** A legacy server: asks while the call is open, and tells what it was answered. */
const asking: FakeBackend = async ({ peer }) => {
  const answer = await peer?.ask(form).answer
  return reply(JSON.stringify(answer ?? null))
}

async function open(backend: FakeBackend, limits: Partial<InteractionLimits> = {}) {
  const clock = { now: Date.now() }
  const gateway = {
    ...fakeGateway(sketch, backend),
    interactions: testInteractions(limits, () => clock.now),
  }
  const { port } = await faceServer(gateway)
  const call = async (more: object = {}, agent = "reader@1") => {
    const _meta = { "io.modelcontextprotocol/clientCapabilities": able }
    const params = { name: "echo", arguments: { n: 1 }, _meta, ...more }
    const { text, status } = await ask(port, agent, "tools/call", params)
    return { status, ...JSON.parse(text) }
  }
  return { call, clock, gateway, port }
}

const accept = (key: string) => ({ [key]: { action: "accept", content: { name: "ann" } } })
const stale = { error: { code: -32602, message: expect.stringContaining("requestState") } }

describe("a modern caller that is asked by a legacy server", () => {
  test("is told in a result, with who asks, and comes back to the same call", async () => {
    const { call, gateway } = await open(asking)
    const first = await call()
    const { inputRequests, requestState } = first.result
    expect(first.result).toMatchObject({ resultType: "input_required" })
    const asker = expect.stringMatching(/@1$|^[a-z]+/)
    expect(inputRequests).toEqual({
      q1: {
        method: "elicitation/create",
        params: { mode: "form", message: "Who?", _meta: { "dev.postern/server": asker } },
      },
    })
    const told = await call({ requestState, inputResponses: accept("q1") })
    expect(told.result.content[0].text).toContain('"name":"ann"')
    expect(gateway.calls).toHaveLength(1) // the call was made once
    expect(gateway.interactions.held).toBe(0)
  })

  test("is asked again for what it left out, and told what it got wrong", async () => {
    const { call } = await open(asking)
    const { requestState } = (await call()).result
    const wrong = { q1: { action: "perhaps" } }
    expect(await call({ requestState, inputResponses: wrong })).toMatchObject({
      error: { code: -32602, message: expect.stringContaining("inputResponses.q1") },
    })
    const again = await call({ requestState, inputResponses: { unknown: {} } })
    expect(again.result).toMatchObject({ resultType: "input_required" })
    const next = again.result.requestState
    expect(await call({ requestState, inputResponses: accept("q1") })).toMatchObject(stale)
    const told = await call({ requestState: next, inputResponses: accept("q1") })
    expect(told).toMatchObject({ result: { resultType: "complete" } })
  })

  test("that does not come back leaves nothing behind: the server is answered, its call cancelled", async () => {
    let answer: QuestionAnswer | undefined
    const cancelled = Promise.withResolvers<void>()
    const { call, gateway } = await open(
      async ({ peer, cancellation }) => {
        cancellation?.listen({ cancelled: () => cancelled.resolve() })
        answer = await peer?.ask(form).answer
        await cancelled.promise
        return reply("nobody reads this")
      },
      { questionMs: 60 },
    )
    const { requestState } = (await call()).result
    await cancelled.promise
    await eventually(() => answer).toMatchObject({ kind: "unanswered" })
    expect(gateway.interactions.held).toBe(0)
    expect(await call({ requestState, inputResponses: accept("q1") })).toMatchObject(stale)
    expect(gateway.calls).toHaveLength(1)
  })

  test("cannot use what is another's, another call's, changed or too old", async () => {
    const { call, clock } = await open(asking)
    const { requestState } = (await call()).result
    const inputResponses = accept("q1")
    expect(await call({ requestState, inputResponses }, "writer@1")).toMatchObject(stale)
    expect(await call({ requestState, inputResponses, name: "other" })).toMatchObject(stale)
    expect(await call({ requestState, inputResponses, arguments: { n: 2 } })).toMatchObject(stale)
    expect(await call({ requestState: `${requestState}x`, inputResponses })).toMatchObject(stale)
    clock.now += 3_600_000
    expect(await call({ requestState, inputResponses })).toMatchObject(stale)
  })

  test("has no more calls waiting for it than it may", async () => {
    const { call } = await open(asking, { heldPerCallerMax: 1 })
    await call()
    const refused = await call()
    expect(refused.result.content[0].text).toContain("too many requests wait for answers")
    const another = await call({}, "writer@1")
    expect(another.result).toMatchObject({ resultType: "input_required" })
  })

  test("that hangs up before it is asked has cancelled", async () => {
    const heard = Promise.withResolvers<void>()
    const began = Promise.withResolvers<void>()
    const { port } = await open(async ({ cancellation }) => {
      cancellation?.listen({ cancelled: () => heard.resolve() })
      began.resolve()
      await heard.promise
      return reply("late")
    })
    const _meta = { "io.modelcontextprotocol/clientCapabilities": able }
    const { message, headers } = modern("tools/call", { name: "echo", _meta })
    const away = new AbortController()
    const request = posting(message, {
      ...headers,
      "x-agent-name": "reader",
      "x-agent-version": "1",
    })
    const gone = opened(port, { ...request, signal: away.signal }).catch(() => "gone")
    await began.promise
    away.abort()
    await heard.promise
    expect(await gone).toBe("gone")
  })
})

test("a session that has ended is asked nothing by what it began", async () => {
  const [entered, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const { port } = await open(async (request) => {
    entered.resolve()
    await held.promise
    return asking(request)
  })
  const greeting = initialize()
  const begun = await post(
    port,
    { ...greeting, params: { ...greeting.params, capabilities: able } },
    as("reader@1"),
  )
  const headers = { ...as("reader@1"), "mcp-session-id": String(begun.headers["mcp-session-id"]) }
  const called = post(port, legacy("tools/call", { name: "echo" }), headers)
  await entered.promise
  await http(port, { method: "DELETE", headers })
  held.resolve()
  expect((await called).text).toContain("session is over")
})

test("a question that is longer than a stream carries is not asked, and its server is told so", async () => {
  const long = { method: "elicitation/create", params: { message: "x".repeat(600_000) } }
  const { port } = await open(async ({ peer }) =>
    reply(JSON.stringify(await peer?.ask(long).answer)),
  )
  const greeting = initialize()
  const params = { ...greeting.params, capabilities: able }
  const begun = await post(port, { ...greeting, params }, as("reader@1"))
  const headers = { ...as("reader@1"), "mcp-session-id": String(begun.headers["mcp-session-id"]) }
  const told = await post(port, legacy("tools/call", { name: "echo" }), headers)
  expect(json(told)).toMatchObject({
    result: { content: [{ text: expect.stringContaining("limits.streamBufferBytes") }] },
  })
})

describe("what a server may ask", () => {
  const answers = async (asked: readonly object[], limits: Partial<InteractionLimits> = {}) => {
    const backend: FakeBackend = async ({ peer }: BackendRequest) => {
      const questions = (asked as (typeof form)[]).map((one) => peer?.ask(one))
      const open = questions.filter((question) => question?.isOver === false)
      for (const question of open) question?.withdraw("enough")
      const said = await Promise.all(questions.map((question) => question?.answer))
      return reply(said.map((one) => (one?.kind === "unanswered" ? one.reason : "?")).join("\n"))
    }
    const { call } = await open(backend, limits)
    return (await call()).result.content[0].text.split("\n")
  }

  test("is what the caller declared, and nothing that is no question", async () => {
    const roots = { method: "roots/list", params: undefined }
    const tools = { method: "sampling/createMessage", params: { tools: [] } }
    expect(await answers([form, roots, tools, { method: "tools/list" }])).toEqual([
      "enough",
      "the caller cannot be asked this",
      "the caller cannot be asked this",
      "tools/list is nothing that a caller can be asked",
    ])
  })

  test("is not more than it may within one request", async () => {
    expect(await answers([form, form, form], { questionsMax: 2 })).toEqual([
      "enough",
      "enough",
      "more than 2 questions in one request",
    ])
  })
})

describe("a page that must be visited first (-32042)", () => {
  const page = {
    mode: "url",
    elicitationId: "e-1",
    url: "https://login.example/",
    message: "Log in",
  }
  const backend: FakeBackend = () => ({
    kind: "error",
    error: { code: -32042, message: "first log in", data: { elicitations: [page] } },
  })

  test("is a question to a modern caller, whose retry makes the call once more", async () => {
    const { call, gateway } = await open(backend)
    const { inputRequests, requestState } = (await call()).result
    expect(inputRequests.q1).toMatchObject({
      method: "elicitation/create",
      params: { mode: "url", url: page.url, message: page.message },
    })
    expect(inputRequests.q1.params).not.toHaveProperty("elicitationId")
    await call({ requestState, inputResponses: { q1: { action: "accept" } } })
    expect(gateway.calls).toHaveLength(2)
    expect(gateway.calls[1]?.rounds).toEqual({ responses: undefined, state: undefined })
  })

  test("is a missing capability where the caller could declare that it shows pages", async () => {
    const { call } = await open(backend)
    const capabilities = { "io.modelcontextprotocol/clientCapabilities": { elicitation: {} } }
    expect(await call({ _meta: capabilities })).toMatchObject({
      status: 400,
      error: { code: -32021, data: { requiredCapabilities: { elicitation: { url: {} } } } },
    })
  })
})
