import { describe, expect, test } from "vitest"

import { createSeal } from "../../../src/mcp/face/seal.ts"
import { openToken } from "../../../src/mcp/face/session-token.ts"
import { fakeGateway } from "../../support/face-gateway.ts"
import {
  as,
  type FaceServer,
  faceServer,
  http,
  initialize,
  json,
  legacy,
  opened,
  post,
  session,
  sessionKey,
} from "../../support/face-server.ts"
import { eventually } from "../../support/face-stream.ts"

const sketch = {
  tools: { "echo@1": {} },
  agents: { "reader@1": ["echo@1"], "other@1": ["echo@1"] },
}
const list = legacy("tools/list")
const status = async (port: number, headers: Record<string, string>) =>
  (await post(port, list, headers)).status

const stream = (port: number, headers: Record<string, string>) =>
  opened(port, { method: "GET", headers: { ...headers, accept: "text/event-stream" } })

describe("a session in the hands of another caller", () => {
  test("does not exist, whatever is asked of it, and its owner notices nothing", async () => {
    const gateway = fakeGateway(sketch)
    const { port } = await faceServer(gateway)
    const mine = await session(port, "reader@1")
    const theirs = { ...mine, ...as("other@1") }
    const own = await stream(port, mine)
    for (const message of [
      list,
      legacy("ping"),
      legacy("tools/call", { name: "echo" }),
      legacy("logging/setLevel", { level: "error" }),
      legacy("nosuch"),
      { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } },
      { jsonrpc: "2.0", id: 1, result: {} },
    ]) {
      const answer = await post(port, message, theirs)
      expect(answer.status).toBe(404)
      expect(json(answer)).toMatchObject({ error: { code: -32001, message: "Session not found" } })
    }
    for (const method of ["GET", "DELETE"]) {
      const headers = { ...theirs, accept: "text/event-stream" }
      expect((await http(port, { method, headers })).status).toBe(404)
    }
    expect(gateway.calls).toEqual([])
    expect(await status(port, mine)).toBe(200)
    expect(own.destroyed).toBe(false)
    own.destroy()
  })

  test("sounds like one that never was", async () => {
    const { port } = await faceServer(fakeGateway(sketch))
    const mine = await session(port, "reader@1")
    const stolen = await post(port, list, { ...mine, ...as("other@1") })
    const invented = await post(port, list, { ...mine, "mcp-session-id": "p1.k1.nonsense" })
    expect(json(stolen)).toMatchObject({ error: { code: -32001, message: "Session not found" } })
    expect(json(invented)).toMatchObject({ error: { code: -32001, message: "Session not found" } })
    expect(stolen.status).toBe(invented.status)
  })
})

describe("a session token", () => {
  test("that anybody changed is none: every single character counts", async () => {
    const { port } = await faceServer(fakeGateway(sketch))
    const mine = await session(port, "reader@1")
    const token = String(mine["mcp-session-id"])
    for (let at = 0; at < token.length; at += 7) {
      const other = token[at] === "A" ? "B" : "A"
      const changed = `${token.slice(0, at)}${other}${token.slice(at + 1)}`
      expect(await status(port, { ...mine, "mcp-session-id": changed })).toBe(404)
    }
    for (const changed of [`${token}A`, token.slice(0, -1), `${token}=`, "x", "p1..", "p1.k1."])
      expect(await status(port, { ...mine, "mcp-session-id": changed })).toBe(404)
    expect(await status(port, mine)).toBe(200)
  })

  test("has one spelling: bits that decoders ignore are refused", () => {
    const seal = createSeal([sessionKey], "p")
    const sealed = seal.seal("12345") // 33 bytes fill their Base64; 32 would leave bits over
    const spare = seal.seal("1234")
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    const last = alphabet.indexOf(spare.at(-1) ?? "")
    const twin = spare.slice(0, -1) + alphabet[last ^ 1]
    expect(seal.open(sealed)).toBe("12345")
    expect(seal.open(spare)).toBe("1234")
    expect(Buffer.from(twin.slice(6), "base64url")).toEqual(
      Buffer.from(spare.slice(6), "base64url"),
    )
    expect(seal.open(twin)).toBeUndefined()
  })

  test("of another key, another endpoint or another purpose is none", async () => {
    const { port } = await faceServer(fakeGateway(sketch))
    const foreignKey = { kid: "k1", key: new Uint8Array(32).fill(8) }
    const others: FaceServer[] = [
      await faceServer(fakeGateway(sketch), { sessionKeys: [foreignKey] }),
      await faceServer(fakeGateway(sketch), { publicUrl: "https://gate.example/mcp" }),
    ]
    for (const other of others)
      expect(await status(port, await session(other.port, "reader@1"))).toBe(404)
    const cursor = createSeal([sessionKey], "postern/cursor/1 /mcp").seal("x".repeat(80))
    expect(await status(port, { ...as("reader@1"), "mcp-session-id": cursor })).toBe(404)
  })

  test("outlives the process and moves between replicas that share the key", async () => {
    const first = await faceServer(fakeGateway(sketch))
    const headers = await session(first.port, "reader@1")
    await first.close()
    const second = await faceServer(fakeGateway(sketch))
    expect(await status(second.port, headers)).toBe(200)
    expect(await status(second.port, { ...headers, ...as("other@1") })).toBe(404)
  })

  test("of an older key is good until that key is gone, and fresh ones have the first key", async () => {
    const young = { kid: "k2", key: new Uint8Array(32).fill(9) }
    const before = await faceServer(fakeGateway(sketch), { sessionKeys: [sessionKey] })
    const during = await faceServer(fakeGateway(sketch), { sessionKeys: [young, sessionKey] })
    const after = await faceServer(fakeGateway(sketch), { sessionKeys: [young] })
    const old = await session(before.port, "reader@1")
    expect(await status(during.port, old)).toBe(200)
    expect(await status(after.port, old)).toBe(404)
    const fresh = await session(during.port, "reader@1")
    expect(fresh["mcp-session-id"]).toMatch(/^p1\.k2\./)
    expect(await status(after.port, fresh)).toBe(200)
  })

  test("holds what a replica needs, short enough for a header", async () => {
    const gateway = fakeGateway(sketch)
    const { port } = await faceServer(gateway)
    const name = "n".repeat(5_000)
    const { params, ...rest } = initialize()
    const long = { ...rest, params: { ...params, clientInfo: { name, version: name } } }
    const answer = await post(port, long, as("reader@1"))
    const token = String(answer.headers["mcp-session-id"])
    expect(token.length).toBeLessThan(900)
    const seal = createSeal([sessionKey], "postern/session/1 /mcp")
    expect(openToken(seal, token)).toMatchObject({
      agent: "reader@1",
      trust: "asserted",
      by: ["header"],
      version: "2025-11-25",
      clientInfo: { name: "n".repeat(128) },
      issuedMs: Math.floor(gateway.clock.now),
    })
  })

  test("needs keys that are keys", () => {
    expect(() => createSeal([], "p")).toThrow(TypeError)
    expect(() => createSeal([{ kid: "k", key: new Uint8Array(16) }], "p")).toThrow(
      "expected 32 bytes",
    )
    expect(() => createSeal([{ kid: "a.b", key: new Uint8Array(32) }], "p")).toThrow(RangeError)
  })
})

describe("the life of sessions", () => {
  const minute = 60_000

  test("ends 30 minutes after their last use, open stream or not", async () => {
    const gateway = fakeGateway(sketch)
    const { port, face } = await faceServer(gateway, { limits: { sessionIdleMs: 30 * minute } })
    const headers = await session(port, "reader@1")
    const open = await stream(port, headers)
    gateway.clock.now += 29 * minute
    expect(await status(port, headers)).toBe(200)
    gateway.clock.now += 29 * minute
    expect(await status(port, headers)).toBe(200)
    gateway.clock.now += 30 * minute
    expect(await status(port, headers)).toBe(404)
    open.resume()
    await new Promise((resolve) => open.once("close", resolve))
    expect(face.stats()).toMatchObject({ sessions: 0, streams: 0 })
    expect(await status(port, headers)).toBe(404) // and does not come back
  })

  test("ends by the sweep, too, when nobody asks", async () => {
    const gateway = fakeGateway(sketch)
    const { port, face } = await faceServer(gateway, { limits: { sessionIdleMs: 40 } })
    await session(port, "reader@1")
    expect(face.stats().sessions).toBe(1)
    gateway.clock.now += 41
    await eventually(() => face.stats().sessions).toBe(0)
  })

  test("ends with the token's age, however busy", async () => {
    const gateway = fakeGateway(sketch)
    const { port } = await faceServer(gateway, {
      limits: { sessionLifetimeMs: 50 * minute, sessionIdleMs: 30 * minute },
    })
    const headers = await session(port, "reader@1")
    for (let used = 0; used < 2; used++) {
      gateway.clock.now += 20 * minute
      expect(await status(port, headers)).toBe(200)
    }
    gateway.clock.now += 10 * minute
    expect(await status(port, headers)).toBe(404)
  })

  test("does not end during a call", async () => {
    const gate = Promise.withResolvers<void>()
    const gateway = fakeGateway(sketch, async () => {
      await gate.promise
      return { kind: "result", result: { content: [] } }
    })
    const { port } = await faceServer(gateway)
    const headers = await session(port, "reader@1")
    const answer = post(port, legacy("tools/call", { name: "echo" }), headers)
    await eventually(() => gateway.calls.length).toBe(1)
    gateway.clock.now += 31 * minute
    expect(await status(port, headers)).toBe(200)
    gate.resolve()
    expect((await answer).status).toBe(200)
  })

  test("over the limit of the process: 503 with a time to come back, and the others stay", async () => {
    const { port, face } = await faceServer(fakeGateway(sketch), { limits: { sessionsMax: 2 } })
    const first = await session(port, "reader@1")
    await session(port, "reader@1")
    const answer = await post(port, initialize(), as("reader@1"))
    expect(answer.status).toBe(503)
    expect(answer.headers["retry-after"]).toBe("30")
    expect(await status(port, first)).toBe(200)
    expect(face.stats().sessions).toBe(2)
  })

  test("over the limit of one caller: its longest unused one makes room, nobody else's", async () => {
    const gateway = fakeGateway(sketch)
    const { port } = await faceServer(gateway, { limits: { sessionsPerCallerMax: 2 } })
    const other = await session(port, "other@1")
    gateway.clock.now += 1
    const [first, second] = [await session(port, "reader@1"), await session(port, "reader@1")]
    gateway.clock.now += 1
    await status(port, first)
    const third = await session(port, "reader@1")
    expect(await status(port, second)).toBe(404)
    for (const alive of [first, third, other]) expect(await status(port, alive)).toBe(200)
  })

  test("with a call in flight is kept: an idle one makes room, or nobody comes in", async () => {
    const held = Promise.withResolvers<void>()
    let waiting = 0
    const gateway = fakeGateway(sketch, async () => {
      waiting++
      await held.promise
      return { kind: "result", result: { content: [] } }
    })
    const { port } = await faceServer(gateway, { limits: { sessionsPerCallerMax: 2 } })
    const busy = await session(port, "reader@1")
    const calls = [post(port, legacy("tools/call", { name: "echo" }), busy)]
    await eventually(() => waiting).toBe(1)
    gateway.clock.now += 1
    const idle = await session(port, "reader@1")
    const next = await session(port, "reader@1")
    expect(await status(port, idle)).toBe(404)
    calls.push(post(port, legacy("tools/call", { name: "echo" }), next))
    await eventually(() => waiting).toBe(2)
    const refused = await post(port, initialize(), as("reader@1"))
    expect(refused).toMatchObject({ status: 503, headers: { "retry-after": "30" } })
    expect(await status(port, await session(port, "other@1"))).toBe(200)
    held.resolve()
    for (const answer of await Promise.all(calls)) expect(json(answer)).toHaveProperty("result")
    expect(await status(port, busy)).toBe(200)
  })
})
