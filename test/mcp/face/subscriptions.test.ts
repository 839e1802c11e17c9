import { describe, expect, test } from "vitest"

import { fakeGateway } from "../../support/face-gateway.ts"
import { newsroom } from "../../support/face-news.ts"
import { faceServer, http, json, legacy, post, session } from "../../support/face-server.ts"
import { eventually, listening, sessionStream } from "../../support/face-stream.ts"

const sketch = {
  tools: { "a@1": {}, "b@1": { server: "second@1.0.0" } },
  agents: { "reader@1": ["a@1"], "other@1": ["b@1"], "both@1": ["a@1", "b@1"] },
}
const subscription = "io.modelcontextprotocol/subscriptionId"

async function world(limits: object = {}) {
  const news = newsroom()
  const fake = fakeGateway(sketch)
  const gateway = { ...fake, backends: { ...fake.backends, follow: news.follow } }
  const server = await faceServer(gateway, { limits: { listChangedDebounceMs: 5, ...limits } })
  const ask = async (headers: Record<string, string>, method: string, uri: unknown) =>
    json(await post(server.port, legacy(method, { uri }), headers))
  return { ...server, ask, news, swap: fake.swap, records: fake.records }
}

const updated = (uri: string, more: object = {}) => ({
  jsonrpc: "2.0",
  method: "notifications/resources/updated",
  params: { uri, ...more },
})

describe("resources/subscribe", () => {
  test("tells its own session of updates, and no other, until it is taken back", async () => {
    const { port, ask, news, face } = await world()
    const mine = await session(port, "reader@1")
    const [stream, foreign] = [
      await sessionStream(port, mine),
      await sessionStream(port, await session(port, "reader@1")),
    ]
    expect(await ask(mine, "resources/subscribe", "x:1")).toMatchObject({ id: 1, result: {} })
    news.updated("x:1", { title: "new", _meta: { "a/b": 1, [subscription]: "theirs" } })
    expect(await stream.arrived(1)).toEqual([updated("x:1", { title: "new", _meta: { "a/b": 1 } })])
    news.updated("x:1/part")
    expect(await stream.arrived(2)).toMatchObject([{}, updated("x:1/part")])
    expect(await ask(mine, "resources/unsubscribe", "x:1")).toMatchObject({ result: {} })
    news.updated("x:1")
    await face.drain()
    await Promise.all([stream.over(), foreign.over()])
    expect([stream.messages().length, foreign.messages().length]).toEqual([2, 0])
  })

  test("keeps what happens while no stream is open, once for each resource", async () => {
    const { port, ask, news } = await world()
    const mine = await session(port, "reader@1")
    await ask(mine, "resources/subscribe", "x:1")
    await ask(mine, "resources/subscribe", "x:2")
    for (let again = 0; again < 50; again++) news.updated("x:1")
    news.updated("x:2")
    const stream = await sessionStream(port, mine)
    expect(await stream.arrived(2)).toEqual([updated("x:1"), updated("x:2")])
  })

  test("is refused for what the caller may not read, and where the server does not tell", async () => {
    const { port, ask, news, records } = await world()
    const both = await session(port, "both@1")
    expect(await ask(both, "resources/subscribe", "x:1")).toMatchObject({
      error: { code: -32602, data: { uri: "x:1" } },
    })
    expect(records.at(-1)).toMatchObject({ kind: "request", refusal: "unknown_resource" })
    const mine = await session(port, "reader@1")
    expect(await ask(mine, "resources/subscribe", "y:1")).toMatchObject({
      error: { code: -32603, message: expect.stringContaining("does not tell") },
    })
    for (const uri of [undefined, 7, null, ["x:1"]])
      expect(await ask(mine, "resources/subscribe", uri)).toMatchObject({ error: { code: -32602 } })
    expect(news.followed()).toEqual([])
  })

  test("is limited for each session, and asked for twice counts once", async () => {
    const { port, ask, news } = await world({ subscriptionsMax: 2 })
    const mine = await session(port, "reader@1")
    for (const uri of ["x:1", "x:2", "x:1"])
      expect(await ask(mine, "resources/subscribe", uri)).toMatchObject({ result: {} })
    expect(await ask(mine, "resources/subscribe", "x:3")).toMatchObject({
      error: { message: expect.stringContaining("limits.subscriptions") },
    })
    await ask(mine, "resources/unsubscribe", "x:2")
    expect(await ask(mine, "resources/subscribe", "x:3")).toMatchObject({ result: {} })
    expect(news.followed()).toEqual(["server@1.0.0 x:1", "server@1.0.0 x:3"])
  })

  test("is limited also when many are asked for at the same time", async () => {
    const news = newsroom()
    const fake = fakeGateway(sketch)
    const held = Promise.withResolvers<boolean>()
    let asked = 0
    const server = await faceServer(
      {
        ...fake,
        backends: { ...fake.backends, follow: news.follow },
        audit(record) {
          if (record.target?.name?.startsWith("x:") !== true) return fake.audit(record)
          asked++
          return held.promise
        },
      },
      { limits: { subscriptionsMax: 2 } },
    )
    const mine = await session(server.port, "reader@1")
    const answers = ["x:1", "x:2", "x:3", "x:4", "x:5"].map(async (uri) =>
      json(await post(server.port, legacy("resources/subscribe", { uri }), mine)),
    )
    await Promise.race([Promise.all(answers.slice(2)), eventually(() => asked).toBe(5)])
    held.resolve(true)
    const refused = (await Promise.all(answers)).filter((one) =>
      Object.hasOwn(one as object, "error"),
    )
    expect(refused).toHaveLength(3)
    expect(news.followed()).toHaveLength(2)
  })

  test("ends with the session, and with the right to read", async () => {
    const { port, ask, news, swap, face } = await world()
    const [ended, outlawed] = [await session(port, "reader@1"), await session(port, "both@1")]
    await sessionStream(port, outlawed)
    await ask(ended, "resources/subscribe", "x:1")
    await ask(outlawed, "resources/subscribe", "postern:second@1.0.0/x:2")
    expect(news.followed()).toContain("second@1.0.0 x:2")
    await http(port, { method: "DELETE", headers: ended })
    expect(news.followed().filter((one) => one.endsWith("x:1"))).toEqual([])
    swap({ ...sketch, agents: { ...sketch.agents, "both@1": ["a@1"] } })
    face.catalogChanged()
    await eventually(() => news.followed().filter((one) => one.startsWith("second"))).toEqual([])
  })
})

describe("a session without a stream", () => {
  test("keeps nothing of what its caller may no longer read", async () => {
    const { port, ask, news, swap, face } = await world()
    const mine = await session(port, "both@1")
    for (const uri of ["postern:second@1.0.0/x:2", "postern:server@1.0.0/x:1"])
      await ask(mine, "resources/subscribe", uri)
    swap({ ...sketch, agents: { ...sketch.agents, "both@1": ["a@1"] } })
    news.updated("x:2", {}, "second@1.0.0")
    news.updated("x:1")
    await eventually(() => news.followed()).toEqual(["server@1.0.0 x:1"])
    const stream = await sessionStream(port, mine)
    expect(await stream.arrived(1)).toEqual([updated("postern:server@1.0.0/x:1")])
    await face.drain()
    await stream.over()
    expect(stream.messages()).toHaveLength(1)
  })
})

describe("a reader that does not read", () => {
  test("is cut off, and nothing is followed for it any more", async () => {
    const { port, news, face } = await world({ streamBufferBytesMax: 200_000 })
    const stream = await listening(port, "reader@1", { resourceSubscriptions: ["x:1"] })
    await stream.arrived(1)
    stream.incoming.pause()
    const title = "x".repeat(50_000)
    await eventually(() => {
      news.updated("x:1", { title })
      return face.stats().streams
    }).toBe(0)
    expect(news.followed()).toEqual([])
  })
})

describe("a list of a server that changes", () => {
  test("is told to the sessions whose list is made of it, and to no other", async () => {
    const { port, news, face } = await world()
    const streams = await Promise.all(
      ["reader@1", "other@1", "both@1"].map(async (agent) =>
        sessionStream(port, await session(port, agent)),
      ),
    )
    await eventually(() => news.followed().length).toBe(8)
    news.list("prompts")
    news.list("resources", "second@1.0.0")
    news.list("tools") // the registry's list of tools is not the server's
    const [reader, other, both] = streams
    await both?.arrived(2)
    await face.drain()
    await Promise.all(streams.map((stream) => stream.over()))
    const methods = (stream: typeof reader) =>
      stream?.messages().map((message) => (message as { method: string }).method)
    const [prompts, resources] = ["prompts", "resources"].map(
      (of) => `notifications/${of}/list_changed`,
    )
    expect([reader, other, both].map(methods)).toEqual([
      [prompts],
      [resources],
      [prompts, resources],
    ])
  })

  test("is told when a reload gives a caller other servers", async () => {
    const { port, swap, face } = await world()
    const stream = await sessionStream(port, await session(port, "reader@1"))
    swap({ ...sketch, agents: { "reader@1": ["a@1", "b@1"] } })
    face.catalogChanged()
    const told = (await stream.arrived(3)) as { method: string }[]
    expect(told.map(({ method }) => method).sort()).toEqual(
      ["prompts", "resources", "tools"].map((of) => `notifications/${of}/list_changed`),
    )
  })
})

describe("subscriptions/listen", () => {
  const all = { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true }

  test("tells of lists and resources under its own id, after what it honours", async () => {
    const { port, news } = await world()
    const wish = { ...all, resourceSubscriptions: ["x:1", "y:1", "x:1"], unknown: true }
    const stream = await listening(port, "reader@1", wish, 7)
    const mark = { [subscription]: 7 }
    await stream.arrived(1)
    news.list("prompts")
    news.updated("x:1", { _meta: { [subscription]: "theirs", "a/b": 1 } })
    news.updated("y:1")
    expect(await stream.arrived(3)).toEqual([
      {
        jsonrpc: "2.0",
        method: "notifications/subscriptions/acknowledged",
        params: { notifications: { ...all, resourceSubscriptions: ["x:1"] }, _meta: mark },
      },
      { jsonrpc: "2.0", method: "notifications/prompts/list_changed", params: { _meta: mark } },
      updated("x:1", { _meta: { "a/b": 1, ...mark } }),
    ])
    stream.incoming.destroy()
    await eventually(news.followed).toEqual([])
  })

  test("tells of nothing that was not asked for", async () => {
    const { port, news, face } = await world()
    const stream = await listening(port, "reader@1", { promptsListChanged: true })
    await stream.arrived(1)
    expect(news.followed()).toEqual(["server@1.0.0 prompts"])
    news.list("resources")
    news.updated("x:1")
    await face.drain()
    await stream.over()
    expect(stream.messages()).toHaveLength(2) // the acknowledgement and the goodbye
  })

  test.each([
    ["no list", { resourceSubscriptions: "x:1" }],
    ["other things than URIs", { resourceSubscriptions: ["x:1", 1] }],
    ["more than there may be", { resourceSubscriptions: ["x:1", "x:2", "x:3"] }],
  ])("refuses %s of resources", async (_, wish) => {
    const { port, news } = await world({ subscriptionsMax: 2 })
    const stream = await listening(port, "reader@1", wish)
    let text = ""
    for await (const chunk of stream.incoming) text += chunk
    await stream.over()
    expect(`${text}${stream.text()}`).toContain('"code":-32602')
    expect(news.followed()).toEqual([])
  })

  test("leaves nothing behind where there are too many streams", async () => {
    const { port, news } = await world({ streamsMax: 1 })
    await (await listening(port, "reader@1", all)).arrived(1)
    const second = await listening(port, "other@1", all)
    await second.over()
    expect(second.text()).toContain("too many streams (limits.streams)")
    expect(news.followed().filter((one) => one.startsWith("second"))).toEqual([])
  })

  test("asks no server anything where its caller has no stream left", async () => {
    const { face, port, news } = await world({ streamsPerCallerMax: 1 })
    const first = await listening(port, "reader@1", all)
    await first.arrived(1)
    const asked = news.asked()
    const second = await listening(port, "reader@1", all)
    await second.over()
    expect(second.text()).toContain("too many streams of this caller (limits.streamsPerCaller)")
    expect(news.asked()).toBe(asked)
    const others = await listening(port, "other@1", all)
    await others.arrived(1)
    first.incoming.destroy()
    await eventually(() => face.stats().streams).toBe(1)
    await (await listening(port, "reader@1", all)).arrived(1)
  })
})
