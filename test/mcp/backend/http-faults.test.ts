import { once } from "node:events"
import { createServer, type ServerResponse } from "node:http"
import { type AddressInfo, createServer as createTcpServer } from "node:net"
import { gzipSync } from "node:zlib"
import { describe, expect, onTestFinished, test } from "vitest"
import { Cancellation } from "../../../src/call/cancellation.ts"
import type { BackendOptions } from "../../../src/mcp/backend/address.ts"
import type { Message } from "../../support/backend-behaviour.ts"
import { json, serve } from "../../support/backend-http.ts"
import {
  http,
  modernVersion,
  open,
  options,
  refusal,
  text,
  until,
} from "../../support/backend-world.ts"

/** A modern server that answers the handshake well and calls as `onCall` says. */
const serveCalls = (onCall: (message: Message, response: ServerResponse) => void) =>
  serve((message, response) => {
    if (message.method === "tools/call") onCall(message, response)
    else json(response, discovered(message.id))
  })

const discovered = (id: unknown) => ({
  jsonrpc: "2.0",
  id,
  result: { supportedVersions: [modernVersion], capabilities: {}, tools: [] },
})

const answer = (id: unknown, value = "fine") => ({
  jsonrpc: "2.0",
  id,
  result: { content: [{ type: "text", text: value }] },
})

/** A server whose first call goes wrong as `fault` says, and whose other calls are answered. */
async function openFaulty(
  fault: (message: Message, response: ServerResponse) => void,
  more: Partial<BackendOptions> = {},
) {
  let calls = 0
  const server = await serveCalls((message, response) => {
    calls++
    if (calls === 1) fault(message, response)
    else json(response, answer(message.id))
  })
  return { server, ...open(http(server.url, { options: { ...options, ...more } })) }
}

/** Answers with a status and no body. */
const status =
  (code: number, headers: Record<string, string> = {}) =>
  (_: Message, response: ServerResponse) =>
    void response.writeHead(code, headers).end()

describe("a call over HTTP to a server that misbehaves", () => {
  test("is refused at once when nothing listens, and the next attempt waits its time", async () => {
    const server = await serve(() => {})
    await server.close()
    const { call, backends } = open(http(server.url))
    const [one, other] = await Promise.all([call("x"), call("x")])
    expect(refusal(one)).toMatchObject({
      code: "backend_unavailable",
      reason: expect.stringMatching(/ECONNREFUSED/),
      fate: "unsent",
    })
    expect(refusal(one)).toHaveProperty("retryAfterMs", expect.any(Number))
    expect(refusal(other)).toEqual(refusal(one))
    expect(refusal(await call("x"))).toHaveProperty(
      "reason",
      expect.stringMatching(/next is not due/),
    )
    expect(backends.status()).toMatchObject([
      { state: "down", lastError: "refused", lastErrorAt: expect.stringMatching(/^\d{4}-.*Z$/) },
    ])
  })

  test("works again after the server came up", async () => {
    const gone = await serve(() => {})
    await gone.close()
    const { call } = open(http(gone.url))
    expect((await call("x")).kind).toBe("refusal")
    await serve(
      (message, response) => {
        json(
          response,
          message.method === "tools/call" ? answer(message.id) : discovered(message.id),
        )
      },
      Number(new URL(gone.url).port),
    )
    await until(async () => (await call("x")).kind === "result")
    expect(text(await call("x"))).toBe("fine")
  })

  test("does not try a server that is down more often than the backoff allows", async () => {
    let attempts = 0
    const server = createTcpServer((socket) => {
      attempts++
      socket.destroy()
    })
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const slow = { backoffMs: 60_000, backoffMaxMs: 60_000 }
    const { call } = open(http(`http://127.0.0.1:${port}/`), { limits: slow })
    const replies = await Promise.all(Array.from({ length: 100 }, () => call("x")))
    expect(new Set(replies.map((reply) => refusal(reply).code))).toEqual(
      new Set(["backend_unavailable"]),
    )
    await Promise.all(Array.from({ length: 100 }, () => call("x")))
    expect(attempts).toBe(1)
  })

  test("ends at its deadline when the server sends no headers", async () => {
    const { call } = await openFaulty(() => {}, { timeoutMs: 1_000 })
    expect(refusal(await call("x"))).toMatchObject({ code: "backend_timeout" })
    expect(text(await call("x"))).toBe("fine")
  })

  test("ends at its deadline when the body stops half way", async () => {
    const { call } = await openFaulty(
      (_, response) => {
        response.writeHead(200, { "content-type": "application/json" }).write('{"jsonrpc"')
      },
      { timeoutMs: 1_000 },
    )
    expect(refusal(await call("x"))).toMatchObject({ code: "backend_timeout" })
    expect(text(await call("x"))).toBe("fine")
  })

  test("is not sent again when the connection is reset: it may have run", async () => {
    const { call, server } = await openFaulty((_, response) => response.socket?.resetAndDestroy())
    expect(refusal(await call("x"))).toMatchObject({
      code: "backend_unavailable",
      reason: expect.stringMatching(/connection was lost/),
    })
    expect(server.methods().filter((method) => method === "tools/call")).toHaveLength(1)
    expect(text(await call("x"))).toBe("fine")
  })

  test("is refused when a stream ends without an answer", async () => {
    const { call } = await openFaulty((_, response) => {
      response.writeHead(200, { "content-type": "text/event-stream" }).end(": nothing\n\n")
    })
    expect(refusal(await call("x"))).toMatchObject({ code: "backend_unavailable" })
  })

  const statuses: [number, string, Record<string, string>][] = [
    [500, "backend_error", {}],
    [502, "backend_unavailable", {}],
    [503, "backend_unavailable", { "retry-after": "7" }],
    [429, "overloaded", { "retry-after": "7" }],
    [401, "backend_error", { "www-authenticate": 'Bearer realm="inner"' }],
    [403, "backend_error", {}],
    [302, "backend_error", { location: "http://127.0.0.1:1/" }],
    [204, "backend_error", {}],
  ]
  test.each(statuses)("turns status %i into %s", async (status, code, headers) => {
    const { call } = await openFaulty((_, response) => response.writeHead(status, headers).end())
    const refused = refusal(await call("x"))
    expect(refused.code).toBe(code)
    expect(JSON.stringify(refused)).not.toMatch(/inner|127\.0\.0\.1:1/)
    if ("retry-after" in headers) expect(refused).toMatchObject({ retryAfterMs: 7000 })
    expect(text(await call("x"))).toBe("fine")
  })

  const fates: [string, string, (message: Message, response: ServerResponse) => void][] = [
    ["a reset", "lost", (_, response) => response.socket?.resetAndDestroy()],
    ["half a body", "late", (_, response) => response.writeHead(200).write("{")],
    ["429", "busy", status(429)],
    ["503 with a time to come back", "busy", status(503, { "retry-after": "1" })],
    ["408 with a time to come back", "busy", status(408, { "retry-after": "1" })],
    ["503", "failing", status(503)],
    ["408", "failing", status(408)],
    ["500", "failing", status(500)],
    ["502", "failing", status(502)],
    ["504", "failing", status(504)],
    ["422", "rejected", status(422)],
    ["401", "rejected", status(401)],
    ["409", "rejected", status(409)],
    ["302", "rejected", status(302, { location: "/" })],
    ["a text", "malformed", (_, response) => response.end("<html>")],
    ["another id", "malformed", (_, response) => json(response, answer("feedfeedfeedfeed"))],
    [
      "a header mismatch",
      "rejected",
      ({ id }, response) => json(response, { id, error: { code: -32020, message: "m" } }, 400),
    ],
    [
      "more than the limit",
      "oversize",
      (_, response) => response.writeHead(200, { "content-length": 1e9 }).write("{"),
    ],
  ]
  test.each(fates)("says of a call that was answered with %s: it is %s", async (_, fate, act) => {
    const { call } = await openFaulty(act, { timeoutMs: 300 })
    expect(refusal(await call("x"))).toMatchObject({ fate })
  })

  test("knows of a call whether it was sent before its time was up, or it was given up", async () => {
    const one = { ...options, concurrencyMax: 1, timeoutMs: 300 }
    const server = await serveCalls(() => {})
    const { call } = open(http(server.url, { options: one }))
    const cancellation = new Cancellation()
    const calls = [call("sent"), call("waiting", { cancellation })]
    await until(() => server.methods().includes("tools/call"))
    cancellation.cancel()
    const [late, waiting] = (await Promise.all(calls)).map(refusal)
    expect(late).toMatchObject({ code: "backend_timeout", fate: "late" })
    expect(waiting).toMatchObject({ code: "cancelled", fate: "unsent" })
    // Nothing is sent to a server that leaves the handshake without an answer.
    const silent = await serve(() => {})
    const unsent = await open(http(silent.url, { options: one })).call("x")
    expect(refusal(unsent)).toMatchObject({ code: "backend_timeout", fate: "unsent" })
  })

  test("relays a JSON-RPC error that comes with an error status", async () => {
    const error = { code: -32603, message: "inside", data: [1] }
    const { call } = await openFaulty(({ id }, response) => json(response, { id, error }, 500))
    expect(await call("x")).toEqual({ kind: "error", error })
  })

  test.each([-32020, -32021, -32022])("does not relay %i: it is about this hop", async (code) => {
    const { call } = await openFaulty(({ id }, response) =>
      json(response, { id, error: { code, message: "m", data: { supported: ["x"] } } }),
    )
    expect(refusal(await call("x")).code).toBe("backend_error")
  })

  const texts: [string, string][] = [
    ["text", "<html>"],
    ["nothing", ""],
    ["null", "null"],
    ["a list", "[]"],
    ["an object without a result", '{"jsonrpc":"2.0","id":"ID"}'],
    ["a result that is a text", '{"jsonrpc":"2.0","id":"ID","result":"x"}'],
    ["an error without a code", '{"jsonrpc":"2.0","id":"ID","error":{"message":"x"}}'],
    ["an error that is a text", '{"jsonrpc":"2.0","id":"ID","error":"x"}'],
    ["an id of null", '{"jsonrpc":"2.0","id":null,"result":{}}'],
    ["another id", '{"jsonrpc":"2.0","id":"0123456789abcdef","result":{}}'],
    ["a notification", '{"jsonrpc":"2.0","method":"notifications/x"}'],
    ["deep nesting without an end", "[".repeat(200_000)],
    ["a deep result", `{"id":"ID","result":{"x":${"[".repeat(1_500)}${"]".repeat(1_500)}}}`],
  ]
  test.each(texts)("is a backend error when the answer is %s", async (_, body) => {
    const { call } = await openFaulty(({ id }, response) =>
      json(response, body.replace("ID", String(id))),
    )
    expect(refusal(await call("x")).code).toBe("backend_error")
    expect(text(await call("x"))).toBe("fine")
  })

  test("refuses an encoded answer, which could unpack to anything", async () => {
    const { call, server } = await openFaulty(({ id }, response) => {
      response.writeHead(200, { "content-type": "application/json", "content-encoding": "gzip" })
      response.end(gzipSync(JSON.stringify(answer(id))))
    })
    expect(refusal(await call("x"))).toMatchObject({
      code: "backend_error",
      reason: expect.stringMatching(/encoded/),
    })
    expect(server.seen[0]?.headers["accept-encoding"]).toBe("identity")
  })

  const floods: [string, string, (response: ServerResponse) => void][] = [
    ["JSON", "application/json", (response) => response.write("x".repeat(65_536))],
    ["one event", "text/event-stream", (response) => response.write("data: x".repeat(9_000))],
    ["many events", "text/event-stream", (response) => response.write(":\n\n".repeat(20_000))],
  ]
  test.each(floods)("stops reading endless %s at the limit", async (_, type, pour) => {
    let isClosed = false
    const { call } = await openFaulty((__, response) => {
      response.writeHead(200, { "content-type": type })
      response.on("close", () => {
        isClosed = true
      })
      const more = () => {
        if (!isClosed) setImmediate(more)
        if (!response.writableNeedDrain) pour(response)
      }
      more()
    })
    expect(refusal(await call("x"))).toMatchObject({
      code: "backend_error",
      reason: expect.stringMatching(/larger than/),
    })
    await until(() => isClosed)
    expect(text(await call("x"))).toBe("fine")
  })

  test("does not begin to read an answer that announces more than the limit", async () => {
    const { call } = await openFaulty((_, response) => {
      response.writeHead(200, { "content-length": 100 * 1024 * 1024 }).write("{")
    })
    expect(refusal(await call("x"))).toMatchObject({
      code: "backend_error",
      reason: expect.stringMatching(/larger than/),
    })
  })

  test("sends its own headers, the configured ones, and nothing else's", async () => {
    const server = await serveCalls(({ id }, response) => json(response, answer(id)))
    const headers = new Map([
      ["authorization", "Bearer abc-def-ghi"],
      ["accept-encoding", "gzip"],
      ["mcp-name", "other"],
    ])
    const { call } = open(http(server.url, { headers }))
    await call("größe x", { meta: { "dev.postern/idempotencyKey": "run/step" } })
    const sent = server.seen.find(({ message }) => message.method === "tools/call")
    expect(sent?.headers).toMatchObject({
      authorization: "Bearer abc-def-ghi",
      "accept-encoding": "identity",
      "mcp-method": "tools/call",
      "mcp-name": "=?base64?Z3LDtsOfZSB4?=",
      "mcp-protocol-version": modernVersion,
      "idempotency-key": "run/step",
    })
    expect(sent?.message.params?._meta).toMatchObject({
      "io.modelcontextprotocol/clientInfo": { name: "postern", version: "0.0.1" },
      "dev.postern/idempotencyKey": "run/step",
    })
  })
})

describe("answers that nobody asked for", () => {
  /** Answers each call well, and after a while a second time on the same connection. */
  async function openDesync(afterMs: number) {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = []
      request.on("data", (chunk: Buffer) => chunks.push(chunk))
      request.on("end", () => {
        const message: Message = JSON.parse(Buffer.concat(chunks).toString())
        if (message.method !== "tools/call") {
          json(response, discovered(message.id))
          return
        }
        const value = String(message.params?.["name"])
        json(response, answer(message.id, value))
        const stolen = JSON.stringify(answer(message.id, `stolen from ${value}`))
        const head = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${stolen.length}\r\n\r\n`
        setTimeout(() => request.socket.write(head + stolen), afterMs)
      })
    })
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    onTestFinished(() => {
      server.close()
      server.closeAllConnections()
    })
    const { port } = server.address() as AddressInfo
    const one = { ...options, concurrencyMax: 1 }
    return open(http(`http://127.0.0.1:${port}/mcp`, { options: one }))
  }

  test.each([0, 1, 20, 60])("after %i ms never reach a call", async (afterMs) => {
    const { call } = await openDesync(afterMs)
    const wrong: unknown[] = []
    let right = 0
    for (let index = 0; index < 40; index++) {
      const reply = await call(`tool-${index}`)
      if (reply.kind === "result" && text(reply) === `tool-${index}`) right++
      else if (reply.kind !== "refusal") wrong.push(reply)
      if (index % 4 === 0) await new Promise((resolve) => setTimeout(resolve, afterMs))
    }
    expect(wrong).toEqual([])
    expect(right).toBeGreaterThan(10)
  })

  test("cost the connection: the next call opens another", async () => {
    const ports = new Set<number | undefined>()
    let calls = 0
    const server = await serveCalls(({ id }, response) => {
      ports.add(response.socket?.remotePort)
      calls++
      json(response, answer(calls === 1 ? "feedfeedfeedfeed" : id))
    })
    const { call, backends } = open(
      http(server.url, { options: { ...options, concurrencyMax: 1 } }),
    )
    expect(refusal(await call("x")).code).toBe("backend_error")
    expect(text(await call("x"))).toBe("fine")
    expect(text(await call("x"))).toBe("fine")
    expect(ports.size).toBe(2)
    expect(backends.status()).toMatchObject([{ strays: 1 }])
  })
})
