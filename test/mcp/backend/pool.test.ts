import { fileURLToPath } from "node:url"
import { describe, expect, test } from "vitest"
import type { Caller } from "../../../src/call/caller.ts"
import { Cancellation } from "../../../src/call/cancellation.ts"
import type { Address } from "../../../src/mcp/backend/address.ts"
import { json, serve, serveLegacy, serveModern } from "../../support/backend-http.ts"
import { callerOf } from "../../support/backend-peers.ts"
import {
  catalogServer,
  http,
  modernVersion,
  open,
  options,
  refusal,
  stdio,
  text,
  until,
} from "../../support/backend-world.ts"
import { isAlive } from "../../support/is-alive.ts"

const script = fileURLToPath(import.meta.resolve("../../support/backend-child.ts"))

describe("the pool of backends", () => {
  test("refuses a call to a server without an address", async () => {
    const { call } = open(http("http://127.0.0.1:9/"))
    expect(refusal(await call("x", {}, catalogServer("other")))).toEqual({
      code: "backend_unavailable",
      subject: "the-x",
      reason: "no address is configured for other@1",
      fate: "unsent",
    })
  })

  test("keeps connections and processes of servers whose address stays the same", async () => {
    const address = stdio([script, "legacy"])
    const { call, backends } = open(address)
    const pid = text(await call("pid"))
    backends.route(
      new Map<string, Address>([
        ["new@1", http("http://127.0.0.1:9/")],
        ["it@1", { ...address }],
      ]),
    )
    expect(text(await call("pid"))).toBe(pid)
    expect(backends.status().map(({ server }) => server.name)).toEqual(["new", "it"])
  })

  test("moves a server with a new address, and lets calls at the old one end", async () => {
    const [one, other] = [await serveLegacy(), await serveModern()]
    const { call, backends } = open(http(one.url))
    await call("echo")
    const slow = call("slow", { arguments: { a: 1 } })
    backends.route(new Map([["it@1", http(other.url)]]))
    expect(text(await call("echo", { arguments: { b: 2 } }))).toBe('{"b":2}')
    expect(text(await slow)).toBe('{"a":1}')
    expect(other.methods()).toContain("tools/call")
    await until(() => one.methods().includes("DELETE"))
  })

  test("turns away the last of who waits most, for a caller that has nothing waiting", async () => {
    const server = await serveModern()
    const narrow = { ...options, concurrencyMax: 1, queueMax: 3 }
    const { call, backends } = open(http(server.url, { options: narrow }))
    const cancellation = new Cancellation()
    const [ann, bob] = [callerOf("ann"), callerOf("bob")]
    const held = call("wait", { caller: ann, cancellation })
    const order: string[] = []
    const say = async (name: string, caller: Caller) => {
      const reply = await call("echo", { caller, arguments: { name } })
      order.push(name)
      return reply
    }
    const flood = [1, 2, 3].map((n) => say(`ann ${n}`, ann))
    await until(() => backends.status()[0]?.queued === 3)
    const quick = say("bob", bob)
    expect(refusal(await (flood[2] ?? held))).toMatchObject({ code: "overloaded", fate: "unsent" })
    cancellation.cancel()
    expect(text(await quick)).toBe('{"name":"bob"}')
    await Promise.all([held, ...flood])
    expect(order).toEqual(["ann 3", "ann 1", "bob", "ann 2"])
  })

  test("stops the process of a server that is gone", async () => {
    const { call, backends } = open(stdio([script, "legacy"]))
    const pid = Number(text(await call("pid")))
    backends.route(new Map())
    expect(refusal(await call("echo"))).toMatchObject({
      reason: expect.stringContaining("no address"),
    })
    await until(() => !isAlive(pid))
  })

  test("connects to nobody before the first call", async () => {
    const one = await serveModern()
    const { backends } = open(http(one.url))
    await backends.close()
    expect(one.seen).toEqual([])
  })

  test("says which registered tools a server does not offer", async () => {
    const one = await serveModern()
    const { call, backends } = open(http(one.url))
    const provides = ["echo", "gone"].map((tool) => ({ tool, extra: {} }))
    await call("echo", {}, catalogServer("it", provides))
    await until(() => backends.status()[0]?.toolCount === 9)
    expect(backends.status()).toMatchObject([{ missing: ["gone"] }])
  })

  test("looks at a server's tools again when the server does not know one", async () => {
    let looks = 0
    const one = await serveModern()
    const { call } = open(http(one.url), { observe: () => looks++ })
    await call("echo")
    await until(() => looks === 1)
    expect(await call("none")).toMatchObject({ kind: "error", error: { code: -32602 } })
    await until(() => looks === 2)
  })

  test("goes on when the observer of tools fails", async () => {
    const one = await serveModern()
    const observe = () => {
      throw new Error("cannot take it")
    }
    const { call, events } = open(http(one.url), { observe })
    await call("echo")
    await until(() => events.some(({ event }) => event === "sighting_not_taken"))
    expect(text(await call("echo"))).toBe("null")
  })

  test("reports that a list cannot be read, and calls go on", async () => {
    const sightings: string[] = []
    const one = await serve(({ id, method }, response) => {
      if (method === "tools/list")
        json(response, { id, result: { tools: [], nextCursor: "again" } })
      else json(response, { id, result: { supportedVersions: [modernVersion] } })
    })
    const { call } = open(http(one.url), { observe: (_, { kind }) => sightings.push(kind) })
    expect((await call("x")).kind).toBe("result")
    await until(() => sightings.length > 0)
    expect(sightings).toEqual(["failure"])
  })

  test("sends what the registered schema wants in headers, regenerated from the arguments", async () => {
    const one = await serveModern()
    const { call } = open(http(one.url))
    const properties = {
      region: { type: "string", "x-mcp-header": "Region" },
      nested: { properties: { count: { type: "integer", "x-mcp-header": "Count" } } },
      absent: { type: "string", "x-mcp-header": "Absent" },
    }
    const provides = [{ tool: "echo", inputSchema: { type: "object", properties }, extra: {} }]
    const args = { region: "süd", nested: { count: 3 } }
    await call("echo", { arguments: args }, catalogServer("it", provides))
    const sent = one.seen.find(({ message }) => message.method === "tools/call")?.headers
    expect(sent).toMatchObject({
      "mcp-param-region": "=?base64?c8O8ZA==?=",
      "mcp-param-count": "3",
    })
    expect(sent).not.toHaveProperty("mcp-param-absent")
  })
})

describe("secrets", () => {
  test("of an address appear in no refusal, error, log line or status", async () => {
    const secret = "canary-4711-x"
    const one = await serve(({ id, method, params }, response, { headers }) => {
      const error = {
        code: -32000,
        message: `no ${headers.authorization}`,
        data: { [secret]: [secret] },
      }
      const result = { isError: true, content: [{ type: "text", text: `it was ${secret}` }] }
      if (method !== "tools/call")
        json(response, { id, result: { supportedVersions: [modernVersion] } })
      else if (params?.["name"] === "error") json(response, { id, error })
      else if (params?.["name"] === "tool-error") json(response, { id, result })
      else json(response, secret, 500)
    })
    const headers = new Map([["authorization", `Bearer ${secret}`]])
    const { call, events, backends } = open(http(`${one.url}?key=${secret}-q`, { headers }))
    const replies = [await call("error"), await call("tool-error"), await call("x")]
    expect(replies[0]).toMatchObject({ error: { message: "no [secret]" } })
    expect(JSON.stringify([replies, events, backends.status()])).not.toContain("canary")
  })

  test("of a server that is gone are known until its last call has ended", async () => {
    const asked = Promise.withResolvers<void>()
    const answer = Promise.withResolvers<void>()
    const one = await serve(async ({ id, method }, response, { headers }) => {
      if (method !== "tools/call")
        return json(response, { id, result: { supportedVersions: [modernVersion] } })
      asked.resolve()
      await answer.promise
      json(response, { id, error: { code: -32000, message: `no ${headers.authorization}` } })
    })
    const headers = new Map([["authorization", "Bearer canary-4711-x"]])
    const { call, backends } = open(http(one.url, { headers }))
    const last = call("error")
    await asked.promise
    backends.route(new Map())
    answer.resolve()
    expect(await last).toMatchObject({ error: { message: "no [secret]" } })
  })

  test("in ordinary results are the backend's business and stay", async () => {
    const one = await serveModern()
    const headers = new Map([["x-key", "canary-4711-x"]])
    const { call } = open(http(one.url, { headers }))
    expect(text(await call("echo", { arguments: { v: "canary-4711-x" } }))).toContain("canary")
  })

  test("short enough to be words are not looked for", async () => {
    const one = await serveModern()
    const { call } = open(http(one.url, { headers: new Map([["x-mode", "no"]]) }))
    expect(await call("fail")).toMatchObject({ error: { message: "no" } })
  })
})
