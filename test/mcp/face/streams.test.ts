import { describe, expect, test } from "vitest"

import { fakeGateway } from "../../support/face-gateway.ts"
import {
  ask,
  both,
  faceServer,
  http,
  json,
  legacy,
  opened,
  post,
  session,
} from "../../support/face-server.ts"
import { eventually, listening, listenRequest, sessionStream } from "../../support/face-stream.ts"

const before = {
  tools: { "a@1": {}, "b@1": {} },
  agents: { "reader@1": ["a@1"], "other@1": ["b@1"] },
}
/** `reader` sees another list, `other` the same one. */
const after = { ...before, agents: { "reader@1": ["a@1", "b@1"], "other@1": ["b@1"] } }
const quick = { listChangedDebounceMs: 5 }
const changed = "notifications/tools/list_changed"
const subscription = "io.modelcontextprotocol/subscriptionId"

describe("a changed catalog", () => {
  test("is told to those whose list changed, once, and to nobody else", async () => {
    const gateway = fakeGateway(before)
    const { port, face } = await faceServer(gateway, { limits: quick })
    const legacyReader = await sessionStream(port, await session(port, "reader@1"))
    const legacyOther = await sessionStream(port, await session(port, "other@1"))
    const modernReader = await listening(port, "reader@1")
    const modernOther = await listening(port, "other@1")
    await modernOther.arrived(1)
    gateway.swap(after)
    for (let again = 0; again < 5; again++) face.catalogChanged()

    expect(await legacyReader.arrived(1)).toEqual([{ jsonrpc: "2.0", method: changed }])
    expect(await modernReader.arrived(2)).toEqual([
      {
        jsonrpc: "2.0",
        method: "notifications/subscriptions/acknowledged",
        params: { notifications: { toolsListChanged: true }, _meta: { [subscription]: "sub-1" } },
      },
      { jsonrpc: "2.0", method: changed, params: { _meta: { [subscription]: "sub-1" } } },
    ])
    await face.drain() // every stream has said all it will say
    await Promise.all([legacyReader, legacyOther, modernOther].map((stream) => stream.over()))
    expect(legacyReader.messages()).toHaveLength(1)
    expect(legacyOther.messages()).toEqual([])
    expect(modernOther.messages()).toHaveLength(2) // the acknowledgement and the goodbye
  })

  test("ends the streams of those it no longer knows", async () => {
    const gateway = fakeGateway(before)
    const { port, face } = await faceServer(gateway, { limits: quick })
    const gone = await sessionStream(port, await session(port, "reader@1"))
    const goneToo = await listening(port, "reader@1")
    const stays = await listening(port, "other@1")
    gateway.swap({ ...before, agents: { "other@1": ["b@1"] } })
    face.catalogChanged()
    await Promise.all([gone.over(), goneToo.over()])
    expect(gone.messages()).toEqual([])
    expect(stays.isOver()).toBe(false)
    expect(face.stats().streams).toBe(1)
  })

  test("before the stream was there is told when the client has an older list", async () => {
    const gateway = fakeGateway(before)
    const { port, face } = await faceServer(gateway, { limits: quick })
    const headers = await session(port, "reader@1")
    await post(port, legacy("tools/list"), headers)
    gateway.swap(after)
    const stream = await sessionStream(port, headers)
    face.catalogChanged()
    expect(await stream.arrived(1)).toMatchObject([{ method: changed }])
  })

  test("reaches 500 sessions and 500 listeners, of which half have another list", async () => {
    const gateway = fakeGateway(before)
    const { port, face } = await faceServer(gateway, { limits: quick })
    const each = [...Array(250).keys()]
    const open = async (agent: string) => [
      ...(await Promise.all(each.map(async () => sessionStream(port, await session(port, agent))))),
      ...(await Promise.all(each.map((id) => listening(port, agent, undefined, id)))),
    ]
    const readers = await open("reader@1")
    const others = await open("other@1")
    expect(face.stats()).toMatchObject({ sessions: 500, streams: 1_000 })
    expect((await ask(port, "reader@1", "tools/list")).status).toBe(200)
    gateway.swap(after)
    face.catalogChanged()
    const told = (stream: (typeof readers)[number]) => stream.text().split(changed).length - 1
    await eventually(() => readers.every((stream) => told(stream) === 1)).toBe(true)
    await face.drain()
    await Promise.all([...readers, ...others].map((stream) => stream.over()))
    expect(readers.map(told)).toEqual(Array(500).fill(1))
    expect(others.map(told)).toEqual(Array(500).fill(0))
    await eventually(() => face.stats().streams).toBe(0)
  }, 20_000)
})

describe("the GET stream of a session", () => {
  test("is one: a second takes the place of the first", async () => {
    const gateway = fakeGateway(before)
    const { port, face } = await faceServer(gateway, { limits: quick })
    const headers = await session(port, "reader@1")
    const first = await sessionStream(port, headers)
    const second = await sessionStream(port, headers)
    await first.over()
    gateway.swap(after)
    face.catalogChanged()
    await second.arrived(1)
    expect(first.messages()).toEqual([])
    expect(face.stats()).toMatchObject({ sessions: 1, streams: 1 })
  })

  test("has the headers of a stream that nobody may buffer or keep", async () => {
    const { port } = await faceServer(fakeGateway(before))
    const headers = await session(port, "reader@1")
    const { incoming } = await sessionStream(port, headers)
    expect(incoming.headers).toMatchObject({
      "content-type": "text/event-stream",
      "cache-control": "no-cache, no-store, no-transform",
      "x-accel-buffering": "no",
      "mcp-session-id": headers["mcp-session-id"],
    })
  })

  test("ends with its session", async () => {
    const { port, face } = await faceServer(fakeGateway(before))
    const headers = await session(port, "reader@1")
    const stream = await sessionStream(port, headers)
    await http(port, { method: "DELETE", headers })
    await stream.over()
    expect(face.stats()).toMatchObject({ sessions: 0, streams: 0 })
  })

  test("is not opened for a session that ends meanwhile", async () => {
    const fake = fakeGateway(before)
    const [entered, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    let isHeld = false
    const { port, face } = await faceServer({
      ...fake,
      async identify(...asked) {
        if (isHeld) {
          isHeld = false
          entered.resolve()
          await held.promise
        }
        return fake.identify(...asked)
      },
    })
    const headers = await session(port, "reader@1")
    isHeld = true
    const opening = sessionStream(port, headers)
    await entered.promise
    await http(port, { method: "DELETE", headers })
    held.resolve()
    expect((await opening).incoming.statusCode).toBe(404)
    expect(face.stats()).toMatchObject({ sessions: 0, streams: 0 })
  })

  test("hears a comment when it has been silent for long", async () => {
    const { port } = await faceServer(fakeGateway(before), { limits: { keepAliveMs: 30 } })
    const stream = await sessionStream(port, await session(port, "reader@1"))
    await eventually(() => stream.text()).toMatch(/(: ka\n\n){2,}$/)
  })

  test("is refused with 503 where there are too many, and the others stay", async () => {
    const { port, face } = await faceServer(fakeGateway(before), { limits: { streamsMax: 1 } })
    const first = await sessionStream(port, await session(port, "reader@1"))
    const second = await sessionStream(port, await session(port, "reader@1"))
    expect(second.incoming.statusCode).toBe(503)
    expect(second.incoming.headers["retry-after"]).toBe("30")
    const { text } = await ask(port, "reader@1", "subscriptions/listen", {
      notifications: { toolsListChanged: true },
    })
    expect(JSON.parse(text)).toMatchObject({ id: 1, error: { code: -32603 } })
    expect(first.isOver()).toBe(false)
    expect(face.stats().streams).toBe(1)
  })
})

describe("a stream in place of another", () => {
  test("needs no more room than that has, and the other stays until it is there", async () => {
    const limits = { streamsMax: 3, streamsPerCallerMax: 1 }
    const { port, face } = await faceServer(fakeGateway(before), { limits })
    const headers = await session(port, "reader@1")
    const first = await sessionStream(port, headers)
    const second = await sessionStream(port, headers)
    await first.over()
    await eventually(() => face.stats().streams).toBe(1)
    const refused = await sessionStream(port, await session(port, "reader@1"))
    expect(refused.incoming.statusCode).toBe(503)
    expect(second.isOver()).toBe(false)
    await sessionStream(port, await session(port, "other@1"))
    expect(face.stats().streams).toBe(2)
    second.incoming.destroy()
    await eventually(() => face.stats().streams).toBe(1)
    const third = await sessionStream(port, headers)
    expect(third.incoming.statusCode).toBe(200)
  })
})

describe("subscriptions/listen", () => {
  test("acknowledges what it honours, keeping the id's type, and nothing else", async () => {
    const { port } = await faceServer(fakeGateway(before))
    const wish = { toolsListChanged: true, resourceSubscriptions: ["x:y"] }
    const stream = await listening(port, "reader@1", wish, 7)
    expect(await stream.arrived(1)).toEqual([
      {
        jsonrpc: "2.0",
        method: "notifications/subscriptions/acknowledged",
        params: { notifications: { toolsListChanged: true }, _meta: { [subscription]: 7 } },
      },
    ])
    expect(stream.incoming.headers["content-type"]).toBe("text/event-stream")
  })

  test.each([[{ resourceSubscriptions: ["x:y"] }], [{}], [{ toolsListChanged: false }]])(
    "that can honour nothing of %o ends at once",
    async (wish) => {
      const { port, face } = await faceServer(fakeGateway(before))
      const stream = await listening(port, "reader@1", wish, "s")
      await stream.over()
      expect(stream.messages()).toMatchObject([
        { params: { notifications: {}, _meta: { [subscription]: "s" } } },
        { id: "s", result: { resultType: "complete", _meta: { [subscription]: "s" } } },
      ])
      expect(face.stats().streams).toBe(0)
    },
  )

  test("ends with its result when the gateway drains", async () => {
    const { port, face } = await faceServer(fakeGateway(before))
    const stream = await listening(port, "reader@1")
    await stream.arrived(1)
    await face.drain()
    await stream.over()
    expect(stream.messages().at(-1)).toMatchObject({
      id: "sub-1",
      result: { resultType: "complete", _meta: { [subscription]: "sub-1" } },
    })
  })

  test("needs notifications, a stream, and a caller that is known", async () => {
    const { port } = await faceServer(fakeGateway(before))
    expect(json(await ask(port, "reader@1", "subscriptions/listen"))).toMatchObject({
      error: { code: -32602 },
    })
    const params = { notifications: {} }
    const headers = { accept: "application/json" }
    expect((await ask(port, "reader@1", "subscriptions/listen", params, headers)).status).toBe(406)
    expect((await ask(port, "nobody@1", "subscriptions/listen", params)).status).toBe(403)
  })

  test("is gone from the books when its reader is", async () => {
    const { port, face } = await faceServer(fakeGateway(before))
    const stream = await listening(port, "reader@1")
    await stream.arrived(1)
    expect(face.stats().streams).toBe(1)
    stream.incoming.destroy()
    await eventually(() => face.stats().streams).toBe(0)
  })
})

describe("a reader that left before its stream was there", () => {
  test.each(["GET", "subscriptions/listen"])("leaves nothing behind (%s)", async (kind) => {
    const gateway = fakeGateway(before)
    const { promise: known, resolve: know } = Promise.withResolvers<void>()
    let waiting = 0
    let isSlow = false
    const slow: typeof gateway = {
      ...gateway,
      async identify(evidence, catalog) {
        if (isSlow) {
          waiting++
          await known
        }
        return gateway.identify(evidence, catalog)
      },
    }
    const { port, face, connections } = await faceServer(slow)
    const headers = await session(port, "reader@1")
    isSlow = true
    const { signal, abort } = abortable()
    const asked =
      kind === "GET"
        ? opened(port, { method: "GET", headers: { ...headers, accept: both }, signal })
        : opened(port, { ...listenRequest("reader@1"), signal })
    const left = expect(asked).rejects.toThrow("aborted")
    await eventually(() => waiting).toBe(1)
    abort()
    await left
    await expect.poll(connections).toBe(0)
    know()
    await eventually(() => face.stats().inFlight).toBe(0)
    expect(face.stats().streams).toBe(0)
  })
})

function abortable() {
  const controller = new AbortController()
  return { signal: controller.signal, abort: () => controller.abort() }
}
