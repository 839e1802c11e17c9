import { once } from "node:events"
import { connect, type Socket } from "node:net"
import { text as readAll } from "node:stream/consumers"
import { gzipSync } from "node:zlib"
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test } from "vitest"
import { openBackend, type TestBackend } from "../support/e2e-backend.ts"
import { callTool, startGateway, type TestGateway } from "../support/e2e-gateway.ts"
import { becomes } from "../support/e2e-process.ts"
import {
  as,
  ask,
  both,
  http,
  legacy,
  modern,
  post,
  type RawRequest,
} from "../support/face-server.ts"

const agent = "a@1.0.0"

let backend: TestBackend
let gateway: TestGateway
beforeAll(async () => {
  backend = await openBackend()
  gateway = await startGateway({
    registry: { tools: { echo: "web", held: "web" }, agents: { a: ["echo", "held"] } },
    servers: { "web:1.0.0": { url: backend.url } },
    config: {
      limits: {
        bodyBytes: "64KiB",
        headersTimeout: "1s",
        requestTimeout: "2s",
        keepAliveTimeout: "60s",
      },
    },
  })
})
afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await backend[Symbol.asyncDispose]()
})

/** Whatever came before, the next good call is served. */
afterEach(async () => {
  const answer = await callTool(gateway, agent, "echo", { still: "here" })
  expect(answer).toMatchObject({ content: [{ text: '{"still":"here"}' }] })
  expect(gateway.log().filter(({ event }) => String(event).includes("bug"))).toEqual([])
})

const call = modern("tools/call", { name: "echo", arguments: { n: 1 } })
const headers = { ...call.headers, ...as(agent), "content-type": "application/json", accept: both }
const body = JSON.stringify(call.message)

/** A good call but for this. */
const request = (more: Partial<RawRequest> & { set?: Record<string, string> }) => {
  const { set = {}, ...rest } = more
  return http(gateway.port, { headers: { ...headers, ...set }, body, ...rest })
}

/** Bytes on a socket, and all that comes back until the other side closes. */
async function raw(text: string): Promise<string> {
  const socket = opened()
  socket.write(text)
  return readAll(socket)
}

function opened(): Socket {
  const socket = connect(gateway.port, "127.0.0.1")
  socket.on("error", () => undefined) // a cut is seen as the end
  onTestFinished(() => void socket.destroy())
  return socket
}

const head = (more: string, host = `127.0.0.1:${gateway.port}`) =>
  `POST /mcp HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\nAccept: ${both}\r\n${Object.entries({
    ...call.headers,
    ...as(agent),
  })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("")}${more}\r\n`

const statusOf = (answer: string) => Number(/^HTTP\/1\.1 (\d+)/.exec(answer)?.[1])

describe("a request that is not as it should be is answered, and nothing is called:", () => {
  const wrong: [string, number, Partial<RawRequest> & { set?: Record<string, string> }][] = [
    ["a content type of another kind", 415, { set: { "content-type": "text/plain" } }],
    ["a form", 415, { set: { "content-type": "application/x-www-form-urlencoded" } }],
    ["a content type that begins like ours", 415, { set: { "content-type": "application/jsonp" } }],
    ["gzip", 415, { set: { "content-encoding": "gzip" }, body: gzipSync(body) }],
    ["gzip that is not announced", 400, { body: gzipSync(body) }],
    ["an Accept of pictures", 406, { set: { accept: "image/png" } }],
    ["PUT", 405, { method: "PUT" }],
    ["PATCH", 405, { method: "PATCH" }],
    ["OPTIONS", 405, { method: "OPTIONS" }],
    ["another path", 404, { path: "/other" }],
    ["a path that climbs", 404, { path: "/mcp/../../etc/passwd" }],
    ["a token in the URL", 400, { path: "/mcp?access_token=x" }],
    ["a Host of somebody else", 403, { set: { host: "evil.example" } }],
    [
      "a Host of another machine that begins like ours",
      403,
      { set: { host: "127.0.0.1.evil.example" } },
    ],
    ["an Origin", 403, { set: { origin: "https://evil.example" } }],
    ["the Origin of a file", 403, { set: { origin: "null" } }],
    ["nothing", 400, { body: "" }],
    ["malformed JSON", 400, { body: body.slice(0, -1) }],
    ["text that is not UTF-8", 400, { body: Buffer.from([0x7b, 0xff, 0x7d]) }],
    ["a batch", 400, { body: `[${body},${body}]` }],
    ["an empty batch", 400, { body: "[]" }],
    ["a number", 400, { body: "42" }],
    ["an object that is no message", 400, { body: "{}" }],
    ["JSON-RPC 1.0", 400, { body: body.replace('"2.0"', '"1.0"') }],
    ["an id of null", 400, { body: body.replace('"id":1', '"id":null') }],
    ["an id that is an object", 400, { body: body.replace('"id":1', '"id":{}') }],
    [
      "nesting beyond the limit",
      400,
      { body: body.replace('"n":1', `"n":${"[".repeat(100)}${"]".repeat(100)}`) },
    ],
    ["nesting that never ends", 400, { body: "[".repeat(60_000) }],
    ["a member __proto__", 400, { body: body.replace('"n":1', '"__proto__":{"n":1}') }],
    ["a body over the limit", 413, { body: body.replace('"n":1', `"n":"${"x".repeat(70_000)}"`) }],
    ["another method in the header", 400, { set: { "mcp-method": "tools/list" } }],
    ["another tool in the header", 400, { set: { "mcp-name": "held" } }],
    ["another version in the header", 400, { set: { "mcp-protocol-version": "2025-11-25" } }],
    [
      "a version that nobody speaks",
      400,
      {
        set: { "mcp-protocol-version": "2099-01-01" },
        body: body.replace("2026-07-28", "2099-01-01"),
      },
    ],
    ["headers over the limit", 431, { set: { "x-long": "y".repeat(20_000) } }],
  ]
  test.each(wrong)("%s", async (_, status, change) => {
    const before = backend.called.length
    const answer = await request(change)
    expect(answer.status).toBe(status)
    expect(answer.text).not.toMatch(/ at .*\.[jt]s:|node:internal|\/(?:src|dist)\//)
    expect(backend.called).toHaveLength(before)
  })

  test("no content type at all", async () => {
    const before = backend.called.length
    const { "content-type": _, ...others } = headers
    expect(await http(gateway.port, { headers: others, body })).toMatchObject({ status: 415 })
    expect(backend.called).toHaveLength(before)
  })

  test("a method that does not exist: 404 in the modern era, an error in the legacy one", async () => {
    expect(await ask(gateway.port, agent, "tools/burn")).toMatchObject({ status: 404 })
    expect(await ask(gateway.port, agent, "__proto__")).toMatchObject({ status: 404 })
    const missing = await post(gateway.port, legacy("tools/burn"), as(agent))
    expect(missing).toMatchObject({ status: 400 })
    expect(missing.text).toContain("Mcp-Session-Id is missing")
  })

  test("arguments and names of the wrong kind", async () => {
    const kinds = [[], "text", 1, true].map((value) =>
      ask(gateway.port, agent, "tools/call", { name: "echo", arguments: value }),
    )
    for (const answer of await Promise.all(kinds))
      expect(JSON.parse(answer.text)).toMatchObject({ error: { code: -32602 } })
    const unnamed = await http(gateway.port, {
      headers: { ...headers, "mcp-name": "" },
      body: body.replace('"name":"echo"', '"name":7'),
    })
    expect(JSON.parse(unnamed.text)).toMatchObject({ error: expect.any(Object) })
  })

  test.each(["toString", "constructor", "__proto__", "hasOwnProperty", "", "ECHO"])(
    "a tool of the name %j, which nobody registered",
    async (name) => {
      const answer = await callTool(gateway, agent, name)
      expect(answer).toMatchObject({ error: expect.any(Object) })
      expect(JSON.stringify(answer)).toMatch(/Unknown tool|Header mismatch/)
    },
  )
})

describe("bytes that are hardly HTTP", () => {
  const length = `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n`

  test("are a good call when they are written well", async () => {
    expect(statusOf(await raw(`${head(length)}${body}`))).toBe(200)
  })

  test.each([
    ["two Host headers", `Host: 127.0.0.1\r\n${length}`, 403],
    ["two agents", `X-Agent-Name: b\r\n${length}`, 400],
    ["two lengths that differ", `Content-Length: 3\r\n${length}`, 400],
    ["a length and chunks", `Transfer-Encoding: chunked\r\n${length}`, 400],
    ["a length that is no number", "Content-Type: application/json\r\nContent-Length: -5\r\n", 400],
    ["a header with a line break inside", `X-Odd: a\n\tb\r\n bad header\r\n${length}`, 400],
  ])("are refused with %s", async (_, more, status) => {
    const before = backend.called.length
    expect(statusOf(await raw(`${head(more)}${body}`))).toBe(status)
    expect(backend.called).toHaveLength(before)
  })

  test("are refused without a Host", async () => {
    const text = head(length).replace(/^Host: .*\r\n/m, "")
    expect([400, 403]).toContain(statusOf(await raw(`${text}${body}`)))
  })

  test("are cut when they are another protocol", async () => {
    expect(await raw("\u0016\u0003\u0001\u0002\u0000\u0001\u0000\r\n\r\n")).toMatch(
      /^(HTTP\/1\.1 400|$)/,
    )
    expect(await raw("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")).toMatch(/^(HTTP\/1\.1 (400|505)|$)/)
  })

  test("of a chunked body are counted as they come, whatever was announced", async () => {
    const chunk = `${(8_192).toString(16)}\r\n${"x".repeat(8_192)}\r\n`
    const socket = opened()
    const answer = readAll(socket)
    socket.write(head("Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n"))
    for (let n = 0; n < 64 && socket.writable; n++) socket.write(chunk)
    expect(statusOf(await answer)).toBe(413)
  })

  test("that trickle in are cut when their time is up: headers, and bodies", async () => {
    const [slowHead, slowBody] = [opened(), opened()]
    slowHead.write("POST /mcp HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: ")
    slowBody.write(`${head(length)}{`)
    const drip = setInterval(() => {
      for (const socket of [slowHead, slowBody]) if (socket.writable) socket.write("x")
    }, 200)
    onTestFinished(() => clearInterval(drip))
    const answers = await Promise.all([readAll(slowHead), readAll(slowBody)])
    for (const answer of answers) expect(answer).toMatch(/^(HTTP\/1\.1 408|$)/)
  })
})

describe("a thousand connections on which nobody asks anything", () => {
  test("leave the calls of others alone", async () => {
    const sockets = Array.from({ length: 1_000 }, opened)
    await Promise.all(sockets.map((socket) => once(socket, "connect")))
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, n) => callTool(gateway, agent, "echo", { n })),
    )
    expect(answers).toEqual(
      answers.map((_, n) =>
        expect.objectContaining({ content: [{ type: "text", text: `{"n":${n}}` }] }),
      ),
    )
    expect(sockets.filter(({ destroyed }) => destroyed).length).toBeLessThan(1_000)
    for (const socket of sockets) socket.destroy()
  })

  test("and callers that hang up in the middle leave nothing in flight", async () => {
    const gone = Array.from({ length: 20 }, () => new AbortController())
    const held = modern("tools/call", { name: "held" })
    const answers = gone.map(({ signal }) =>
      http(gateway.port, {
        headers: { ...headers, ...held.headers },
        body: JSON.stringify(held.message),
        signal,
      }).catch(() => "aborted"),
    )
    await becomes(() => backend.held() === 20, "held")
    for (const controller of gone) controller.abort()
    expect(new Set(await Promise.all(answers))).toEqual(new Set(["aborted"]))
    await becomes(() => backend.held() === 0, "cancelled at the backend")
    await becomes(async () => {
      const { face } = await gateway.status()
      return (face as { inFlight: number }).inFlight === 0
    }, "nothing in flight")
  })
})
