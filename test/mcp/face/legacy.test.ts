import { beforeEach, describe, expect, test } from "vitest"

import { type FakeGateway, fakeGateway } from "../../support/face-gateway.ts"
import {
  as,
  faceServer,
  http,
  initialize,
  json,
  legacy,
  post,
  session,
} from "../../support/face-server.ts"

let gateway: FakeGateway
let port: number

beforeEach(async () => {
  gateway = fakeGateway({ tools: { "echo@1": {} }, agents: { "reader@1": ["echo@1"] } })
  port = (await faceServer(gateway, { instructions: "Be kind." })).port
})

describe("initialize", () => {
  test.each([
    ["2025-11-25", "2025-11-25"],
    ["2025-06-18", "2025-06-18"],
    ["2025-03-26", "2025-03-26"],
    ["2024-11-05", "2024-11-05"],
    ["2026-07-28", "2025-11-25"],
    ["1.0", "2025-11-25"],
  ])("asked for %s agrees on %s", async (asked, agreed) => {
    const answer = await post(port, initialize(asked), as("reader@1"))
    expect(answer.status).toBe(200)
    expect(json(answer)).toEqual({
      jsonrpc: "2.0",
      id: 1,
      result: {
        protocolVersion: agreed,
        capabilities: {
          tools: { listChanged: true },
          logging: {},
          resources: { subscribe: true, listChanged: true },
          prompts: { listChanged: true },
          completions: {},
        },
        serverInfo: { name: "postern", version: "0.0.1" },
        instructions: "Be kind.",
      },
    })
    expect(answer.headers["mcp-session-id"]).toMatch(/^[\x21-\x7e]{100,600}$/)
  })

  test("refuses parameters that are none", async () => {
    for (const params of [
      {},
      { protocolVersion: 1 },
      { protocolVersion: "2025-11-25", capabilities: {} },
    ]) {
      const answer = await post(port, legacy("initialize", params), as("reader@1"))
      expect(json(answer)).toMatchObject({ error: { code: -32602 } })
      expect(answer.headers["mcp-session-id"]).toBeUndefined()
    }
  })

  test("refuses a caller that nobody knows with 403, and begins nothing", async () => {
    const answer = await post(port, initialize(), as("nobody@1"))
    expect(answer.status).toBe(403)
    expect(json(answer)).toMatchObject({
      id: 1,
      error: { code: 403, data: { "dev.postern/refusal": { code: "unknown_caller" } } },
    })
    expect(answer.headers["mcp-session-id"]).toBeUndefined()
  })

  test("ignores a stale session id and begins anew", async () => {
    const { "mcp-session-id": old } = await session(port, "reader@1")
    for (const stale of [String(old), "nonsense"]) {
      const answer = await post(port, initialize(), { ...as("reader@1"), "mcp-session-id": stale })
      expect(answer.status).toBe(200)
      expect(answer.headers["mcp-session-id"]).not.toBe(stale)
    }
  })

  test("keeps the id's value and type", async () => {
    for (const id of [0, 1, "1", "", "é", -5]) {
      const answer = await post(port, initialize("2025-11-25", id), as("reader@1"))
      expect(json(answer)).toHaveProperty("id", id)
    }
  })

  test("is recorded as the beginning of a session", async () => {
    await session(port, "reader@1")
    expect(gateway.records).toMatchObject([
      { kind: "session", method: "initialize", era: "legacy", note: { session: "start" } },
    ])
  })
})

describe("a legacy session", () => {
  test("answers requests without its id with 400", async () => {
    for (const method of ["tools/list", "ping", "unknown"]) {
      const answer = await post(port, legacy(method), as("reader@1"))
      expect(answer.status).toBe(400)
      expect(json(answer)).toMatchObject({ id: 1, error: { code: -32600 } })
    }
    const notified = { jsonrpc: "2.0", method: "notifications/initialized" }
    expect((await post(port, notified, as("reader@1"))).status).toBe(400)
    expect((await http(port, { method: "DELETE", headers: as("reader@1") })).status).toBe(400)
    const stream = { accept: "text/event-stream", ...as("reader@1") }
    expect((await http(port, { method: "GET", headers: stream })).status).toBe(400)
  })

  test("takes notifications and responses with 202 and an empty body", async () => {
    const headers = await session(port, "reader@1")
    for (const message of [
      { jsonrpc: "2.0", method: "notifications/initialized" },
      { jsonrpc: "2.0", method: "notifications/roots/list_changed" },
      { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 99 } },
      { jsonrpc: "2.0", id: 7, result: {} },
      { jsonrpc: "2.0", id: 7, error: { code: 1, message: "no" } },
    ]) {
      expect(await post(port, message, headers)).toMatchObject({ status: 202, text: "" })
    }
  })

  test("answers ping", async () => {
    const answer = await post(port, legacy("ping", undefined, "p"), await session(port, "reader@1"))
    expect(json(answer)).toEqual({ jsonrpc: "2.0", id: "p", result: {} })
  })

  test.each([
    "server/discover",
    "subscriptions/listen",
    "vendor/thing",
    "__proto__",
    "constructor",
  ])("does not know %s: 200 and -32601", async (method) => {
    const answer = await post(port, legacy(method), await session(port, "reader@1"))
    expect(answer.status).toBe(200)
    expect(json(answer)).toMatchObject({ id: 1, error: { code: -32601 } })
  })

  test("needs no version header, and refuses one it does not speak with 400", async () => {
    const { "mcp-protocol-version": _, ...headers } = await session(port, "reader@1")
    expect((await post(port, legacy("tools/list"), headers)).status).toBe(200)
    const unknown = { ...headers, "mcp-protocol-version": "2023-01-01" }
    expect((await post(port, legacy("tools/list"), unknown)).status).toBe(400)
  })

  test("ends with DELETE, once and for good", async () => {
    const headers = await session(port, "reader@1")
    expect((await http(port, { method: "DELETE", headers })).status).toBe(200)
    expect((await http(port, { method: "DELETE", headers })).status).toBe(404)
    const answer = await post(port, legacy("tools/list"), headers)
    expect(answer.status).toBe(404)
    expect(json(answer)).toMatchObject({
      id: 1,
      error: { code: -32001, message: "Session not found" },
    })
    expect(gateway.records.map(({ note }) => note)).toEqual([
      { session: "start" },
      { session: "end" },
    ])
  })

  test("answers many requests at once", async () => {
    const headers = await session(port, "reader@1")
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, id) =>
        post(port, legacy("tools/list", undefined, id), headers),
      ),
    )
    expect(answers.map((answer) => (json(answer) as { id: number }).id)).toEqual([
      ...Array(20).keys(),
    ])
  })

  test("has no stream for modern requests: 405", async () => {
    const headers = { accept: "text/event-stream", "mcp-protocol-version": "2026-07-28" }
    const answer = await http(port, { method: "GET", headers: { ...headers, ...as("reader@1") } })
    expect(answer.status).toBe(405)
    expect(answer.headers.allow).toBe("POST")
  })

  test("answers a GET that accepts no stream with 406", async () => {
    const headers = { ...(await session(port, "reader@1")), accept: "application/json" }
    expect((await http(port, { method: "GET", headers })).status).toBe(406)
  })
})
