import { describe, expect, test } from "vitest"
import type { Change } from "../../../src/mcp/backend/offering.ts"
import type { JsonObject } from "../../../src/schema/json.ts"
import type { Message } from "../../support/backend-behaviour.ts"
import { type Answer, json, serve } from "../../support/backend-http.ts"
import {
  catalogServer,
  http,
  modernVersion,
  open,
  options,
  until,
} from "../../support/backend-world.ts"

const it = catalogServer("it")
const everything = { tools: {}, resources: {}, prompts: {} }

/** A modern server whose lists are what `list` says. */
const listing = (
  list: (message: Message) => object | "hang",
  capabilities: JsonObject = everything,
) =>
  serve((message, response) => {
    const { id, method } = message
    const discovered = { supportedVersions: [modernVersion], capabilities }
    const result = method === "server/discover" ? discovered : list(message)
    if (result !== "hang") json(response, { jsonrpc: "2.0", id, result })
  })

const uris = (...names: string[]) => ({ resources: names.map((uri) => ({ uri, name: uri })) })
const asked = (methods: readonly string[], method: string) =>
  methods.filter((one) => one === method).length

describe("the lists of a server", () => {
  test("are read to the last page, as they were sent", async () => {
    const pages: Record<string, string> = {
      undefined: `{"resources":[{"uri":"a:1","name":"1","size":12345678901234567890,"x":{"y":1}}],"nextCursor":""}`,
      "": `{"resources":[{"uri":"a:2","name":"2"},"no object"],"nextCursor":"p3"}`,
      p3: `{"resources":[{"uri":"a:3","name":"3"}]}`,
    }
    const answer: Answer = ({ id, method, params }, response) => {
      const found = { supportedVersions: [modernVersion], capabilities: everything }
      const page =
        method === "server/discover" ? JSON.stringify(found) : pages[`${params?.["cursor"]}`]
      json(response, `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${page}}`)
    }
    const { backends } = open(http((await serve(answer)).url))
    const { items, plain, isKnown } = await backends.list(it, "resources", "fresh")
    expect(isKnown).toBe(true)
    expect(JSON.stringify(items)).toContain('"size":12345678901234567890,"x":{"y":1}')
    expect(plain).toMatchObject([{ size: 12345678901234567000 }, { uri: "a:2" }, { uri: "a:3" }])
  })

  test("are read once for all who ask at once, and kept as long as the server says", async () => {
    const one = await listing(() => ({ ...uris("a:1"), ttlMs: 60_000 }))
    const { backends } = open(http(one.url))
    const all = await Promise.all(
      Array.from({ length: 20 }, () => backends.list(it, "resources", "fresh")),
    )
    const later = await backends.list(it, "resources", "fresh")
    expect(new Set(all.map(({ items }) => items)).size).toBe(1)
    expect(later.items).toBe(all[0]?.items)
    expect(later.ttlMs).toBeGreaterThan(50_000)
    expect(asked(one.methods(), "resources/list")).toBe(1)
  })

  test("are asked for again when they are not to be kept, but by those who take what is known", async () => {
    const one = await listing(() => ({ ...uris("a:1"), ttlMs: 0 }))
    const { backends } = open(http(one.url))
    const first = await backends.list(it, "resources", "known")
    await backends.list(it, "resources", "known")
    expect(asked(one.methods(), "resources/list")).toBe(1)
    const again = await backends.list(it, "resources", "fresh")
    expect(asked(one.methods(), "resources/list")).toBe(2)
    expect(again.items).toBe(first.items) // what was made of the list stays good
    expect(again.ttlMs).toBe(0)
  })

  test("are told to have changed only where they are others than were known", async () => {
    const changes: Change[] = []
    let names = ["a:1"]
    const one = await listing(() => uris(...names))
    const limits = { listTtlMs: 0 }
    const { backends } = open(http(one.url), {
      limits,
      changed: (_, change) => changes.push(change),
    })
    await backends.list(it, "resources", "fresh")
    await backends.list(it, "resources", "fresh")
    expect(changes).toEqual([{ kind: "known", list: "resources" }])
    names = ["a:1", "a:2"]
    expect((await backends.list(it, "resources", "fresh")).items).toHaveLength(2)
    expect(changes).toHaveLength(2)
  })

  test("are old when the server says that they changed", async () => {
    const changes: Change[] = []
    const legacy = await serve(({ id, method }, response) => {
      if (method === "tools/call") {
        response.writeHead(200, { "content-type": "text/event-stream" })
        const said = (message: object) =>
          response.write(`data: ${JSON.stringify({ jsonrpc: "2.0", ...message })}\n\n`)
        said({ method: "notifications/resources/list_changed" })
        said({ method: "notifications/resources/updated", params: { uri: "a:1" } })
        said({ id, result: { content: [] } })
        response.end()
      } else if (method === "initialize")
        json(response, {
          jsonrpc: "2.0",
          id,
          result: { protocolVersion: "2025-11-25", capabilities: everything, serverInfo: {} },
        })
      else json(response, { jsonrpc: "2.0", id, result: uris("a:1") })
    })
    const { backends, call } = open(http(legacy.url, { options: { ...options, era: "legacy" } }), {
      changed: (_, change) => changes.push(change),
      limits: { listTtlMs: 60_000 },
    })
    await backends.list(it, "resources", "fresh")
    await call("x")
    await until(() => changes.length === 3)
    expect(changes.slice(1)).toEqual([
      { kind: "list", of: "resources" },
      { kind: "resource", params: { uri: "a:1" } },
    ])
    await backends.list(it, "resources", "fresh")
    expect(asked(legacy.methods(), "resources/list")).toBe(2)
  })

  test("of a server that hangs are what was last known, after a short wait that is not repeated", async () => {
    let isHanging = false
    const one = await listing(() => (isHanging ? "hang" : { ...uris("a:1"), ttlMs: 0 }))
    const { backends } = open(http(one.url), { limits: { listWaitMs: 40, connectMs: 60_000 } })
    const known = await until(async () => {
      const list = await backends.list(it, "resources", "fresh")
      return list.isKnown && list
    })
    const before = asked(one.methods(), "resources/list")
    isHanging = true
    for (const _ of [1, 2, 3])
      expect(await backends.list(it, "resources", "fresh")).toEqual({ ...known, ttlMs: 0 })
    expect(asked(one.methods(), "resources/list")).toBe(before + 1)
    const prompts = await backends.list(it, "prompts", "fresh")
    expect(prompts).toEqual({ items: [], plain: [], ttlMs: 0, isKnown: false })
  })

  test("of a server that is away, or that nobody configured, are not known", async () => {
    const { backends } = open(http("http://127.0.0.1:1/mcp"))
    const unknown = { items: [], plain: [], ttlMs: 0, isKnown: false }
    expect(await backends.list(it, "prompts", "fresh")).toEqual(unknown)
    expect(await backends.list(catalogServer("other"), "prompts", "fresh")).toEqual(unknown)
    expect(backends.capabilities(it)).toBeUndefined()
  })

  test("are not asked for where the server declared no such thing", async () => {
    const one = await listing(() => uris("a:1"), { prompts: {} })
    const { backends } = open(http(one.url))
    expect(await backends.list(it, "resources", "fresh")).toMatchObject({
      items: [],
      isKnown: true,
    })
    expect(backends.capabilities(it)).toEqual({ prompts: {} })
    expect(asked(one.methods(), "resources/list")).toBe(0)
  })

  const hostile: [what: string, list: (message: Message) => object][] = [
    ["goes in circles", () => ({ resources: [], nextCursor: "again" })],
    ["never ends", ({ params }) => ({ resources: [], nextCursor: `${params?.["cursor"]}+` })],
    ["is no list", () => ({ resources: { uri: "a:1" } })],
    ["is missing", () => ({})],
    ["is too long", () => uris(..."abcdef")],
    ["is too large", () => uris("a".repeat(3_000))],
  ]
  test.each(hostile)("that %s are not believed", async (_, list) => {
    const one = await listing(list)
    const limits = { listedMax: 5, listedBytesMax: 2_000, listedPagesMax: 20 }
    const { backends, call } = open(http(one.url), { limits })
    expect(await backends.list(it, "resources", "fresh")).toMatchObject({ isKnown: false })
    expect((await call("x")).kind).toBe("result")
  })

  test("of a server that does not know the method are empty", async () => {
    const one = await serve(({ id, method }, response) => {
      const result = { supportedVersions: [modernVersion], capabilities: { prompts: {} } }
      const error = { code: -32601, message: "Method not found" }
      json(response, {
        jsonrpc: "2.0",
        id,
        ...(method === "server/discover" ? { result } : { error }),
      })
    })
    const { backends } = open(http(one.url))
    expect(await backends.list(it, "prompts", "fresh")).toMatchObject({ items: [], isKnown: true })
  })
})
