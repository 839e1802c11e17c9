import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { BackendReply } from "../../../src/call/backends.ts"
import type { JsonObject } from "../../../src/schema/json.ts"
import { fakeGateway } from "../../support/face-gateway.ts"
import {
  as,
  events,
  type FaceServer,
  faceServer,
  http,
  initialize,
  legacy,
  opened,
  post,
  posting,
  type RawRequest,
} from "../../support/face-server.ts"
import { eventually, type OpenStream, reading, sessionStream } from "../../support/face-stream.ts"

const sketch = {
  tools: { "a@1": {}, "b@1": {} },
  agents: { "reader@1": ["a@1"], "other@1": ["a@1"] },
}

const done = (text = "done"): BackendReply => ({
  kind: "result",
  result: { content: [{ type: "text", text }] },
})

/** A gateway whose backend says what the test tells it to. */
function heldGateway() {
  const { promise, resolve } = Promise.withResolvers<BackendReply>()
  let tell: ((notification: JsonObject) => void) | undefined
  const gateway = fakeGateway(sketch, ({ onNotification }) => {
    tell = onNotification
    return promise
  })
  return {
    gateway,
    finish: (text?: string) => resolve(done(text)),
    isCalled: () => tell !== undefined,
    progress: (progress: number, message = "") =>
      tell?.({ method: "notifications/progress", params: { progress, message } }),
  }
}

async function sessionOf(port: number, version = "2025-11-25", agent = "reader@1") {
  const answer = await post(port, initialize(version), as(agent))
  return {
    ...as(agent),
    "mcp-session-id": String(answer.headers["mcp-session-id"]),
    "mcp-protocol-version": version,
  }
}

const call = (headers: Record<string, string>, id: string | number = 7): RawRequest =>
  posting(legacy("tools/call", { name: "a", _meta: { progressToken: "p" } }, id), headers)

const resume = (headers: Record<string, string>, lastEventId: string): RawRequest => ({
  method: "GET",
  headers: { ...headers, accept: "text/event-stream", "last-event-id": lastEventId },
})

const idsOf = (text: string) => [...text.matchAll(/^id: (.+)$/gm)].map(([, id = ""]) => id)
const lastId = ({ text }: { text(): string }) => idsOf(text()).at(-1) ?? ""
const progressOf = (messages: readonly unknown[]) =>
  messages.flatMap((message) => {
    const { params } = message as { params?: { progress?: number } }
    return params?.progress ?? []
  })

async function cut(stream: OpenStream): Promise<void> {
  stream.incoming.destroy()
  await stream.over()
}

describe("the answer to a request of a session", () => {
  test("begins with an event to come back from, for clients that know such events", async () => {
    for (const [version, opening] of [
      ["2025-11-25", /^id: (\S+)\.0\nretry: 1000\ndata: \n\nid: \1\.1\nevent: message\n/],
      ["2025-06-18", /^id: (\S+)\.1\nevent: message\ndata: \{/],
    ] as const) {
      const { gateway, finish, progress, isCalled } = heldGateway()
      const { port } = await faceServer(gateway)
      const answer = http(port, call(await sessionOf(port, version)))
      await eventually(isCalled).toBe(true)
      progress(1)
      finish()
      expect((await answer).text).toMatch(opening)
    }
  })

  test("is taken up where its stream broke, and ends there", async () => {
    const { gateway, finish, progress } = heldGateway()
    const { port, face } = await faceServer(gateway, { limits: { keepAliveMs: 30 } })
    const headers = await sessionOf(port)
    const first = reading(await opened(port, call(headers)))
    await eventually(() => lastId(first)).toMatch(/\.0$/)
    progress(1)
    await first.arrived(1)
    await cut(first)
    progress(2)
    const second = reading(await opened(port, resume(headers, lastId(first))))
    expect(await second.arrived(1)).toMatchObject([{ params: { progress: 2 } }])
    progress(3)
    await eventually(() => second.text()).toContain(": ka") // it is kept alive like any other
    finish()
    await second.over()
    expect(second.messages()).toMatchObject([
      { params: { progress: 2 } },
      { params: { progress: 3 } },
      { id: 7, result: { content: [{ text: "done" }] } },
    ])
    expect(second.incoming.headers["mcp-session-id"]).toBe(headers["mcp-session-id"])
    await eventually(() => face.stats().inFlight).toBe(0)
  })

  test("is there for who comes back when all is over, from any event on", async () => {
    const { gateway, finish, progress, isCalled } = heldGateway()
    const { port } = await faceServer(gateway)
    const headers = await sessionOf(port)
    const answer = http(port, call(headers, "x"))
    await eventually(isCalled).toBe(true)
    for (const value of [1, 2]) progress(value)
    finish()
    const { text } = await answer
    for (const [index, id] of idsOf(text).entries()) {
      const again = await http(port, resume(headers, id))
      expect(events(again.text)).toEqual(events(text).slice(index))
    }
  })

  test("is polled for where the server wants that, by clients that can, and by no other", async () => {
    const gate = Promise.withResolvers<void>()
    const gateway = fakeGateway(sketch, async ({ onPause }) => {
      onPause?.()
      await gate.promise
      return done()
    })
    const { port } = await faceServer(gateway)
    const headers = await sessionOf(port)
    const paused = await http(port, call(headers))
    expect(paused.text).toMatch(/^id: \S+\nretry: 1000\ndata: \n\n$/)
    const [last = ""] = idsOf(paused.text)
    const polling = http(port, resume(headers, last))
    const older = http(port, call(await sessionOf(port, "2025-06-18")))
    const modest = http(port, {
      ...call(headers, 8),
      headers: { ...headers, "content-type": "application/json", accept: "application/json" },
    })
    await eventually(() => gateway.calls.length).toBe(3)
    gate.resolve()
    expect(events((await polling).text)).toMatchObject([{ id: 7, result: {} }])
    for (const answer of [await older, await modest])
      expect(answer.headers["content-type"]).toBe("application/json")
  })

  test("never goes out on the session's own stream", async () => {
    const { gateway, finish, progress, isCalled } = heldGateway()
    const { port, face } = await faceServer(gateway)
    const headers = await sessionOf(port)
    const own = await sessionStream(port, headers)
    const first = reading(await opened(port, primedCall(headers, isCalled, progress)))
    await first.arrived(1)
    await cut(first)
    finish()
    await eventually(() => face.stats().inFlight).toBe(0)
    await face.drain()
    await own.over()
    expect(own.messages()).toEqual([])
  })

  test("that was lost with the process is said to be lost, under the request's own id", async () => {
    for (const id of ["a request", 12]) {
      const { gateway, progress, isCalled } = heldGateway()
      const before = await faceServer(gateway)
      const headers = await sessionOf(before.port)
      const first = reading(await opened(before.port, primedCall(headers, isCalled, progress, id)))
      await first.arrived(1)
      await before.close()
      const after = await faceServer(fakeGateway(sketch))
      const again = await http(after.port, resume(headers, lastId(first)))
      expect(again.headers["content-type"]).toBe("text/event-stream")
      expect(events(again.text)).toEqual([
        { jsonrpc: "2.0", id, error: { code: -32603, message: expect.stringMatching(/lost/) } },
      ])
    }
  })

  test("is nobody's in other hands", async () => {
    const { gateway, finish, progress, isCalled } = heldGateway()
    const { port } = await faceServer(gateway)
    const headers = await sessionOf(port)
    const answer = http(port, call(headers))
    await eventually(isCalled).toBe(true)
    progress(1)
    finish("a secret")
    const [first = ""] = idsOf((await answer).text)
    const stolen = await http(port, resume({ ...headers, ...as("other@1") }, first))
    expect(stolen.status).toBe(404)
    const foreign = await sessionOf(port, "2025-11-25", "other@1")
    const guessed = await http(port, resume(foreign, first))
    expect(guessed.text).not.toContain("a secret")
    const ended = await http(port, { method: "DELETE", headers })
    expect(ended.status).toBe(200)
    expect((await http(port, resume(headers, first))).status).toBe(404)
  })

  test("wherever it is cut, and however often, arrives whole, once and in order", async () => {
    const step = fc.constantFrom("say", "say", "say", "cut", "resume")
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), async (steps) => {
        const { gateway, finish, progress, isCalled } = heldGateway()
        await using server = await faceServer(gateway).then(closing)
        const headers = await sessionOf(server.port)
        const streams = [
          reading(await opened(server.port, primedCall(headers, isCalled, progress))),
        ]
        const newest = () => streams.at(-1) ?? expect.fail("there is always one")
        const known = () => streams.map(lastId).findLast((id) => id !== "") ?? ""
        let said = 1
        await newest().arrived(1)
        for (const act of [...steps, "resume", "finish"]) {
          if (act === "say") progress(++said)
          else if (act === "finish") finish()
          else await cut(newest())
          if (act === "resume")
            streams.push(reading(await opened(server.port, resume(headers, known()))))
        }
        await newest().over()
        const all = streams.flatMap((stream) => stream.messages())
        expect(progressOf(all)).toEqual(Array.from({ length: said }, (_, index) => index + 1))
        expect(all.at(-1)).toMatchObject({ id: 7, result: {} })
      }),
      { numRuns: 40 },
    )
  })
})

const closing = (server: FaceServer) => ({ ...server, [Symbol.asyncDispose]: server.close })

/** A call whose first progress comes as soon as it is made. */
function primedCall(
  headers: Record<string, string>,
  isCalled: () => boolean,
  progress: (value: number) => void,
  id?: string | number,
): RawRequest {
  void eventually(isCalled)
    .toBe(true)
    .then(() => progress(1))
  return call(headers, id)
}

describe("what is kept for clients that come back", () => {
  test("is the end when there is too much: the answer survives what led to it", async () => {
    const { gateway, finish, progress, isCalled } = heldGateway()
    const { port } = await faceServer(gateway, { limits: { replayBytesMax: 4_000 } })
    const headers = await sessionOf(port)
    const answer = http(port, call(headers))
    await eventually(isCalled).toBe(true)
    for (let value = 1; value <= 100; value++) progress(value, "x".repeat(100))
    finish()
    const { text } = await answer
    const [first = ""] = idsOf(text)
    const again = events((await http(port, resume(headers, first))).text)
    expect(again.length).toBeLessThan(40)
    expect(again).toEqual(events(text).slice(-again.length))
    expect(again.at(-1)).toMatchObject({ id: 7, result: {} })
  })

  test("is not an answer larger than all that may be kept: its loss is told", async () => {
    const { gateway, finish, progress, isCalled } = heldGateway()
    const { port } = await faceServer(gateway, { limits: { replayBytesMax: 4_000 } })
    const headers = await sessionOf(port)
    const answer = http(port, call(headers))
    await eventually(isCalled).toBe(true)
    progress(1)
    finish("x".repeat(5_000))
    const { text } = await answer
    expect(events(text)).toHaveLength(2) // whoever stayed has it
    const again = await http(port, resume(headers, idsOf(text)[0] ?? ""))
    expect(events(again.text)).toMatchObject([{ id: 7, error: { code: -32603 } }])
  })

  test("is bounded for all sessions together, the longest unchanged going first", async () => {
    const gateway = fakeGateway(sketch, ({ onNotification, meta }) => {
      onNotification?.({ method: "notifications/progress", params: { progress: 1 } })
      return done(`${meta?.["x/y"]}${"x".repeat(3_000)}`)
    })
    const { port, face } = await faceServer(gateway, { limits: { replayBytesTotalMax: 10_000 } })
    const answers = []
    for (const [n, headers] of [
      await sessionOf(port),
      await sessionOf(port),
      await sessionOf(port),
      await sessionOf(port),
      await sessionOf(port),
    ].entries()) {
      const params = { name: "a", _meta: { progressToken: "p", "x/y": n } }
      const { text } = await post(port, legacy("tools/call", params), headers)
      answers.push({ headers, id: idsOf(text)[0] ?? "" })
      expect(face.stats().replayBytes).toBeLessThanOrEqual(10_000)
    }
    const again = await Promise.all(
      answers.map(({ headers, id }) => http(port, resume(headers, id))),
    )
    expect(again.map(({ text }) => events(text).at(-1))).toMatchObject([
      { error: { code: -32603 } },
      { error: { code: -32603 } },
      { result: {} },
      { result: {} },
      { result: {} },
    ])
    expect(face.stats().replayedEvents).toBeGreaterThan(0)
  })

  test("is given back when sessions end", async () => {
    const gateway = fakeGateway(sketch, ({ onNotification }) => {
      onNotification?.({ method: "notifications/progress", params: { progress: 1 } })
      return done()
    })
    const { port, face } = await faceServer(gateway)
    const headers = await sessionOf(port)
    await http(port, call(headers))
    expect(face.stats().replayBytes).toBeGreaterThan(0)
    await http(port, { method: "DELETE", headers })
    expect(face.stats().replayBytes).toBe(0)
  })
})

describe("the GET stream of a session", () => {
  const changes = { ...sketch, agents: { "reader@1": ["a@1", "b@1"] } }
  const changed = { jsonrpc: "2.0", method: "notifications/tools/list_changed" }
  const quick = { listChangedDebounceMs: 5 }

  test("goes on after its last event, whether the client saw the end of it or not", async () => {
    const gateway = fakeGateway(sketch)
    const { port, face } = await faceServer(gateway, { limits: quick })
    const headers = await sessionOf(port)
    const first = await sessionStream(port, headers)
    await eventually(() => lastId(first)).toMatch(/\.0$/)
    gateway.swap(changes)
    face.catalogChanged()
    expect(await first.arrived(1)).toEqual([changed])
    const [primed = ""] = idsOf(first.text())
    await cut(first)
    const second = reading(await opened(port, resume(headers, primed)))
    expect(await second.arrived(1)).toEqual([changed])
    const third = reading(await opened(port, resume(headers, lastId(second))))
    await second.over()
    await face.drain()
    await third.over()
    expect(third.messages()).toEqual([])
  })

  test("takes an event id that is none of ours for none", async () => {
    const { port, face } = await faceServer(fakeGateway(sketch))
    const headers = await sessionOf(port)
    for (const id of ["", "x", "a.b.c", "….1", `${"x".repeat(5_000)}.1`, "a.1.eyJpZCI6e319.1"]) {
      const stream = reading(await opened(port, resume(headers, encodeURIComponent(id))))
      expect(stream.incoming.statusCode).toBe(200)
      await eventually(() => stream.text()).toMatch(/^id: \S+\.0\nretry: /)
      expect(face.stats().streams).toBe(1)
    }
  })
})
