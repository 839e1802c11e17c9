import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import { openBackend, type TestBackend } from "../support/e2e-backend.ts"
import { callTool, startGateway, type TestGateway } from "../support/e2e-gateway.ts"
import { becomes } from "../support/e2e-process.ts"
import { as, http, initialize, json, legacy, post, session } from "../support/face-server.ts"
import { sessionStream } from "../support/face-stream.ts"

const registry = {
  tools: { echo: "web", held: "web" },
  agents: { a: ["echo", "held"], b: ["echo"] },
}
const env = { SESSION_KEY: "a session key that only a test would use" }
const config = {
  session: { key: "${SESSION_KEY}" },
  limits: { sessions: 40, sessionsPerCaller: 30 },
}

let backend: TestBackend
let gateway: TestGateway
beforeAll(async () => {
  backend = await openBackend()
  gateway = await startGateway({ registry, env, config, servers: servers() })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
})
const servers = () => ({ "web:1.0.0": { url: backend.url } })

const echo = legacy("tools/call", { name: "echo", arguments: { n: 1 } }, 7)
const notFound = { error: { code: -32001, message: "Session not found" } }

describe("a session", () => {
  test("carries the calls of whoever opened it", async () => {
    const mine = await session(gateway.port, "a@1.0.0")
    const answer = await post(gateway.port, echo, mine)
    expect(json(answer)).toMatchObject({ id: 7, result: { content: [{ text: '{"n":1}' }] } })
  })

  test("is nobody's in other hands: a replayed id gives no rights, not even those of its owner", async () => {
    const stolen = await session(gateway.port, "a@1.0.0")
    const before = backend.called.length
    const answer = await post(gateway.port, echo, { ...stolen, ...as("b@1.0.0") })
    expect(answer.status).toBe(404)
    expect(json(answer)).toMatchObject(notFound)
    const { "x-agent-name": _, "x-agent-version": __, ...bare } = stolen
    expect((await post(gateway.port, echo, bare)).status).toBeGreaterThanOrEqual(400)
    expect(backend.called).toHaveLength(before)
    const records = gateway.audit().filter(({ refusal }) => refusal === "unknown_session")
    expect(records.length).toBeGreaterThan(0)
  })

  test("of a tampered id is none, whichever character was changed", async () => {
    const mine = await session(gateway.port, "a@1.0.0")
    const id = String(mine["mcp-session-id"])
    const at = [0, 1, 3, 5, Math.floor(id.length / 2), id.length - 2, id.length - 1]
    const changed = at.map((n) => `${id.slice(0, n)}${id[n] === "A" ? "B" : "A"}${id.slice(n + 1)}`)
    const others = [
      "x",
      "p1.k.",
      id.slice(0, -1),
      `${id}A`,
      id.toUpperCase(),
      "p1..",
      `${id} `.repeat(3),
    ]
    for (const forged of [...changed, ...others]) {
      const answer = await post(gateway.port, echo, { ...mine, "mcp-session-id": forged })
      expect([forged, answer.status]).toEqual([forged, 404])
      expect(json(answer)).toMatchObject(notFound)
    }
    expect(await post(gateway.port, echo, mine)).toMatchObject({ status: 200 })
  })

  test("is over after DELETE, and a replay of its id is refused", async () => {
    const mine = await session(gateway.port, "a@1.0.0")
    const ended = await http(gateway.port, { method: "DELETE", headers: mine })
    expect(ended.status).toBe(200)
    expect(await post(gateway.port, echo, mine)).toMatchObject({ status: 404 })
    expect(await http(gateway.port, { method: "DELETE", headers: mine })).toMatchObject({
      status: 404,
    })
  })

  test("is missing: 400; unknown methods in it are errors; a wrong version is refused", async () => {
    expect(await post(gateway.port, echo, as("a@1.0.0"))).toMatchObject({ status: 400 })
    const mine = await session(gateway.port, "a@1.0.0")
    const unknown = await post(gateway.port, legacy("tools/burn"), mine)
    expect(json(unknown)).toMatchObject({ error: { code: -32601 } })
    const old = { ...mine, "mcp-protocol-version": "1999-01-01" }
    expect(await post(gateway.port, echo, old)).toMatchObject({ status: 400 })
  })

  test("lets a client cancel its own call, and no other's", async () => {
    const [mine, other] = [
      await session(gateway.port, "a@1.0.0"),
      await session(gateway.port, "a@1.0.0"),
    ]
    const slow = post(gateway.port, legacy("tools/call", { name: "held" }, "c1"), mine)
    await becomes(() => backend.held() === 1, "held")
    const cancel = {
      jsonrpc: "2.0",
      method: "notifications/cancelled",
      params: { requestId: "c1" },
    }
    expect(await post(gateway.port, cancel, other)).toMatchObject({ status: 202 })
    expect(backend.held()).toBe(1)
    expect(await post(gateway.port, cancel, mine)).toMatchObject({ status: 202 })
    await slow
    await becomes(() => backend.held() === 0, "cancelled")
  })

  test("keeps one stream: a second one takes the place of the first", async () => {
    const mine = await session(gateway.port, "a@1.0.0")
    const first = await sessionStream(gateway.port, mine)
    const second = await sessionStream(gateway.port, mine)
    await first.over()
    expect(second.isOver()).toBe(false)
  })
})

describe("a flood of sessions", () => {
  test("ends the caller's own longest unused ones, then is refused with 503, and others go on", async () => {
    const mine = await session(gateway.port, "b@1.0.0")
    const answers = []
    for (let n = 0; n < 60; n++) answers.push(await post(gateway.port, initialize(), as("a@1.0.0")))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    const { face } = await gateway.status()
    expect(face).toMatchObject({ sessions: expect.any(Number) })
    expect((face as { sessions: number }).sessions).toBeLessThanOrEqual(40)
    expect(await post(gateway.port, echo, mine)).toMatchObject({ status: 200 })
    const more = []
    for (let n = 0; n < 20; n++) more.push(await post(gateway.port, initialize(), as("b@1.0.0")))
    const full = more.at(-1)
    expect(full).toMatchObject({ status: 503, headers: { "retry-after": "30" } })
    expect(await callTool(gateway, "b@1.0.0", "echo", { n: 2 })).toMatchObject({
      content: [{ text: '{"n":2}' }],
    })
  })
})

describe("a session's id", () => {
  const start = async (key: string) => {
    const other = await startGateway({
      registry,
      config: { ...config, audit: { file: "./other.jsonl" } },
      env: { SESSION_KEY: key },
      servers: servers(),
    })
    onTestFinished(() => other[Symbol.asyncDispose]())
    return other
  }

  test("is good at another replica with the same key, and worth nothing under another key", async () => {
    const [replica, stranger] = [
      await start(env.SESSION_KEY),
      await start("another key, just as long as the first is"),
    ]
    const mine = await session(replica.port, "a@1.0.0")
    expect(await post(stranger.port, echo, mine)).toMatchObject({ status: 404 })
    const [again] = [await start(env.SESSION_KEY)]
    expect(await replica.stop()).toMatchObject({ code: 0 })
    const answer = await post(again.port, echo, mine)
    expect(json(answer)).toMatchObject({ result: { content: [{ text: '{"n":1}' }] } })
  })
})
