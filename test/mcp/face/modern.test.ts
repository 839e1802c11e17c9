import { beforeEach, describe, expect, test } from "vitest"
import type { BackendReply } from "../../../src/call/backends.ts"
import type { Cancellation } from "../../../src/call/cancellation.ts"
import { type FakeBackend, type FakeGateway, fakeGateway } from "../../support/face-gateway.ts"
import {
  as,
  ask,
  events,
  faceServer,
  http,
  json,
  modern,
  post,
  posting,
} from "../../support/face-server.ts"
import { eventually } from "../../support/face-stream.ts"

let gateway: FakeGateway
let port: number
let backend: FakeBackend

const serverInfo = { name: "postern", version: "0.0.1" }
const ownMeta = { "io.modelcontextprotocol/serverInfo": serverInfo }

beforeEach(async () => {
  backend = () => ({ kind: "result", result: { content: [{ type: "text", text: "ok" }] } })
  gateway = fakeGateway(
    {
      tools: {
        "echo@1": { outputSchema: { type: "array" } },
        "far@1": {
          inputSchema: {
            type: "object",
            properties: {
              region: { type: "string", "x-mcp-header": "Region" },
              limit: { type: "integer", "x-mcp-header": "Limit" },
              deep: {
                type: "object",
                properties: { dry: { type: "boolean", "x-mcp-header": "Dry-Run" } },
              },
              items: { type: "array", items: { type: "string", "x-mcp-header": "Ignored" } },
            },
          },
        },
        "secret@1": {
          inputSchema: {
            type: "object",
            properties: { region: { type: "string", "x-mcp-header": "Region" } },
          },
        },
      },
      agents: { "reader@1": ["echo@1", "far@1"] },
    },
    (request) => backend(request),
  )
  port = (await faceServer(gateway, { instructions: "Be kind." })).port
})

const replying = (result: object): void => {
  backend = () => ({ kind: "result", result }) as BackendReply
}

describe("server/discover", () => {
  test("says what is served, and by whom", async () => {
    const answer = await ask(port, "reader@1", "server/discover")
    expect(answer.status).toBe(200)
    expect(json(answer)).toEqual({
      jsonrpc: "2.0",
      id: 1,
      result: {
        resultType: "complete",
        supportedVersions: ["2026-07-28"],
        capabilities: {
          tools: { listChanged: true },
          logging: {},
          resources: { subscribe: true, listChanged: true },
          prompts: { listChanged: true },
          completions: {},
        },
        instructions: "Be kind.",
        ttlMs: 0,
        cacheScope: "private",
        _meta: ownMeta,
      },
    })
  })

  test("is for known callers", async () => {
    expect((await ask(port, "nobody@1", "server/discover")).status).toBe(403)
  })
})

describe("the envelope and the headers of a modern request", () => {
  const version = "io.modelcontextprotocol/protocolVersion"
  const capabilities = "io.modelcontextprotocol/clientCapabilities"

  test.each<[string, object, number]>([
    ["no capabilities", { [capabilities]: undefined }, -32602],
    ["capabilities in a list", { [capabilities]: [] }, -32602],
    ["a capability of the wrong shape", { [capabilities]: { sampling: true } }, -32602],
    [
      "client info without a version",
      { "io.modelcontextprotocol/clientInfo": { name: "x" } },
      -32602,
    ],
    ["a log level that is none", { "io.modelcontextprotocol/logLevel": "loud" }, -32602],
    ["a version that is no string", { [version]: 20260728 }, -32602],
    ["another version than the header", { [version]: "2026-07-29" }, -32020],
  ])("%s is 400", async (_, _meta, code) => {
    const answer = await ask(port, "reader@1", "tools/list", { _meta })
    expect(answer.status).toBe(400)
    expect(json(answer)).toMatchObject({ id: 1, error: { code } })
  })

  test("without client info is served", async () => {
    const _meta = { "io.modelcontextprotocol/clientInfo": undefined }
    expect((await ask(port, "reader@1", "tools/list", { _meta })).status).toBe(200)
  })

  test("an unknown version is 400 with those there are", async () => {
    const answer = await ask(
      port,
      "reader@1",
      "tools/list",
      { _meta: { [version]: "v999.0.0" } },
      { "mcp-protocol-version": "v999.0.0" },
    )
    expect(answer.status).toBe(400)
    expect(json(answer)).toMatchObject({
      id: 1,
      error: { code: -32022, data: { supported: ["2026-07-28"], requested: "v999.0.0" } },
    })
  })

  test.each<[string, string, string | undefined]>([
    ["a missing version", "mcp-protocol-version", undefined],
    ["a missing method", "mcp-method", undefined],
    ["a missing name", "mcp-name", undefined],
    ["another method", "mcp-method", "tools/list"],
    ["a method in other letters", "mcp-method", "Tools/Call"],
    ["another name", "mcp-name", "far"],
    ["a name whose Base64 lacks its padding", "mcp-name", "=?base64?ZWNobw?="],
    ["a name whose Base64 holds a stray character", "mcp-name", "=?base64?ZWNo!w==?="],
    ["a name whose Base64 is no UTF-8", "mcp-name", "=?base64?/w==?="],
    ["a name in a sentinel that is not closed", "mcp-name", "=?base64?ZWNobw=="],
  ])("%s in the headers is 400 and -32020, and nothing is executed", async (_, name, value) => {
    const { message, headers } = modern("tools/call", { name: "echo" })
    const { [name]: __, ...others } = headers
    const sent = value === undefined ? others : { ...others, [name]: value }
    const answer = await post(port, message, { ...sent, ...as("reader@1") })
    expect(answer.status).toBe(400)
    expect(json(answer)).toMatchObject({ id: 1, error: { code: -32020 } })
    expect(gateway.calls).toEqual([])
  })

  test("repeated headers are a contradiction, even when they agree", async () => {
    const { message, headers } = modern("tools/call", { name: "echo" })
    const request = posting(message, { host: "localhost", ...headers, ...as("reader@1") })
    const pairs = Object.entries(request.headers ?? {})
      .flat()
      .map(String)
    const answer = await http(port, { ...request, headers: [...pairs, "Mcp-Name", "echo"] })
    expect(json(answer)).toMatchObject({ error: { code: -32020 } })
  })

  test("a name in Base64 and white space around it are the name", async () => {
    const encoded = `=?base64?${Buffer.from("echo").toString("base64")}?=`
    for (const name of [encoded, ` ${encoded}\t`, " echo "]) {
      const params = { name: "echo" }
      const answer = await ask(port, "reader@1", "tools/call", params, { "mcp-name": name })
      expect(answer.status).toBe(200)
    }
  })

  test("a wrong header wins over an unknown method, and an unknown version over both", async () => {
    const wrong = await ask(port, "reader@1", "x/y", {}, { "mcp-method": "tools/list" })
    expect(json(wrong)).toMatchObject({ error: { code: -32020 } })
    const { message, headers } = modern("x/y", { _meta: { [version]: "v9" } })
    const sent = { "mcp-protocol-version": "v9", ...as("reader@1") }
    expect(headers["mcp-method"]).toBe("x/y")
    expect(json(await post(port, message, sent))).toMatchObject({ error: { code: -32022 } })
  })

  test.each([
    "initialize",
    "ping",
    "logging/setLevel",
    "resources/subscribe",
    "resources/unsubscribe",
    "tasks/list",
    "tasks/result",
    "vendor/thing",
    "__proto__",
  ])("%s is not there: 404 and -32601", async (method) => {
    const answer = await ask(port, "reader@1", method)
    expect(answer.status).toBe(404)
    expect(json(answer)).toMatchObject({ id: 1, error: { code: -32601 } })
  })

  test("notifications are taken with 202 and an empty body", async () => {
    const message = { jsonrpc: "2.0", method: "notifications/cancelled", params: { requestId: 1 } }
    const answer = await post(port, message, {
      "mcp-protocol-version": "2026-07-28",
      ...as("reader@1"),
    })
    expect(answer).toMatchObject({ status: 202, text: "" })
  })

  test("session ids and event ids mean nothing", async () => {
    const sent = { "mcp-session-id": "nonsense", "last-event-id": "7" }
    const answer = await ask(port, "reader@1", "tools/list", {}, sent)
    expect(answer.status).toBe(200)
    expect(answer.headers["mcp-session-id"]).toBeUndefined()
  })
})

describe("Mcp-Param headers", () => {
  const call = (args: object | undefined, headers: Record<string, string>, tool = "far") =>
    ask(port, "reader@1", "tools/call", { name: tool, ...(args && { arguments: args }) }, headers)

  test.each<[string, object | undefined, Record<string, string>]>([
    ["no arguments", undefined, {}],
    ["an argument that is absent, whatever the header says", {}, { "mcp-param-region": "eu" }],
    ["an argument of null", { region: null }, {}],
    ["a plain value", { region: "eu" }, { "mcp-param-region": "eu" }],
    ["a value in Base64", { region: "Zürich" }, { "mcp-param-region": "=?base64?WsO8cmljaA==?=" }],
    ["an integer written otherwise", { limit: 42 }, { "mcp-param-limit": "42.0" }],
    ["a boolean further down", { deep: { dry: true } }, { "mcp-param-dry-run": "true" }],
    ["an annotation where none may be", { items: ["a"] }, {}],
    ["a header that nobody announced", { items: [] }, { "mcp-param-other": "x" }],
  ])("that say the same are fine: %s", async (_, args, headers) => {
    const answer = await call(args, headers)
    expect(answer.status).toBe(200)
    expect(gateway.calls).toHaveLength(1)
  })

  test.each<[string, object, Record<string, string>]>([
    ["a missing header", { region: "eu" }, {}],
    ["another value", { region: "eu" }, { "mcp-param-region": "us" }],
    ["another case", { region: "eu" }, { "mcp-param-region": "EU" }],
    [
      "Base64 without padding",
      { region: "Zürich" },
      { "mcp-param-region": "=?base64?WsO8cmljaA?=" },
    ],
    ["another integer", { limit: 42 }, { "mcp-param-limit": "43" }],
    ["another boolean", { deep: { dry: true } }, { "mcp-param-dry-run": "false" }],
    ["two headers", { region: "eu" }, { "mcp-param-region": "eu, eu" }],
  ])("that say something else are 400 and -32020: %s", async (_, args, headers) => {
    const answer = await call(args, headers)
    expect(answer.status).toBe(400)
    expect(json(answer)).toMatchObject({ id: 1, error: { code: -32020 } })
    expect(gateway.calls).toEqual([])
  })

  test("tell nobody of a tool that is hidden", async () => {
    const hidden = await call({ region: "eu" }, {}, "secret")
    const absent = await call({ region: "eu" }, {}, "nosuch")
    expect(hidden.status).toBe(200)
    expect(hidden.text.replaceAll("secret", "nosuch")).toBe(absent.text)
  })
})

describe("tools/list of the modern era", () => {
  test("is the caller's own, with caching fields and the registry's words", async () => {
    const answer = await ask(port, "reader@1", "tools/list")
    expect(json(answer)).toMatchObject({
      jsonrpc: "2.0",
      id: 1,
      result: {
        resultType: "complete",
        ttlMs: 0,
        cacheScope: "private",
        _meta: ownMeta,
        tools: [
          {
            name: "echo",
            inputSchema: { type: "object" },
            outputSchema: { type: "array" },
            _meta: { "dev.postern/tool": { version: "1" } },
          },
          { name: "far" },
        ],
      },
    })
    expect(answer.text).not.toContain("secret")
    expect(gateway.calls).toEqual([])
  })
})

describe("tools/call of the modern era", () => {
  const call = (_meta: object = {}) => ask(port, "reader@1", "tools/call", { name: "echo", _meta })

  test("adds what a legacy backend left out", async () => {
    replying({ content: [], structuredContent: [1], vendor: 1 })
    expect(json(await call())).toEqual({
      jsonrpc: "2.0",
      id: 1,
      result: {
        resultType: "complete",
        content: [],
        structuredContent: [1],
        vendor: 1,
        _meta: ownMeta,
      },
    })
    replying({ structuredContent: null })
    expect(json(await call())).toMatchObject({ result: { content: [], structuredContent: null } })
  })

  test("says who answers in the gateway's name and keeps the rest", async () => {
    replying({
      resultType: "complete",
      content: [{ type: "text", text: "t", extra: true }],
      _meta: { "io.modelcontextprotocol/serverInfo": { name: "hidden" }, "com.x/y": 1 },
    })
    const answer = await call()
    expect(json(answer)).toMatchObject({
      result: { content: [{ extra: true }], _meta: { ...ownMeta, "com.x/y": 1 } },
    })
    expect(answer.text).not.toContain("hidden")
  })

  test("does not pass on a question that it cannot carry the answer to", async () => {
    replying({ resultType: "input_required", inputRequests: { k: { method: "roots/list" } } })
    expect(json(await call())).toMatchObject({ result: { resultType: "complete", isError: true } })
  })

  test("relays a backend's own error as it is, but not what it says of its own hop", async () => {
    const error = { code: -32050, message: "no", data: { why: 1 } }
    backend = () => ({ kind: "error", error })
    expect(json(await call())).toEqual({ jsonrpc: "2.0", id: 1, error })
    backend = () => ({ kind: "error", error: { ...error, code: -32021 } })
    const answer = await call()
    expect(answer.status).toBe(200)
    expect(json(answer)).toMatchObject({ error: { code: -32603 } })
  })

  test("shows the backend no reserved keys of _meta, and no key of ours but the gateways passed", async () => {
    await call({ progressToken: "p", "com.x/y": { z: 1 }, "dev.postern/refusal": 1 })
    const hops = { "dev.postern/hops": 1 }
    expect(gateway.calls[0]?.meta).toEqual({ progressToken: "p", "com.x/y": { z: 1 }, ...hops })
    await call()
    expect(gateway.calls[1]?.meta).toEqual(hops)
  })

  test("gives the trace to the audit", async () => {
    const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    await call({ traceparent: `00-${trace}-00f067aa0ba902b7-01` })
    expect(gateway.records.at(-1)?.trace).toBe(trace)
  })

  test("relays log messages only as far as the request asked for them", async () => {
    backend = ({ onNotification }) => {
      for (const level of ["debug", "info", "error"])
        onNotification?.({
          jsonrpc: "2.0",
          method: "notifications/message",
          params: { level, data: 1 },
        })
      return { kind: "result", result: { content: [] } }
    }
    const silent = await call()
    expect(silent.headers["content-type"]).toBe("application/json")
    const { headers, text } = await call({ "io.modelcontextprotocol/logLevel": "info" })
    expect(headers["content-type"]).toBe("text/event-stream")
    expect(events(text)).toMatchObject([
      { method: "notifications/message", params: { level: "info" } },
      { method: "notifications/message", params: { level: "error" } },
      { id: 1, result: { resultType: "complete" } },
    ])
  })

  test("is cancelled when the caller hangs up", async () => {
    const started = Promise.withResolvers<Cancellation | undefined>()
    const aborted = Promise.withResolvers<void>()
    backend = ({ cancellation }) => {
      started.resolve(cancellation)
      return new Promise((resolve) => {
        cancellation?.listen({
          cancelled() {
            aborted.resolve()
            resolve({ kind: "refusal", refusal: { code: "cancelled", reason: "hung up" } })
          },
        })
      })
    }
    const { message, headers } = modern("tools/call", { name: "echo" })
    const hangUp = new AbortController()
    const request = posting(message, { ...headers, ...as("reader@1") })
    const answer = http(port, { ...request, signal: hangUp.signal })
    expect((await started.promise)?.isCancelled).toBe(false)
    hangUp.abort()
    await expect(answer).rejects.toThrow()
    await aborted.promise
    await eventually(() => gateway.records.at(-1)?.refusal).toBe("cancelled")
  })
})
