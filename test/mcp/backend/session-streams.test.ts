import type { ServerResponse } from "node:http"
import { describe, expect, test } from "vitest"
import { Cancellation } from "../../../src/call/cancellation.ts"
import { type Asked, Question } from "../../../src/call/interaction/question.ts"
import type { JsonObject } from "../../../src/schema/json.ts"
import type { Message } from "../../support/backend-behaviour.ts"
import { json, serve } from "../../support/backend-http.ts"
import { callerOf, peerOf, type TestPeer } from "../../support/backend-peers.ts"
import { serveAskingOldSdk } from "../../support/backend-sdk.ts"
import { http, open, options, text, until } from "../../support/backend-world.ts"

// Legacy servers that ask on the stream of their session, where nothing says which call it is about.
const legacy = { options: { ...options, era: "legacy" as const } }

/** A caller that fills in each form with its own name. */
const formPeer = (name: string): TestPeer =>
  peerOf(name, undefined, { elicitation: {} }, (by) => ({ action: "accept", content: { by } }))

const messagesOf = ({ asked }: TestPeer) => asked.map(({ params }) => params?.["message"])

describe("a server of the legacy SDK that asks without the call's context", () => {
  const begin = async () => {
    const server = await serveAskingOldSdk()
    const world = open(http(server.url, legacy))
    const form = async ({ request }: TestPeer, message: string) =>
      text(await world.call("form", { ...request, arguments: { message } }))
    return { server, form, ...world }
  }

  test("asks the only caller of the session, from its first call on", async () => {
    const { form } = await begin()
    const ann = formPeer("ann")
    expect(await form(ann, "first")).toBe("first: ann")
    expect(await form(ann, "second")).toBe("second: ann")
    expect(messagesOf(ann)).toEqual(["first", "second"])
  })

  test("asks two callers at once, and neither hears what the other is asked", async () => {
    const { form } = await begin()
    const [ann, bob] = [formPeer("ann"), formPeer("bob")]
    const rounds = Array.from({ length: 20 }, (_, round) => `${round}`)
    const sayAll = async (peer: TestPeer, name: string) => {
      for (const round of rounds)
        expect(await form(peer, `${round} of ${name}`)).toBe(`${round} of ${name}: ${name}`)
    }
    await Promise.all([sayAll(ann, "ann"), sayAll(bob, "bob")])
    expect(messagesOf(ann)).toEqual(rounds.map((round) => `${round} of ann`))
    expect(messagesOf(bob)).toEqual(rounds.map((round) => `${round} of bob`))
  })

  test("asks nobody while a second call of the caller is under way, and is told why", async () => {
    const { call, events, form, server } = await begin()
    const ann = formPeer("ann")
    const held = call("hold", ann.request)
    await until(() => server.held() === 1)
    expect(await form(ann, "whose")).toContain("ask on the stream of the call")
    expect(ann.asked).toEqual([])
    expect(events).toContainEqual({
      level: "warn",
      event: "backend_question_refused",
      fields: { server: "it@1", calls: 2 },
    })
    server.release()
    expect(text(await held)).toBe("released")
    expect(await form(ann, "mine")).toBe("mine: ann")
  })

  test("is not let ask about what may be a call that was given up, and can ask in the next session", async () => {
    const { call, form, server } = await begin()
    const ann = formPeer("ann")
    const cancellation = new Cancellation()
    const held = call("hold", { ...ann.request, cancellation })
    await until(() => server.held() === 1)
    cancellation.cancel()
    await held
    expect(await form(ann, "whose")).toContain("ask on the stream of the call")
    expect(await form(ann, "mine")).toBe("mine: ann")
    expect(messagesOf(ann)).toEqual(["mine"])
  })

  test("asks in another session after a call that was given up: it may still be about that", async () => {
    const { call, form, server } = await begin()
    const ann = formPeer("ann")
    expect(await form(ann, "before")).toBe("before: ann")
    const sessions = server.sessions()
    const cancellation = new Cancellation()
    const held = call("hold", { ...ann.request, cancellation })
    await until(() => server.held() === 1)
    cancellation.cancel()
    expect(await held).toMatchObject({ kind: "refusal" })
    expect(await form(ann, "after")).toBe("after: ann")
    expect(server.sessions()).toBe(sessions + 1)
  })
})

/** A legacy server whose tool `form` asks on the stream of its session, if there is one; `get` says what a GET is answered. */
async function serveAsking(get: (response: ServerResponse, nth: number) => void, id = "s-") {
  let sessions = 0
  let gets = 0
  let stream: ServerResponse | undefined
  let asker: ((answer: Message) => void) | undefined
  const server = await serve((message, response, request) => {
    const { id: asked, method } = message
    const answer = (result: JsonObject) => json(response, { jsonrpc: "2.0", id: asked, result })
    if (request.method === "GET") {
      stream = response
      get(response, ++gets)
    } else if (method === "initialize") {
      sessions++
      if (id !== "") response.setHeader("mcp-session-id", `${id}${sessions}`)
      answer({ protocolVersion: "2025-11-25", capabilities: {} })
    } else if (message.params?.["name"] === "form") {
      asker = ({ result }) => answer(said(JSON.stringify(result)))
      say(question(7))
    } else if (method !== undefined) answer(said("plain"))
    else {
      response.writeHead(202).end()
      if (message.id === 7) asker?.(message)
    }
  })
  const say = (message: Message) =>
    void stream?.write(`id: e-${gets}\ndata: ${JSON.stringify({ jsonrpc: "2.0", ...message })}\n\n`)
  const gone = () => stream?.end()
  const gotten = () => server.seen.filter(({ method }) => method === "GET")
  return { ...server, gone, say, gotten, ...open(http(server.url, legacy)) }
}

const said = (value: string) => ({ content: [{ type: "text", text: value }] })

const question = (id: number): Message => ({
  id,
  method: "elicitation/create",
  params: { message: "m", requestedSchema: {} },
})

const opened = (response: ServerResponse) =>
  void response.writeHead(200, { "content-type": "text/event-stream" }).flushHeaders()

describe("the stream of a session", () => {
  test("is opened before the first call, once, and only where somebody can be asked", async () => {
    const { call, gotten, methods } = await serveAsking(opened)
    await call("x")
    await call("x", { caller: callerOf("bob") })
    expect(gotten()).toEqual([])
    const { request } = formPeer("ann")
    await call("x", request)
    await call("x", request)
    expect(gotten().map(({ headers }) => headers["mcp-session-id"])).toEqual(["s-2"])
    const calls = methods().filter((method) => method === "GET" || method === "tools/call")
    expect(calls).toEqual(["tools/call", "tools/call", "GET", "tools/call", "tools/call"])
  })

  test("is none where the server says so, and where its sessions have no ids", async () => {
    const refusing = await serveAsking((response) => void response.writeHead(405).end())
    const nameless = await serveAsking(opened, "")
    const { request } = formPeer("ann")
    for (const { call } of [refusing, nameless]) {
      expect(text(await call("x", request))).toBe("plain")
      expect(text(await call("x", request))).toBe("plain")
    }
    expect(refusing.gotten()).toHaveLength(1)
    expect(nameless.gotten()).toEqual([])
  })

  test("that the server ends is opened again where it broke", async () => {
    const { call, gone, gotten } = await serveAsking(opened)
    const { request } = formPeer("ann")
    expect(text(await call("form", request))).toBe('{"action":"accept","content":{"by":"ann"}}')
    gone()
    await until(() => gotten().length === 2)
    expect(gotten()[1]?.headers).toMatchObject({ "mcp-session-id": "s-2", "last-event-id": "e-1" })
    expect(text(await call("form", request))).toBe('{"action":"accept","content":{"by":"ann"}}')
  })

  test("tells of calls, too: progress by its token, and the log to the newest of them, or to the gateway's", async () => {
    const { call, events, say, seen } = await serveAsking(opened)
    const heard: unknown[] = []
    const onNotification = ({ params }: JsonObject) => void heard.push(params)
    const log = (data: string) =>
      say({ method: "notifications/message", params: { level: "info", data } })
    let question: Question | undefined
    const peer = {
      capabilities: { elicitation: {} },
      ask(asked: Asked) {
        question = new Question(asked, { waitMs: 10_000, untilMs: Number.POSITIVE_INFINITY })
        return question
      },
    }
    const caller = callerOf("ann")
    const calling = call("form", { caller, peer, onNotification, meta: { progressToken: "mine" } })
    await until(() => question !== undefined)
    const { params = {} } =
      seen.find(({ message }) => message.method === "tools/call")?.message ?? {}
    const { progressToken } = params["_meta"] as { progressToken: string }
    say({ method: "notifications/progress", params: { progressToken, progress: 1 } })
    say({ method: "notifications/progress", params: { progressToken: "no", progress: 2 } })
    log("of the call")
    await until(() => heard.length === 2)
    expect(heard).toEqual([
      { progressToken: "mine", progress: 1 },
      { level: "info", data: "of the call" },
    ])
    question?.settle({ kind: "result", result: { action: "accept" } })
    await calling
    log("of none")
    await until(() => events.some(({ event }) => event === "backend_message"))
    const lines = events.filter(({ event }) => event === "backend_message")
    expect(lines.map(({ fields }) => fields["line"])).toEqual(['{"level":"info","data":"of none"}'])
    expect(heard).toHaveLength(2)
  })

  test("carries a question only while a call is under way; a ping is answered always", async () => {
    const { call, say, seen } = await serveAsking(opened)
    const ann = formPeer("ann")
    await call("x", ann.request)
    say(question(8))
    say({ id: 9, method: "ping" })
    const answers = () =>
      seen.map(({ message }) => message).filter(({ id }) => id === 8 || id === 9)
    await until(() => answers().length === 2)
    expect(answers()).toContainEqual(
      expect.objectContaining({ id: 8, error: expect.objectContaining({ code: -32603 }) }),
    )
    expect(answers()).toContainEqual(expect.objectContaining({ id: 9, result: {} }))
    expect(ann.asked).toEqual([])
  })

  test("carries that the server does not want an answer any more", async () => {
    const { call, say } = await serveAsking(opened)
    const { promise: asked, resolve } = Promise.withResolvers<void>()
    const patience = { waitMs: 60_000, untilMs: Number.POSITIVE_INFINITY }
    const peer = {
      capabilities: { elicitation: {} },
      ask: (one: Asked) => {
        resolve()
        return new Question(one, patience)
      },
    }
    const form = call("form", { caller: callerOf("ann"), peer })
    await asked
    say({ method: "notifications/cancelled", params: { requestId: 7 } })
    expect(text(await form)).toBe('{"action":"cancel"}')
  })

  test("that says what is no message harms nobody", async () => {
    const { backends, call, say } = await serveAsking(opened)
    const { request } = formPeer("ann")
    await call("x", request)
    say({ id: 1, result: {} })
    say({ method: "notifications/message", params: {} })
    expect(text(await call("form", request))).toBe('{"action":"accept","content":{"by":"ann"}}')
    expect(backends.status()).toMatchObject([{ state: "up", strays: 1 }])
  })

  test("goes when its session goes", async () => {
    let isClosed = false
    const limits = { sessionIdleMs: 40 }
    const server = await serveAsking((response) => {
      response.on("close", () => {
        isClosed = true
      })
      opened(response)
    })
    const { call } = open(http(server.url, legacy), { limits })
    await call("x", formPeer("ann").request)
    await until(() => isClosed)
    await until(() => server.methods().includes("DELETE"))
    expect(server.gotten()).toHaveLength(1)
  })
})
