import { connect } from "node:net"

import { beforeEach, describe, expect, onTestFinished, test, vi } from "vitest"

import { type FakeGateway, fakeGateway } from "../../support/face-gateway.ts"
import {
  type Answer,
  as,
  ask,
  both,
  faceServer,
  http,
  json,
  legacy,
  modern,
  post,
  posting,
  session,
} from "../../support/face-server.ts"

let gateway: FakeGateway
let port: number

beforeEach(async () => {
  gateway = fakeGateway({ tools: { "echo@1": {} }, agents: { "reader@1": ["echo@1"] } })
  const server = await faceServer(gateway, {
    origins: ["https://app.example"],
    limits: { bodyBytesMax: 20_000, depthMax: 16, nodesMax: 2_000 },
  })
  port = server.port
})

const call = (args: unknown = {}) => modern("tools/call", { name: "echo", arguments: args })
const headers = { "content-type": "application/json", accept: both, ...as("reader@1") }

/** One request as bytes, for what no client library would send. */
function raw(text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1", () => socket.write(text))
    let answer = ""
    socket.setEncoding("latin1")
    socket.on("data", (chunk) => {
      answer += chunk
    })
    socket.on("error", reject)
    socket.on("close", () => resolve(answer))
  })
}

describe("the door", () => {
  test.each([
    ["a foreign Host", { host: "evil.example" }],
    ["a Host that only begins like ours", { host: "localhost.evil.example" }],
    ["Origin null", { origin: "null" }],
    ["a foreign Origin", { origin: "https://evil.example" }],
    ["the Origin of another local port", { host: "localhost:9", origin: "http://localhost:10" }],
    ["the Origin of another local name", { host: "localhost:9", origin: "http://127.0.0.1:9" }],
    ["our own Origin in another scheme", { host: "localhost:9", origin: "https://localhost:9" }],
    ["an Origin that only begins like ours", { origin: "http://localhost.evil.example" }],
  ])("refuses %s with 403 before anything is read", async (_, sent) => {
    const { message, headers: own } = call()
    const answer = await post(port, message, { ...own, ...as("reader@1"), ...sent })
    expect(answer.status).toBe(403)
    expect(json(answer)).not.toHaveProperty("id")
    expect(gateway.calls).toEqual([])
  })

  test.each([
    ["two Host headers", "Host: localhost\r\nHost: evil.example\r\n"],
    ["two equal Host headers", "Host: localhost\r\nHost: localhost\r\n"],
  ])("refuses %s with 403", async (_, hosts) => {
    const answer = await raw(`GET /mcp HTTP/1.1\r\n${hosts}Connection: close\r\n\r\n`)
    expect(answer).toMatch(/^HTTP\/1\.1 403 /)
  })

  test("refuses HTTP/1.0 without Host with 403", async () => {
    expect(await raw("GET /mcp HTTP/1.0\r\n\r\n")).toMatch(/^HTTP\/1\.[01] 403 /)
  })

  test("judges an absolute request line by its Host header", async () => {
    const line =
      "POST http://localhost/mcp HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    expect(await raw(line)).toMatch(/^HTTP\/1\.1 403 /)
  })

  test("lets our own Host in with any port, and an Origin that is listed", async () => {
    const sent = { host: "LOCALHOST:9999", origin: "https://app.example" }
    expect((await ask(port, "reader@1", "tools/list", {}, sent)).status).toBe(200)
  })

  test.each(["localhost:9999", "127.0.0.1:9999"])("lets a page of %s itself in", async (host) => {
    const sent = { host, origin: `http://${host}` }
    expect((await ask(port, "reader@1", "tools/list", {}, sent)).status).toBe(200)
  })

  test.each(["PUT", "PATCH", "OPTIONS", "TRACE"])(
    "answers %s with 405 and Allow",
    async (method) => {
      const answer = await http(port, { method, headers })
      expect(answer.status).toBe(405)
      expect(answer.headers.allow).toBe("POST, GET, DELETE")
    },
  )

  test("answers HEAD with 405, and a foreign Host with 403 first, without a stray error", async () => {
    const complaint = vi.spyOn(console, "error")
    onTestFinished(() => complaint.mockRestore())
    const answer = await http(port, { method: "HEAD" })
    expect(answer).toMatchObject({ status: 405, headers: { allow: "POST, GET, DELETE" }, text: "" })
    expect((await http(port, { method: "HEAD", headers: { host: "evil.example" } })).status).toBe(
      403,
    )
    expect(complaint).not.toHaveBeenCalled()
  })

  test("counts whom it turned away, and tells of ten in a second", async () => {
    const { face, port: mine, events } = await faceServer(gateway)
    for (let knocks = 0; knocks < 25; knocks++) await http(mine, { method: "PUT" })
    gateway.clock.now += 1_000
    await http(mine, { method: "PUT" })
    expect(face.stats()).toMatchObject({ requests: 26, turnedAway: 26, inFlight: 0 })
    expect(events).toHaveLength(11)
    expect(events[0]).toMatchObject({ event: "turned_away", status: 405, remote: "127.0.0.1" })
    expect(events[10]).toMatchObject({ untold: 15 })
  })

  test.each([
    ["no media type", undefined],
    ["text", "text/plain"],
    ["another JSON", "application/json-patch+json"],
    ["two media types", "application/json, application/json"],
  ])("answers %s with 415", async (_, type) => {
    const { "content-type": __, ...rest } = headers
    const answer = await http(port, {
      headers: { ...rest, ...(type && { "content-type": type }) },
      body: JSON.stringify(call().message),
    })
    expect(answer.status).toBe(415)
    expect(gateway.calls).toEqual([])
  })

  test("takes JSON with a charset", async () => {
    const sent = { "content-type": "application/json; charset=utf-8" }
    expect((await ask(port, "reader@1", "tools/list", {}, sent)).status).toBe(200)
  })

  test("answers a compressed body with 415", async () => {
    const answer = await ask(port, "reader@1", "tools/list", {}, { "content-encoding": "gzip" })
    expect(answer.status).toBe(415)
  })

  test("answers a body over the limit with 413, announced or chunked", async () => {
    const large = JSON.stringify(call({ text: "x".repeat(30_000) }).message)
    const announced = await http(port, { headers, body: large })
    expect(announced.status).toBe(413)
    const chunked = await http(port, {
      headers: { ...headers, "transfer-encoding": "chunked" },
      body: large,
    })
    expect(chunked.status).toBe(413)
    expect(gateway.calls).toEqual([])
  })

  test.each([
    ["nothing", "", -32700],
    ["no JSON", "{", -32700],
    ["bytes that are not UTF-8", Buffer.from([0x22, 0xff, 0x22]), -32700],
    ["a number", "1", -32600],
    ["null", "null", -32600],
    ["a batch", "[]", -32600],
    ["a batch of one", JSON.stringify([call().message]), -32600],
    ["another JSON-RPC", '{"jsonrpc":"1.0","id":1,"method":"ping"}', -32600],
    ["an id of null", '{"jsonrpc":"2.0","id":null,"method":"ping"}', -32600],
    ["an id with a fraction", '{"jsonrpc":"2.0","id":1.5,"method":"ping"}', -32600],
    ["parameters in a list", '{"jsonrpc":"2.0","id":1,"method":"ping","params":[]}', -32600],
    ["too deep nesting", `${"[".repeat(17)}${"]".repeat(17)}`, -32600],
    [
      "depth hidden behind closing brackets in strings",
      `${'["]",'.repeat(20)}0${"]".repeat(20)}`,
      -32600,
    ],
    ["too many values", `[${"1,".repeat(2_500)}1]`, -32600],
    ["__proto__", '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"__proto__":{}}}', -32600],
    [
      "__proto__, escaped",
      '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_\\u005fproto__":1}}',
      -32600,
    ],
    [
      "a lone surrogate",
      '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":"\\ud800"}}',
      -32600,
    ],
    [
      "a lone surrogate in a key",
      '{"jsonrpc":"2.0","id":1,"method":"ping","params":{"\\udc00":1}}',
      -32600,
    ],
  ])("answers %s with 400", async (_, body, code) => {
    const answer = await http(port, { headers, body })
    expect(answer.status).toBe(400)
    expect(json(answer)).toMatchObject({ jsonrpc: "2.0", error: { code } })
  })

  test("echoes the id of a message that is not sound where it can be read, and leaves it out otherwise", async () => {
    const readable = await http(port, { headers, body: '{"jsonrpc":"2.0","id":"a","method":1}' })
    expect(json(readable)).toMatchObject({ id: "a", error: { code: -32600 } })
    const unreadable = await http(port, { headers, body: "{" })
    expect(json(unreadable)).not.toHaveProperty("id")
  })

  test("takes what is deep or long only in strings", async () => {
    const text = `${"[{".repeat(100)}${",".repeat(3_000)}`
    const answer = await ask(port, "reader@1", "tools/call", {
      name: "echo",
      arguments: { text, emoji: "😀" },
    })
    expect(answer.status).toBe(200)
    expect(gateway.calls[0]?.params["arguments"]).toEqual({ text, emoji: "😀" })
  })

  test("refuses a token in the URL with 400", async () => {
    const { message, headers: own } = call()
    const request = posting(message, { ...own, ...as("reader@1") })
    const answer = await http(port, { ...request, path: "/mcp?access_token=abc" })
    expect(answer.status).toBe(400)
    expect(gateway.calls).toEqual([])
  })

  test("refuses a repeated identity header with 400", async () => {
    const { message, headers: own } = call()
    const pairs = Object.entries({ host: `localhost:${port}`, ...headers, ...own }).flat()
    const answer = await http(port, {
      headers: [...pairs, "X-Agent-Name", "reader"],
      body: JSON.stringify(message),
    })
    expect(answer.status).toBe(400)
    expect(json(answer)).toMatchObject({
      error: { data: { "dev.postern/refusal": { code: "invalid_credentials" } } },
    })
    expect(gateway.calls).toEqual([])
  })

  test("shows both of two Authorization headers to whoever judges them, not the first alone", async () => {
    const seen: unknown[] = []
    const identify = gateway.identify
    Object.assign(gateway, {
      identify: (...args: Parameters<typeof identify>) => {
        seen.push(args[0].authorization)
        return identify(...args)
      },
    })
    const { message, headers: own } = call()
    const pairs = Object.entries({ host: `localhost:${port}`, ...headers, ...own }).flat()
    await http(port, {
      headers: [...pairs, "Authorization", "Bearer a", "Authorization", "Bearer b"],
      body: JSON.stringify(message),
    })
    expect(seen).toEqual(["Bearer a, Bearer b"])
  })

  test("never serves another path", async () => {
    for (const path of ["/", "/mcp/", "/mcp/x", "//mcp"])
      expect((await http(port, { path, headers, body: "{}" })).status).toBe(404)
  })

  test.each(["/mcp?trace=1", "http://localhost/mcp", "http://localhost/mcp?trace=1"])(
    "serves the endpoint as %s",
    async (target) => {
      const answer = await raw(
        `GET ${target} HTTP/1.1\r\nHost: localhost\r\nAccept: text/html\r\nConnection: close\r\n\r\n`,
      )
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /)
      expect(answer).toContain('"jsonrpc":"2.0"')
    },
  )

  test("says nothing of itself and forbids caching, on answers of every kind", async () => {
    const answers: Answer[] = [
      await ask(port, "reader@1", "tools/list"),
      await post(port, "{", as("reader@1")),
      await http(port, { method: "PUT" }),
      await post(port, legacy("ping"), await session(port, "reader@1")),
    ]
    for (const { headers: told } of answers) {
      expect(told["cache-control"]).toContain("no-store")
      expect(told["x-content-type-options"]).toBe("nosniff")
      expect(told["server"]).toBeUndefined()
      expect(told["x-powered-by"]).toBeUndefined()
      expect(told["access-control-allow-origin"]).toBeUndefined()
    }
  })
})

describe("the way of the answer", () => {
  const requested = (accept: string | undefined) => {
    const { message, headers: own } = call()
    return http(port, {
      headers: {
        "content-type": "application/json",
        ...own,
        ...as("reader@1"),
        ...(accept !== undefined && { accept }),
      },
      body: JSON.stringify(message),
    })
  }

  test.each([
    ["both types", both],
    ["both, the other way round, with weights", "text/event-stream;q=0.9, application/json;q=1"],
    ["JSON", "application/json"],
    ["anything", "*/*"],
    ["nothing said", undefined],
  ])("is JSON for who accepts %s", async (_, accept) => {
    const answer = await requested(accept)
    expect(answer.headers["content-type"]).toBe("application/json")
    expect(json(answer)).toMatchObject({ id: 1, result: { content: [{ type: "text" }] } })
  })

  test("is a stream for who accepts nothing else", async () => {
    const answer = await requested("text/event-stream")
    expect(answer.headers["content-type"]).toBe("text/event-stream")
    expect(answer.text).toMatch(/^event: message\ndata: \{"jsonrpc":"2.0","id":1,"result".*\n\n$/)
  })

  test("is 406 for who accepts neither", async () => {
    expect((await requested("text/html")).status).toBe(406)
    expect(gateway.calls).toEqual([])
  })

  test("keeps every digit of numbers on their way to the backend", async () => {
    const { message, headers: own } = modern("tools/call", { name: "echo", arguments: { n: 0 } })
    const body = JSON.stringify(message).replace('"n":0', '"n":12345678901234567890')
    await post(port, body, { ...own, ...as("reader@1") })
    expect(JSON.stringify(gateway.calls[0]?.params["arguments"])).toBe('{"n":12345678901234567890}')
  })
})
