import { beforeEach, describe, expect, test } from "vitest"
import type { BackendReply } from "../../../src/call/backends.ts"
import type { Cancellation } from "../../../src/call/cancellation.ts"
import { type FakeBackend, type FakeGateway, fakeGateway } from "../../support/face-gateway.ts"
import {
  ask,
  events,
  faceServer,
  http,
  json,
  legacy,
  modern,
  post,
  session,
} from "../../support/face-server.ts"
import { eventually } from "../../support/face-stream.ts"

let gateway: FakeGateway
let port: number
let backend: FakeBackend

const anyOutput = {
  anyOf: [{ type: "string" }, { $ref: "#/$defs/list" }],
  $defs: { list: { type: "array" } },
}

beforeEach(async () => {
  backend = () => ({ kind: "result", result: { content: [{ type: "text", text: "ok" }] } })
  gateway = fakeGateway(
    {
      tools: {
        "echo@1": {},
        "any@1": { outputSchema: anyOutput },
        "shaped@1": { outputSchema: { properties: { n: { type: "integer" } } } },
        "secret@1": {},
      },
      agents: { "reader@1": ["echo@1", "any@1", "shaped@1"] },
    },
    (request) => backend(request),
  )
  port = (await faceServer(gateway)).port
})

const replying = (result: object): void => {
  backend = () => ({ kind: "result", result }) as BackendReply
}

describe("tools/call in a legacy session", () => {
  const call = async (name: string, args: object = {}) =>
    post(port, legacy("tools/call", { name, arguments: args }), await session(port, "reader@1"))

  test("takes off what only modern results have", async () => {
    replying({
      resultType: "complete",
      ttlMs: 5,
      cacheScope: "public",
      content: [{ type: "text", text: "ok", unknown: 1 }],
      structuredContent: { n: 1 },
      vendor: { kept: true },
      _meta: { "io.modelcontextprotocol/serverInfo": { name: "b", version: "1" }, "com.x/y": 1 },
    })
    expect(json(await call("echo"))).toEqual({
      jsonrpc: "2.0",
      id: 1,
      result: {
        content: [{ type: "text", text: "ok", unknown: 1 }],
        structuredContent: { n: 1 },
        vendor: { kept: true },
        _meta: { "com.x/y": 1 },
      },
    })
  })

  test("leaves no empty _meta and adds content where there is none", async () => {
    replying({ _meta: { "io.modelcontextprotocol/serverInfo": {} }, structuredContent: {} })
    expect(json(await call("echo"))).toMatchObject({
      result: { content: [], structuredContent: {} },
    })
    expect((await call("echo")).text).not.toContain("_meta")
  })

  test("wraps results that need not be objects, in the list and in the call alike", async () => {
    const headers = await session(port, "reader@1")
    const listed = json(await post(port, legacy("tools/list"), headers))
    expect(listed).toMatchObject({
      result: {
        tools: [
          {
            name: "any",
            outputSchema: {
              type: "object",
              properties: {
                result: {
                  anyOf: [{ type: "string" }, { $ref: "#/properties/result/$defs/list" }],
                  $defs: { list: { type: "array" } },
                },
              },
              required: ["result"],
            },
          },
          { name: "echo" },
          {
            name: "shaped",
            outputSchema: { type: "object", properties: { n: { type: "integer" } } },
          },
        ],
      },
    })
    for (const value of ["text", null, 0, false, ["a"], { n: 1 }]) {
      replying({ content: [], structuredContent: value })
      expect(json(await call("any"))).toMatchObject({
        result: {
          content: [{ type: "text", text: JSON.stringify(value) }],
          structuredContent: { result: value },
        },
      })
    }
    replying({ content: [], structuredContent: { n: 1 } })
    expect(json(await call("shaped"))).toMatchObject({ result: { structuredContent: { n: 1 } } })
  })

  test("relays a backend's own error as it is, but not what it says of its own hop", async () => {
    const error = { code: -32042, message: "visit", data: { elicitations: [{ url: "https://x" }] } }
    backend = () => ({ kind: "error", error })
    expect(json(await call("echo"))).toEqual({ jsonrpc: "2.0", id: 1, error })
    for (const code of [-32020, -32021, -32022]) {
      backend = () => ({ kind: "error", error: { code, message: "secret host", data: { a: 1 } } })
      const { text } = await call("echo")
      expect(JSON.parse(text)).toMatchObject({ error: { code: -32603 } })
      expect(text).not.toContain("secret host")
    }
  })

  test.each([
    ["no name", {}],
    ["a name that is none", { name: 1 }],
    ["arguments in a list", { name: "echo", arguments: [] }],
    ["arguments of null", { name: "echo", arguments: null }],
  ])("refuses %s with -32602", async (_, params) => {
    const answer = await post(port, legacy("tools/call", params), await session(port, "reader@1"))
    expect(answer.status).toBe(200)
    expect(json(answer)).toMatchObject({ error: { code: -32602 } })
    expect(gateway.calls).toEqual([])
  })

  test("makes hidden and absent tools sound the same, to the byte", async () => {
    const hidden = await call("secret")
    const absent = await call("nosuch")
    expect(hidden.text.replaceAll("secret", "nosuch")).toBe(absent.text)
    expect(hidden.status).toBe(200)
    expect(json(hidden)).toMatchObject({ error: { code: -32602, message: "Unknown tool: secret" } })
    const ofModern = await ask(port, "reader@1", "tools/call", { name: "secret" })
    expect(ofModern.text).toBe(hidden.text)
    const sizes = [hidden, absent].map(({ headers: { date: _, ...rest } }) => Object.keys(rest))
    expect(sizes[0]).toEqual(sizes[1])
  })

  test("answers an exception in the gateway with -32603 and goes on", async () => {
    backend = () => {
      throw new Error("bug in /home/secret")
    }
    const answer = await call("echo")
    expect(answer.status).toBe(200)
    expect(json(answer)).toEqual({
      jsonrpc: "2.0",
      id: 1,
      error: { code: -32603, message: "Internal error" },
    })
    replying({ content: [] })
    expect((await call("echo")).status).toBe(200)
  })

  test("answers, too, where a bug is in how the connection's certificate is read", async () => {
    const { face, port } = await faceServer(gateway, {
      certificateOf: () => {
        throw new Error("bug")
      },
    })
    const answer = await post(port, legacy("ping"))
    expect(json(answer)).toMatchObject({ error: { code: -32603, message: "Internal error" } })
    await eventually(() => face.stats().inFlight).toBe(0)
  })

  test("strips what a backend says in the gateway's name", async () => {
    replying({ content: [], _meta: { "dev.postern/refusal": { code: "x" }, "com.x/y": 1 } })
    expect(json(await call("echo"))).toMatchObject({ result: { _meta: { "com.x/y": 1 } } })
    expect((await call("echo")).text).not.toContain("dev.postern")
  })

  test("shows the backend the caller's _meta with no key of ours but the gateways passed", async () => {
    const _meta = { progressToken: 7, "com.x/y": 1, "dev.postern/trust": "verified" }
    const headers = await session(port, "reader@1")
    await post(port, legacy("tools/call", { name: "echo", _meta }), headers)
    const told = { progressToken: 7, "com.x/y": 1, "dev.postern/hops": 1 }
    expect(gateway.calls[0]?.meta).toEqual(told)
  })

  test("is cancelled by a notification of its own session alone", async () => {
    const started = Promise.withResolvers<Cancellation>()
    backend = ({ cancellation }) => {
      if (cancellation === undefined) throw new Error("a call can be cancelled")
      started.resolve(cancellation)
      return new Promise((resolve) => {
        cancellation.listen({
          cancelled: () =>
            resolve({ kind: "refusal", refusal: { code: "cancelled", reason: "by the caller" } }),
        })
      })
    }
    const headers = await session(port, "reader@1")
    const answer = post(port, legacy("tools/call", { name: "echo" }, "c1"), headers)
    const cancellation = await started.promise
    const cancelled = {
      jsonrpc: "2.0",
      method: "notifications/cancelled",
      params: { requestId: "c1" },
    }
    await post(port, cancelled, await session(port, "reader@1"))
    await post(port, { ...cancelled, params: { requestId: 1 } }, headers)
    expect(cancellation.isCancelled).toBe(false)
    await post(port, cancelled, headers)
    expect(cancellation.isCancelled).toBe(true)
    expect(json(await answer)).toMatchObject({
      id: "c1",
      error: { data: { "dev.postern/refusal": { code: "cancelled" } } },
    })
  })

  test("goes on when the caller hangs up, however long it takes", async () => {
    const started = Promise.withResolvers<Cancellation | undefined>()
    const done = Promise.withResolvers<BackendReply>()
    backend = ({ cancellation }) => {
      started.resolve(cancellation)
      return done.promise
    }
    const headers = await session(port, "reader@1")
    const hangUp = new AbortController()
    const { message } = { message: legacy("tools/call", { name: "echo" }) }
    const answer = http(port, {
      headers: { "content-type": "application/json", accept: "application/json", ...headers },
      body: JSON.stringify(message),
      signal: hangUp.signal,
    })
    const cancellation = await started.promise
    hangUp.abort()
    await expect(answer).rejects.toThrow()
    await post(port, legacy("ping"), headers) // the gateway has seen the hang-up by now
    expect(cancellation?.isCancelled).toBe(false)
    done.resolve({ kind: "result", result: { content: [] } })
    await eventually(() => gateway.records.at(-1)?.outcome).toBe("ok")
  })

  test("relays log messages from the level that the session set", async () => {
    backend = ({ onNotification }) => {
      for (const level of ["debug", "info", "error"])
        onNotification?.({
          jsonrpc: "2.0",
          method: "notifications/message",
          params: { level, data: "" },
        })
      return { kind: "result", result: { content: [] } }
    }
    const headers = await session(port, "reader@1")
    const levels = async () => {
      const { text } = await post(port, legacy("tools/call", { name: "echo" }), headers)
      return events(text).flatMap(
        (event) => (event as { params?: { level: string } }).params?.level ?? [],
      )
    }
    expect(await levels()).toEqual(["debug", "info", "error"])
    const set = await post(port, legacy("logging/setLevel", { level: "warning" }), headers)
    expect(json(set)).toEqual({ jsonrpc: "2.0", id: 1, result: {} })
    expect(await levels()).toEqual(["error"])
    const wrong = await post(port, legacy("logging/setLevel", { level: "loud" }), headers)
    expect(json(wrong)).toMatchObject({ error: { code: -32602 } })
  })

  test("does not take a modern envelope for a session", async () => {
    const { message, headers } = modern("tools/call", { name: "echo" })
    const sent = { ...headers, ...(await session(port, "reader@1")), ...headers }
    const answer = await post(port, message, sent)
    expect(json(answer)).toMatchObject({ result: { resultType: "complete" } })
  })
})
