import { describe, expect, test } from "vitest"
import { Cancellation } from "../../../src/call/cancellation.ts"
import { json, serve, serveLegacy } from "../../support/backend-http.ts"
import {
  catalogServer,
  http,
  modernVersion,
  open,
  options,
  refusal,
  text,
  until,
} from "../../support/backend-world.ts"

const legacy = { options: { ...options, era: "legacy" as const } }

const initialized = (id: unknown, capabilities = {}) => ({
  jsonrpc: "2.0",
  id,
  result: { protocolVersion: "2025-06-18", capabilities, serverInfo: {} },
})

describe("a session with a legacy server", () => {
  test("is opened once, however many calls come first", async () => {
    const server = await serveLegacy()
    const { call } = open(http(server.url))
    await Promise.all(Array.from({ length: 50 }, () => call("echo")))
    expect(server.methods().slice(0, 3)).toEqual([
      "server/discover",
      "initialize",
      "notifications/initialized",
    ])
    expect(server.methods().filter((method) => method === "initialize")).toHaveLength(1)
  })

  test("carries its id and the negotiated version, and none before it is open", async () => {
    const server = await serve((message, response) => {
      if (message.method === "initialize") response.setHeader("mcp-session-id", "s-1")
      json(response, initialized(message.id))
    })
    const { call } = open(http(server.url, legacy))
    await call("x")
    const [initialize, notified, called] = server.seen
    expect(initialize?.headers).not.toHaveProperty("mcp-session-id")
    expect(initialize?.headers).not.toHaveProperty("mcp-method")
    for (const { headers } of [notified, called].flatMap((one) => one ?? []))
      expect(headers).toMatchObject({
        "mcp-session-id": "s-1",
        "mcp-protocol-version": "2025-06-18",
        accept: "application/json, text/event-stream",
      })
    expect(initialize?.message.params).toMatchObject({ capabilities: {} })
  })

  test("that the server forgot is opened again once, and every call is sent again", async () => {
    const server = await serveLegacy()
    const { call, backends } = open(http(server.url))
    await call("echo")
    server.forget()
    const replies = await Promise.all(
      Array.from({ length: 30 }, (_, index) => call("echo", { arguments: { index } })),
    )
    expect(replies.map(text)).toEqual(replies.map((_, index) => JSON.stringify({ index })))
    expect(server.methods().filter((method) => method === "initialize")).toHaveLength(2)
    expect(backends.status()).toMatchObject([{ state: "up", restarts: 0 }])
  })

  test("that the server forgot may be told with 400 and -32000, too", async () => {
    let session = 0
    const server = await serve((message, response, { headers }) => {
      if (message.method === "initialize") {
        session++
        response.setHeader("mcp-session-id", `s-${session}`)
      } else if (session === 1 && message.method === "tools/call") {
        const error = { code: -32000, message: "Bad Request: No valid session ID provided" }
        json(response, { jsonrpc: "2.0", id: null, error }, 400)
        return
      }
      const { id } = message
      if (message.method !== "tools/call") json(response, initialized(id))
      else json(response, { id, result: { session: headers["mcp-session-id"] } })
    })
    const { call } = open(http(server.url, legacy))
    expect(await call("x")).toEqual({ kind: "result", result: { session: "s-2" } })
  })

  test("is not opened again and again when the server forgets at once", async () => {
    const server = await serve((message, response) => {
      response.setHeader("mcp-session-id", "s-1")
      if (message.method === "tools/call") response.writeHead(404).end()
      else json(response, initialized(message.id))
    })
    const { call } = open(http(server.url, legacy))
    expect(refusal(await call("x"))).toMatchObject({ code: "backend_error", reason: "HTTP 404" })
    const counted = server.methods().filter((method) => method !== "tools/list")
    expect(counted).toEqual([
      ...["initialize", "notifications/initialized", "tools/call"],
      ...["initialize", "notifications/initialized", "tools/call"],
    ])
  })

  test("whose beginning the server never acknowledges is not waited for without end", async () => {
    const server = await serve((message, response) => {
      if (message.method === "initialize") json(response, initialized(message.id))
    })
    const { call, backends } = open(http(server.url, legacy), { limits: { connectMs: 200 } })
    expect(refusal(await call("x"))).toMatchObject({ code: "backend_unavailable", fate: "unsent" })
    expect(server.methods()).toEqual(["initialize", "notifications/initialized"])
    expect(backends.status()).toMatchObject([{ state: "down", lastError: "timeout" }])
  })

  test("goes on where the server takes no word of what was cancelled", async () => {
    const unanswered: unknown[] = []
    const server = await serve((message, response) => {
      const { id, method } = message
      if (method === "initialize") json(response, initialized(id, { tools: {} }))
      else if (method === "tools/list") json(response, { id, result: { tools: [] } })
      else if (method === "notifications/initialized") response.writeHead(202).end()
      else unanswered.push(method)
    })
    const { call, backends } = open(http(server.url, legacy), { limits: { connectMs: 300 } })
    const cancellations = Array.from({ length: 8 }, () => new Cancellation())
    const calls = cancellations.map((cancellation) => call("x", { cancellation }))
    await until(() => unanswered.length === 8)
    for (const cancellation of cancellations) cancellation.cancel()
    await Promise.all(calls)
    await until(() => unanswered.length > 8) // the first of them hold all connections for such words
    const list = () => backends.list(catalogServer("it"), "tools", "fresh")
    await until(async () => (await list()).isKnown)
    expect(await list()).toMatchObject({ items: [], isKnown: true })
  })

  test("is ended when the pool closes", async () => {
    const server = await serveLegacy()
    const { call, backends } = open(http(server.url))
    await call("echo")
    await backends.close()
    expect(server.methods().at(-1)).toBe("DELETE")
    expect(server.seen.at(-1)?.headers["mcp-session-id"]).toMatch(/^s-/)
  })

  test("answers the server's ping, and everything else it asks with an error", async () => {
    const server = await serveLegacy()
    const { call } = open(http(server.url))
    expect(text(await call("ask"))).toBe(
      '{"id":"q1","result":{}} {"id":"q2","error":{"code":-32601,"message":"Method not found"}}',
    )
  })

  test.each([
    ["an unknown version", { protocolVersion: "1999-01-01" }, {}],
    ["a session id with spaces", { protocolVersion: "2025-11-25" }, { "mcp-session-id": "a b" }],
  ])("is not opened with %s", async (_, result, headers: Record<string, string>) => {
    const server = await serve(({ id }, response) => {
      for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
      json(response, { jsonrpc: "2.0", id, result })
    })
    const { call } = open(http(server.url, legacy))
    expect(refusal(await call("x"))).toMatchObject({ code: "backend_unavailable" })
    expect(server.methods()).not.toContain("tools/call")
  })
})

describe("the era of an HTTP server", () => {
  const probes: [string, string, number, object | string][] = [
    ["legacy", "404", 404, ""],
    ["legacy", "405", 405, ""],
    ["legacy", "400 with -32000", 400, { id: null, error: { code: -32000, message: "m" } }],
    ["legacy", "-32601", 200, { error: { code: -32601, message: "m" } }],
    ["legacy", "an empty 202", 202, ""],
    ["modern", "-32021", 400, { error: { code: -32021, message: "m" } }],
    ["modern", "-32022 without an id", 400, { id: null, error: { code: -32022, message: "m" } }],
  ]
  test.each(probes)("is %s after %s to the probe", async (era, _, status, body) => {
    const server = await serve((message, response) => {
      const { id, method } = message
      if (method !== "server/discover")
        json(response, { id, result: { protocolVersion: "2025-11-25" } })
      else if (typeof body === "string") response.writeHead(status).end(body)
      else json(response, { jsonrpc: "2.0", id, ...body }, status)
    })
    const { call, backends } = open(http(server.url))
    expect((await call("x")).kind).toBe("result")
    expect(backends.status()).toMatchObject([{ era }])
  })

  test.each([401, 403, 500, 503, 429])("is not decided by %i", async (status) => {
    let isWell = false
    const server = await serve((message, response) => {
      const result = { supportedVersions: [modernVersion] }
      if (isWell) json(response, { jsonrpc: "2.0", id: message.id, result })
      else response.writeHead(status).end()
    })
    const { call, backends } = open(http(server.url))
    expect(refusal(await call("x")).code).toBe("backend_unavailable")
    expect(server.methods()).toEqual(["server/discover"])
    isWell = true
    await until(async () => (await call("x")).kind === "result")
    expect(backends.status()).toMatchObject([{ era: "modern" }])
  })

  test("is found out anew when a legacy server comes back as a modern one", async () => {
    let isModern = false
    const server = await serve((message, response) => {
      const { id, method } = message
      const reply = (body: object, status = 200) =>
        json(response, { jsonrpc: "2.0", id, ...body }, status)
      const isRight = (message.params?._meta !== undefined) === isModern
      if (!isRight) reply({ error: { code: isModern ? -32022 : -32000, message: "m" } }, 400)
      else if (method === "server/discover")
        reply({ result: { supportedVersions: [modernVersion] } })
      else reply({ result: { protocolVersion: "2025-11-25", isModern } })
    })
    const { call, backends } = open(http(server.url))
    expect(await call("x")).toMatchObject({ result: { isModern: false } })
    isModern = true
    expect(await call("x")).toMatchObject({ result: { isModern: true } })
    isModern = false
    expect(await call("x")).toMatchObject({ result: { isModern: false } })
    expect(backends.status()).toMatchObject([{ era: "legacy" }])
  })

  test("that speaks only versions we do not know is an error that names them", async () => {
    const server = await serve(({ id }, response) =>
      json(response, { jsonrpc: "2.0", id, result: { supportedVersions: ["2031-01-01"] } }),
    )
    const { call } = open(http(server.url))
    expect(refusal(await call("x"))).toMatchObject({
      code: "backend_unavailable",
      reason: expect.stringContaining("2031-01-01"),
    })
  })
})
