import {
  Client as ModernClient,
  StreamableHTTPClientTransport as ModernTransport,
} from "@modelcontextprotocol/client"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import {
  CreateMessageRequestSchema,
  ElicitRequestSchema,
  ListRootsRequestSchema,
} from "@modelcontextprotocol/sdk/types.js"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { type ConformanceGateway, openConformanceGateway } from "../support/conformance-gateway.ts"
import { ask, legacy, modern, post } from "../support/face-server.ts"

/*
 * Servers that ask, behind the gateway in all four combinations of eras: the official clients answer, and a stranger
 * tries to.
 */

const info = { name: "test", version: "1" }
const able = { sampling: {}, elicitation: { form: {}, url: {} }, roots: {} }
const noted = { sampled: "Paris", roots: [{ uri: "file:///work" }] }
const sampled = {
  role: "assistant" as const,
  content: { type: "text" as const, text: noted.sampled },
  model: "test",
}
type Fill = (message: string) => Record<string, string | boolean>

interface TestClient extends AsyncDisposable {
  say(tool: string, args?: Record<string, unknown>): Promise<string>
}

const textOf = (result: unknown): string =>
  (result as { content: { text: string }[] }).content.map(({ text }) => text).join("\n")

async function legacyClient(url: string, name: string, fill: Fill): Promise<TestClient> {
  const client = new Client(info, { capabilities: able })
  client.setRequestHandler(CreateMessageRequestSchema, () => sampled)
  client.setRequestHandler(ListRootsRequestSchema, () => ({ roots: noted.roots }))
  client.setRequestHandler(ElicitRequestSchema, ({ params }) => ({
    action: "accept",
    content: fill(params.message),
  }))
  const requestInit = { headers: { "x-agent-name": name, "x-agent-version": "1" } }
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }))
  return {
    say: async (tool, args = {}) => textOf(await client.callTool({ name: tool, arguments: args })),
    [Symbol.asyncDispose]: () => client.close(),
  }
}

async function modernClient(url: string, name: string, fill: Fill): Promise<TestClient> {
  const client = new ModernClient(info, {
    capabilities: able,
    versionNegotiation: { mode: { pin: "2026-07-28" } },
  })
  client.setRequestHandler("sampling/createMessage", async () => sampled)
  client.setRequestHandler("roots/list", async () => ({ roots: noted.roots }))
  client.setRequestHandler("elicitation/create", async ({ params }) => ({
    action: "accept",
    content: fill(params.message),
  }))
  const requestInit = { headers: { "x-agent-name": name, "x-agent-version": "1" } }
  await client.connect(new ModernTransport(new URL(url), { requestInit }))
  return {
    say: async (tool, args = {}) => textOf(await client.callTool({ name: tool, arguments: args })),
    [Symbol.asyncDispose]: () => client.close(),
  }
}

const prefix = "test_input_required_result_"
const clients = { legacy: legacyClient, modern: modernClient }
const patience = { timeout: 60_000 }

describe.each(["legacy", "modern"] as const)("a %s server that asks", (server) => {
  let opened: ConformanceGateway
  beforeAll(async () => {
    opened = await openConformanceGateway(server)
  }, 60_000)
  afterAll(() => opened[Symbol.asyncDispose]())

  describe.each(["legacy", "modern"] as const)("a %s client", (era) => {
    const connect = (name: string, fill: Fill = () => ({ name })) =>
      clients[era](opened.gateway.url, name, fill)

    test("is asked for a form, a completion and roots, and its answers arrive", async () => {
      await using client = await connect("ann")
      expect(await client.say(`${prefix}elicitation`)).toBe("Hello, ann!")
      expect(await client.say(`${prefix}sampling`)).toBe("The model says: Paris")
      expect(await client.say(`${prefix}list_roots`)).toBe("The roots are: file:///work")
      expect(await client.say(`${prefix}multiple_inputs`)).toBe("Paris, ann of file:///work")
    })

    test("is asked in several rounds, with the server's own state in between", async () => {
      await using client = await connect("ann", (message) =>
        message.includes("Step 2") ? { color: "blue" } : { name: "ann", ok: true },
      )
      expect(await client.say(`${prefix}multi_round`)).toBe("ann likes blue.")
      expect(await client.say(`${prefix}request_state`)).toBe("state-ok: accept")
    })

    test("answers what it was asked, and never what another was", patience, async () => {
      const names = Array.from({ length: 8 }, (_, index) => `agent-${index}`)
      const said = await Promise.all(
        names.map(async (name) => {
          await using client = await connect(name)
          const greetings = Array.from({ length: 12 }, () => client.say(`${prefix}elicitation`))
          return new Set(await Promise.all(greetings))
        }),
      )
      expect(said).toEqual(names.map((name) => new Set([`Hello, ${name}!`])))
    })
  })

  test("takes a state back from whom it was given to, and for the same request", async () => {
    const { port } = opened.gateway
    const tool = `${prefix}request_state`
    const _meta = { "io.modelcontextprotocol/clientCapabilities": able }
    const call = async (agent: string, more: object = {}) => {
      const params = { name: tool, arguments: {}, _meta, ...more }
      return JSON.parse((await ask(port, agent, "tools/call", params)).text)
    }
    const { result: first } = await call("ann@1")
    const [key = ""] = Object.keys(first.inputRequests)
    const asker = { _meta: { "dev.postern/server": "conformance@1.0.0" } }
    expect(first).toMatchObject({
      resultType: "input_required",
      inputRequests: { [key]: { method: "elicitation/create", params: asker } },
    })
    const { requestState } = first
    const inputResponses = { [key]: { action: "accept", content: { ok: true } } }
    const refused = { error: { code: -32602 } }
    for (const [agent, more] of [
      ["eve@1", {}],
      ["ann@1", { requestState: `${requestState}-TAMPERED` }],
      ["ann@1", { name: `${prefix}tampered_state` }],
      ["ann@1", { arguments: { other: true } }],
    ] as const)
      expect(await call(agent, { requestState, inputResponses, ...more })).toMatchObject(refused)
    const told = await call("ann@1", { requestState, inputResponses })
    expect(told).toMatchObject({ result: { content: [{ text: "state-ok: accept" }] } })
    const replayed = await call("ann@1", { requestState, inputResponses })
    if (server === "legacy") expect(replayed).toMatchObject(refused) // what it belongs to is over
  })

  test("is told of no capability that its caller lacks", async () => {
    const { port } = opened.gateway
    const bare = { name: `${prefix}capabilities`, arguments: {} }
    const told = JSON.parse((await ask(port, "bob@1", "tools/call", bare)).text)
    expect(told).toMatchObject({ result: { content: [{ text: "There is nobody to ask." }] } })
  })

  test("asks an open request of a legacy session, and only that session can answer", async () => {
    const { url, port } = opened.gateway
    const enter = async (agent: string) => {
      const body = legacy("initialize", {
        protocolVersion: "2025-11-25",
        capabilities: able,
        clientInfo: info,
      })
      const as = { "x-agent-name": agent, "x-agent-version": "1" }
      const { headers } = await post(port, body, as)
      return { ...as, "mcp-session-id": String(headers["mcp-session-id"]) }
    }
    const [ann, eve, other] = [await enter("ann"), await enter("eve"), await enter("ann")]
    const response = await fetch(url, {
      method: "POST",
      headers: {
        ...ann,
        "content-type": "application/json",
        accept: "application/json, text/event-stream",
      },
      body: JSON.stringify(legacy("tools/call", { name: `${prefix}elicitation` }, 7)),
    })
    const events = messages(response)
    const question = await next(events, (message) => message.method === "elicitation/create")
    const say = (name: string, headers: Record<string, string>, id = question.id) =>
      post(port, { jsonrpc: "2.0", id, result: { action: "accept", content: { name } } }, headers)
    expect((await say("eve", eve)).status).toBe(202) // taken, and nobody's answer
    expect((await say("other", other)).status).toBe(202)
    expect((await say("thief", { ...ann, "x-agent-name": "eve" })).status).toBe(404)
    expect((await say("guess", ann, "0".repeat(32))).status).toBe(202)
    expect((await say("ann", ann)).status).toBe(202)
    const final = await next(events, (message) => message.id === 7)
    expect(final).toMatchObject({ result: { content: [{ text: "Hello, ann!" }] } })
  })

  test("cannot ask a client that reads no stream", async () => {
    const { port } = opened.gateway
    const body = legacy("initialize", {
      protocolVersion: "2025-11-25",
      capabilities: able,
      clientInfo: info,
    })
    const as = { "x-agent-name": "ann", "x-agent-version": "1" }
    const { headers } = await post(port, body, as)
    const session = { ...as, "mcp-session-id": String(headers["mcp-session-id"]) }
    const call = legacy("tools/call", { name: `${prefix}elicitation` })
    const told = await post(port, call, { ...session, accept: "application/json" })
    expect(JSON.parse(told.text)).toMatchObject({ result: { isError: true } })
    expect(told.text).not.toContain("Hello")
  })
})

test("what was asked stands in the audit, and nothing of what was said", async () => {
  await using opened = await openConformanceGateway("modern")
  const { gateway } = opened
  await using client = await legacyClient(gateway.url, "ann", () => ({ name: "a-secret" }))
  await client.say(`${prefix}elicitation`)
  const [record] = gateway.audit().filter(({ kind }) => kind === "call")
  expect(record).toMatchObject({ outcome: "ok", note: { asked: ["elicitation/create"] } })
  expect(JSON.stringify(gateway.audit())).not.toContain("a-secret")
})

test("a retry with what is no state and no answers is told so", async () => {
  await using opened = await openConformanceGateway("modern")
  for (const wrong of [{ requestState: 7 }, { inputResponses: [] }]) {
    const { message, headers } = modern("tools/call", { name: "test_simple_text", ...wrong })
    const told = await post(opened.gateway.port, message, headers)
    expect(JSON.parse(told.text)).toMatchObject({ error: { code: -32602 } })
  }
})

interface Wire {
  readonly id?: string | number
  readonly method?: string
  readonly result?: unknown
}

async function* messages({ body }: Response): AsyncGenerator<Wire> {
  let text = ""
  for await (const chunk of (body ?? new ReadableStream()).pipeThrough(new TextDecoderStream())) {
    text += chunk
    for (let end = text.indexOf("\n\n"); end !== -1; end = text.indexOf("\n\n")) {
      const data = /^data: (.+)$/m.exec(text.slice(0, end))?.[1]
      text = text.slice(end + 2)
      if (data !== undefined) yield JSON.parse(data)
    }
  }
}

async function next(events: AsyncGenerator<Wire>, is: (message: Wire) => boolean): Promise<Wire> {
  for (;;) {
    const { value, done } = await events.next()
    if (done === true) throw new Error("the stream ended")
    if (is(value)) return value
  }
}
