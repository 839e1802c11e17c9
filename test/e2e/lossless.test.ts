import { expect, test } from "vitest"
import type { HttpServer } from "../support/backend-http.ts"
import { startGateway, type TestGateway } from "../support/e2e-gateway.ts"
import {
  as,
  ask,
  events,
  initialize,
  legacy,
  opened,
  post,
  posting,
} from "../support/face-server.ts"
import { eventually, reading } from "../support/face-stream.ts"
import { rich, serveRich } from "../support/rich-server.ts"

type Era = "legacy" | "modern"
type Told = {
  method?: string
  params?: Record<string, unknown>
  result?: Record<string, unknown>
  error?: unknown
}

/** Sends one request and returns all that comes back, the response last. */
async function caller({ port }: TestGateway, era: Era) {
  if (era === "modern")
    return async (method: string, params: Record<string, unknown>): Promise<Told[]> => {
      const name = params["name"] ?? params["uri"]
      const _meta = { ...(params["_meta"] as object), "io.modelcontextprotocol/logLevel": "debug" }
      const said = await ask(
        port,
        "a",
        method,
        { ...params, _meta },
        name === undefined ? {} : { "mcp-name": String(name) },
      )
      return messagesIn(said.text)
    }
  const greeted = await post(port, initialize(), as("a"))
  const headers = {
    ...as("a"),
    "mcp-session-id": String(greeted.headers["mcp-session-id"]),
    "mcp-protocol-version": "2025-11-25",
  }
  expect(JSON.parse(greeted.text)).toMatchObject({ result: { instructions: "Ask first." } })
  await post(port, legacy("logging/setLevel", { level: "debug" }), headers)
  return async (method: string, params: Record<string, unknown>): Promise<Told[]> =>
    messagesIn((await post(port, legacy(method, params, 7), headers)).text)
}

const messagesIn = (text: string): Told[] =>
  (text.startsWith("{") ? [JSON.parse(text)] : events(text)) as Told[]

/** What the eras write differently, and the gateway says of itself. */
function plain({
  resultType: _,
  ttlMs: _1,
  cacheScope: _2,
  _meta,
  ...result
}: Record<string, unknown>) {
  const { "io.modelcontextprotocol/serverInfo": _3, ...meta } = (_meta ?? {}) as Record<
    string,
    unknown
  >
  return { ...result, ...(Object.keys(meta).length > 0 && { _meta: meta }) }
}

const patience = { timeout: 60_000 }

test.for<[Era, Era]>([
  ["legacy", "legacy"],
  ["legacy", "modern"],
  ["modern", "legacy"],
  ["modern", "modern"],
])("between a %s caller and a %s server no member is lost", patience, async ([front, back]) => {
  const server = await serveRich(back)
  await using gateway = await startGateway({
    registry: { tools: { other: { server: "rich" } }, agents: { a: ["other"] } },
    servers: { "rich:1.0.0": { url: server.url, expose: "all", to: ["a"] } },
    config: { instructions: "Ask first." },
  })
  await answersAreWhole(gateway, front, server)
  await questionsAreWhole(gateway, front, back)
})

/** Of what a server answers and says meanwhile, and of what it is asked. */
async function answersAreWhole(gateway: TestGateway, front: Era, server: HttpServer) {
  const send = await caller(gateway, front)
  const results = async (method: string, params = {}) => {
    const told = await send(method, params)
    const { result, error } = told.at(-1) ?? {}
    return result === undefined ? { error } : plain(result)
  }
  const foreign = { "com.example/note": { big: 1 }, progressToken: "p-1" }

  if (front === "modern")
    expect(await results("server/discover")).toMatchObject({ instructions: "Ask first." })
  const listed = await results("tools/list")
  expect(listed).toHaveProperty("tools", expect.arrayContaining([rich.tool]))
  expect(await results("resources/list")).toEqual({ resources: rich.resources })
  expect(await results("resources/templates/list")).toEqual({ resourceTemplates: rich.templates })
  expect(await results("prompts/list")).toEqual({ prompts: rich.prompts })
  expect(await results("resources/read", { uri: "rich://1", _meta: foreign })).toEqual(rich.read)
  expect(
    await results("prompts/get", { name: "p", arguments: { a: "1" }, _meta: foreign }),
  ).toEqual(rich.got)
  const completing = {
    ref: { type: "ref/prompt", name: "p" },
    argument: { name: "a", value: "" },
    context: { arguments: { b: "2" } },
  }
  expect(await results("completion/complete", completing)).toEqual(rich.completed)

  const told = await send("tools/call", {
    name: "rich",
    arguments: { n: 1, "x-arg": [null] },
    _meta: foreign,
  })
  expect(told.slice(0, -1)).toEqual([
    {
      jsonrpc: "2.0",
      method: "notifications/progress",
      params: { ...rich.progress, progressToken: "p-1" },
    },
    { jsonrpc: "2.0", method: "notifications/message", params: rich.log },
    { jsonrpc: "2.0", method: "com.example/event", params: rich.event },
  ])
  expect(plain(told.at(-1)?.result ?? {})).toEqual(rich.called)
  for (const [method, params] of [
    ["tools/call", { name: "rich", arguments: { fail: true } }],
    ["prompts/get", { name: "p", arguments: { fail: "1" } }],
    ["resources/read", { uri: "rich://fail" }],
  ] as const)
    expect(await results(method, params)).toEqual({ error: rich.error })

  const last = (method: string) =>
    server.seen.findLast(({ message }) => message.method === method)?.message.params
  expect(
    server.seen.find(({ message }) => message.method === "tools/call")?.message.params,
  ).toMatchObject({
    name: "rich",
    arguments: { n: 1, "x-arg": [null] },
    _meta: { "com.example/note": { big: 1 } },
  })
  expect(last("completion/complete")).toMatchObject(completing)
  expect(
    server.seen.find(({ message }) => message.method === "prompts/get")?.message.params,
  ).toMatchObject({ name: "p", arguments: { a: "1" }, _meta: { "com.example/note": { big: 1 } } })
}

/** Of what a server asks its caller, and of what that answers. */
async function questionsAreWhole(gateway: TestGateway, front: Era, back: Era) {
  const asked = await (front === "legacy" ? answersLive : answersInRounds)(gateway)
  const ours = { "dev.postern/server": "rich@1.0.0" }
  const { form, model, page, roots } = rich.questions
  expect(asked.questions).toEqual(
    expect.arrayContaining([
      { ...form, params: { ...form.params, _meta: { ...form.params._meta, ...ours } } },
      { ...model, params: { ...model.params, _meta: { ...model.params._meta, ...ours } } },
      { ...roots, params: { _meta: { ...roots.params._meta, ...ours } } },
      {
        ...page,
        params: {
          ...page.params,
          ...(front === "legacy" && { elicitationId: expect.any(String) }),
          _meta: ours,
        },
      },
    ]),
  )
  expect(asked.questions).toHaveLength(4)
  const told = asked.result["structuredContent"] as { answers: Record<string, unknown> }
  const got = back === "legacy" ? told.answers : told.answers["inputResponses"]
  expect(got).toEqual({
    form: answers.form,
    page: answers.page,
    model: answers.model,
    roots: answers.roots,
  })
  if (back === "modern") expect(told.answers["requestState"]).toBe("s-1")
}

const able = { elicitation: { form: {}, url: {} }, sampling: { tools: {}, context: {} }, roots: {} }
const answers = {
  form: {
    action: "accept",
    content: { name: "ann", kind: "a" },
    _meta: { "com.example/a": 1 },
    "x-a": 1,
  },
  page: { action: "decline", "x-a": 1 },
  model: {
    role: "assistant",
    content: [{ type: "tool_use", id: "1", name: "t", input: { a: [null] } }],
    model: "m",
    stopReason: "toolUse",
    "x-a": 1,
  },
  roots: { roots: [{ uri: "file:///a", name: "A", _meta: { "com.example/a": 1 }, "x-a": 1 }] },
}
type Question = { method: string; params: { mode?: string } }
const answerTo = ({ method, params }: Question): object => {
  if (method === "roots/list") return answers.roots
  if (method === "sampling/createMessage") return answers.model
  return params.mode === "url" ? answers.page : answers.form
}

async function answersLive({ port }: TestGateway) {
  const hello = initialize()
  const greeted = await post(
    port,
    { ...hello, params: { ...hello.params, capabilities: able } },
    as("a"),
  )
  const headers = {
    ...as("a"),
    "mcp-session-id": String(greeted.headers["mcp-session-id"]),
    "mcp-protocol-version": "2025-11-25",
  }
  const call = posting(legacy("tools/call", { name: "ask", arguments: {} }, 7), headers)
  const stream = reading(await opened(port, call))
  const messages = () => stream.messages() as (Told & Question & { id?: string | number })[]
  const isQuestion = ({ id, method }: { id?: unknown; method?: string }) =>
    id !== undefined && method !== undefined
  const questions = async (count: number) => {
    await eventually(() => messages().filter(isQuestion).length).toBe(count)
    return messages().filter(isQuestion)
  }
  const all = await questions(4)
  for (const { id, ...question } of all)
    await post(port, { jsonrpc: "2.0", id, result: answerTo(question) }, headers)
  await stream.over()
  const { result = {} } = messages().at(-1) ?? {}
  return { questions: all.map(({ method, params }) => ({ method, params })), result }
}

async function answersInRounds({ port }: TestGateway) {
  const _meta = { "io.modelcontextprotocol/clientCapabilities": able }
  const params = { name: "ask", arguments: {}, _meta }
  const first = messagesIn((await ask(port, "a", "tools/call", params)).text).at(-1)?.result ?? {}
  const { inputRequests, requestState } = first as {
    inputRequests: Record<string, Question>
    requestState: string
  }
  const inputResponses = Object.fromEntries(
    Object.entries(inputRequests).map(([key, question]) => [key, answerTo(question)]),
  )
  const again = { ...params, inputResponses, requestState }
  const { result = {} } = messagesIn((await ask(port, "a", "tools/call", again)).text).at(-1) ?? {}
  return { questions: Object.values(inputRequests), result }
}
