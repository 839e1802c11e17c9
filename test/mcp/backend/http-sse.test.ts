import { once } from "node:events"
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { describe, expect, onTestFinished, test } from "vitest"
import { endpointPath } from "../../../src/mcp/backend/http/sse/endpoint.ts"
import type { Message } from "../../support/backend-behaviour.ts"
import { json, serve, serveSse } from "../../support/backend-http.ts"
import { http, open, options, refusal, text, until } from "../../support/backend-world.ts"

const openStream = (response: ServerResponse, endpoint = "/messages") => {
  response.writeHead(200, { "content-type": "text/event-stream" })
  response.write(`event: endpoint\ndata: ${endpoint}\n\n`)
}

const answer = ({ id, method }: Message) => ({
  jsonrpc: "2.0",
  id,
  result:
    method === "initialize"
      ? { protocolVersion: "2024-11-05", capabilities: {}, serverInfo: {} }
      : { content: [{ type: "text", text: "fine" }] },
})

type Say = (text: string) => void

/** A server of HTTP+SSE whose calls of tools are answered as the test says, over its newest stream. */
async function sse(
  call: (message: Message, say: Say, response: ServerResponse) => void,
  opens = openStream,
) {
  let stream: ServerResponse | undefined
  const say: Say = (frame) => void stream?.write(frame)
  const server = await serve((message, response, request) => {
    if (request.method === "GET") {
      stream = response
      opens(response)
    } else if (request.url === "/mcp") response.writeHead(405).end()
    else {
      if (message.method !== "tools/call") response.writeHead(202).end()
      if (message.method === "tools/call") call(message, say, response)
      else if (message.id !== undefined) say(`data: ${JSON.stringify(answer(message))}\n\n`)
    }
  })
  return { server, ...open(http(server.url)), end: () => stream?.end() }
}

const accept = (response: ServerResponse) => response.writeHead(202).end()

describe("a server of HTTP+SSE", () => {
  test("is found after POST is refused, and said to be one", async () => {
    const server = await serveSse()
    const { call, backends } = open(http(server.url))
    expect(text(await call("echo"))).toBe("null")
    expect(server.methods().slice(0, 4)).toEqual([
      "server/discover",
      "initialize",
      "GET",
      "initialize",
    ])
    expect(backends.status()).toMatchObject([{ transport: "sse", era: "legacy", state: "up" }])
  })

  test.each([
    ["an error of JSON-RPC with 400", { code: -32000, message: "no session" }, true],
    ["an error that only a modern server has", { code: -32022, message: "version" }, false],
  ])("is looked for after %s: %o %s", async (_, error, isTried) => {
    const server = await serve((message, response, { method }) => {
      if (method === "GET") response.writeHead(404).end()
      else if (message.method === "server/discover") response.writeHead(404).end()
      else json(response, { jsonrpc: "2.0", id: message.id, error }, 400)
    })
    const { call } = open(http(server.url))
    expect(refusal(await call("x")).code).toBe("backend_unavailable")
    expect(server.methods().includes("GET")).toBe(isTried)
  })

  test.each([200, 401, 500])("is not looked for after status %i", async (status) => {
    const server = await serve(({ id, method }, response) => {
      if (method === "server/discover") response.writeHead(404).end()
      else json(response, { jsonrpc: "2.0", id, error: { code: -32603, message: "m" } }, status)
    })
    const { call } = open(http(server.url))
    expect(refusal(await call("x")).code).toBe("backend_unavailable")
    expect(server.methods()).not.toContain("GET")
  })

  test("is not looked for where configuration says that the server is modern", async () => {
    const server = await serveSse()
    const { call } = open(http(server.url, { options: { ...options, era: "modern" } }))
    expect(refusal(await call("echo")).code).toMatch(/^backend_/)
    expect(server.methods()).not.toContain("GET")
  })

  test("that is neither is refused in the words of both", async () => {
    const server = await serve((_, response) => void response.writeHead(404).end())
    const { call } = open(http(server.url))
    expect(refusal(await call("x"))).toMatchObject({
      code: "backend_unavailable",
      reason: expect.stringMatching(/HTTP 404.*HTTP\+SSE: HTTP 404/),
    })
  })

  test("is sent to again in another session when it forgot the one it had", async () => {
    const server = await serveSse()
    const { call, backends } = open(http(server.url))
    await call("echo")
    server.forget()
    const args = Array.from({ length: 20 }, (_, index) => ({ index }))
    const replies = await Promise.all(args.map((one) => call("echo", { arguments: one })))
    expect(replies.map(text)).toEqual(args.map((one) => JSON.stringify(one)))
    expect(backends.status()).toMatchObject([{ state: "up", restarts: 0 }])
    expect(server.methods().filter((method) => method === "GET")).toHaveLength(2)
  })

  test("that knows no session it has just given is not asked again and again", async () => {
    const server = await serve((_, response, { method }) => {
      if (method === "GET") openStream(response)
      else response.writeHead(404).end()
    })
    const { call } = open(http(server.url))
    expect(refusal(await call("x")).code).toBe("backend_unavailable")
    expect(server.methods()).toEqual(["server/discover", "initialize", "GET", "initialize"])
  })

  test("that ends its stream fails the calls under way, and is connected again", async () => {
    const { call, end, backends } = await sse((message, say, response) => {
      accept(response)
      if (message.params?.["name"] === "held") end()
      else say(`data: ${JSON.stringify(answer(message))}\n\n`)
    })
    expect(text(await call("x"))).toBe("fine")
    expect(refusal(await call("held"))).toMatchObject({
      code: "backend_unavailable",
      reason: expect.stringContaining("ended its event stream"),
    })
    expect(backends.status()).toMatchObject([{ state: "down", restarts: 1 }])
    await until(async () => (await call("x")).kind === "result")
  })

  test("that names no place to post to is given up in time", async () => {
    const { call } = await sse(
      () => {},
      (response) =>
        void response.writeHead(200, { "content-type": "text/event-stream" }).write(":\n\n"),
    )
    expect(refusal(await call("x"))).toMatchObject({ code: "backend_unavailable" })
  })

  test.each([
    "http://127.0.0.1:1/messages",
    "https://elsewhere.example/messages",
    "//elsewhere.example/",
    "javascript:alert(1)",
    "http://user:secret@127.0.0.1/",
    "http://[",
    `/${"x".repeat(5_000)}`,
  ])("that names %s to post to is sent nothing", async (endpoint) => {
    const { call, server } = await sse(
      () => {},
      (response) => openStream(response, endpoint),
    )
    expect(refusal(await call("x"))).toMatchObject({
      code: "backend_unavailable",
      reason: expect.stringContaining("origin"),
    })
    expect(server.methods()).toEqual(["server/discover", "initialize", "GET"])
  })

  test("may name its place in any way that comes to its own origin", () => {
    const server = new URL("http://one.example:8080/a/sse?x=1")
    expect(endpointPath("/messages?s=1", server)).toBe("/messages?s=1")
    expect(endpointPath("messages", server)).toBe("/a/messages")
    expect(endpointPath("?s=2", server)).toBe("/a/sse?s=2")
    expect(endpointPath("http://one.example:8080/m", server)).toBe("/m")
    expect(endpointPath("//one.example:8080/m#x", server)).toBe("/m")
    expect(endpointPath("http://one.example/m", server)).toBeUndefined()
    expect(endpointPath("https://one.example:8080/m", server)).toBeUndefined()
  })

  test("cannot be made to post elsewhere by a second place, or by what comes before the first", async () => {
    const { call, server } = await sse(
      (message, say, response) => {
        accept(response)
        say("event: endpoint\ndata: /elsewhere\n\n")
        say(`event: other\ndata: ${JSON.stringify(answer(message))}\n\n`)
        say(`event: message\ndata: ${JSON.stringify(answer(message))}\n\n`)
      },
      (response) => {
        response.writeHead(200, { "content-type": "text/event-stream" })
        response.write('data: {"jsonrpc":"2.0","id":"x","result":{}}\n\n')
        response.write("event: endpoint\ndata: /messages\n\n")
      },
    )
    expect(text(await call("x"))).toBe("fine")
    expect(text(await call("x"))).toBe("fine")
    expect(server.methods().filter((method) => method === "tools/call")).toHaveLength(2)
  })

  test("may answer one call with too much without harm to the others", async () => {
    const { call, backends } = await sse((message, say, response) => {
      accept(response)
      const large = { ...answer(message), more: "x".repeat(3 * 1024 * 1024) }
      const body = message.params?.["name"] === "large" ? large : answer(message)
      say(`data: ${JSON.stringify(body)}\n\n`)
    })
    const [large, small, again] = await Promise.all([call("large"), call("x"), call("large")])
    for (const reply of [large, again])
      expect(refusal(reply)).toMatchObject({ reason: expect.stringMatching(/larger than/) })
    expect(text(small)).toBe("fine")
    expect(backends.status()).toMatchObject([{ state: "up", restarts: 0 }])
  })

  test("may say things that belong to nobody: they are counted, and calls go on", async () => {
    const { call, backends } = await sse((message, say, response) => {
      accept(response)
      for (const stray of [
        "{",
        "[]",
        "42",
        '{"jsonrpc":"2.0","id":"0123456789abcdef","result":{}}',
      ])
        say(`data: ${stray}\n\n`)
      say(`data: ${JSON.stringify(answer(message))}\n\n`)
    })
    expect(text(await call("x"))).toBe("fine")
    expect(backends.status()).toMatchObject([{ strays: 4 }])
  })

  test.each([
    [500, "backend_error"],
    [503, "backend_unavailable"],
    [429, "overloaded"],
    [413, "backend_error"],
  ])("that turns a message away with %i has not taken that call", async (status, code) => {
    let isRefused = true
    const { call } = await sse((message, say, response) => {
      if (isRefused) response.writeHead(status).end()
      else {
        accept(response)
        say(`data: ${JSON.stringify(answer(message))}\n\n`)
      }
    })
    expect(refusal(await call("x")).code).toBe(code)
    isRefused = false
    expect(text(await call("x"))).toBe("fine")
  })

  test("that is gone is a server that is down, and nothing waits for it", async () => {
    const server = createServer()
    server.listen(0, "127.0.0.1")
    await once(server, "listening")
    const { port } = server.address() as AddressInfo
    onTestFinished(() => void server.close())
    server.on("request", (_, response) => response.writeHead(404).end())
    const { call } = open(http(`http://127.0.0.1:${port}/`))
    await call("x")
    server.closeAllConnections()
    server.close()
    expect(refusal(await call("x")).code).toBe("backend_unavailable")
  })
})
