import type { ServerResponse } from "node:http"
import { describe, expect, test } from "vitest"
import type { ToolGuard } from "../../../src/mcp/backend/guard.ts"
import { json, serve, serveModern } from "../../support/backend-http.ts"
import { http, modernVersion, open, refusal, text, until } from "../../support/backend-world.ts"

const guardOf = (guard: Partial<ToolGuard>): ToolGuard => ({
  looksFirst: true,
  unseen: () => undefined,
  withheld: () => undefined,
  isPinned: () => false,
  ...guard,
})

describe("a pool with a guard", () => {
  test("sends no call before whoever observes has judged the server's tools", async () => {
    const one = await serveModern()
    const judged = Promise.withResolvers<void>()
    const observed = Promise.withResolvers<void>()
    const guard = guardOf({
      withheld: (_, tool) => (tool === "slow" ? "not as it was" : undefined),
    })
    const observe = () => {
      observed.resolve()
      return judged.promise
    }
    const { call } = open(http(one.url), { guard, observe })
    const [good, bad] = [call("echo", { arguments: { a: 1 } }), call("slow")]
    await observed.promise
    expect(one.methods()).toEqual(["server/discover", "tools/list", "tools/list", "tools/list"])
    judged.resolve()
    expect(text(await good)).toBe('{"a":1}')
    expect(refusal(await bad)).toEqual({
      code: "definition_drift",
      tool: "the-slow",
      reason: "not as it was",
      fate: "unsent",
    })
    expect(one.methods().filter((method) => method === "tools/call")).toHaveLength(1)
  })

  test("tells the guard that a server's tools cannot be looked at, and asks it about each call", async () => {
    const one = await serve(({ id, method }, response) => {
      if (method === "tools/list") json(response, { id, result: { tools: "none" } })
      else json(response, { id, result: { supportedVersions: [modernVersion] } })
    })
    const reasons: string[] = []
    const guard = guardOf({
      unseen: (_, reason) => reasons.push(reason),
      withheld: (_, tool) => (tool === "pinned" ? reasons[0] : undefined),
    })
    const { call } = open(http(one.url), { guard })
    expect(refusal(await call("pinned"))).toMatchObject({
      code: "definition_drift",
      reason: "tools/list was answered without a list",
    })
    expect((await call("other")).kind).toBe("result")
  })

  test("a pinned tool that the server does not know is unavailable, and another is the server's own error", async () => {
    const one = await serveModern()
    const guard = guardOf({ looksFirst: false, isPinned: (_, tool) => tool === "mine" })
    const { call } = open(http(one.url), { guard })
    expect(refusal(await call("mine"))).toEqual({
      code: "backend_unavailable",
      subject: "the-mine",
      reason: "the server no longer has the tool",
      fate: "rejected",
    })
    expect(await call("none")).toMatchObject({ kind: "error", error: { code: -32602 } })
  })

  test("looks at a server when it is told to, and hears from then on that its tools change", async () => {
    const one = await serveModern()
    let looks = 0
    const { backends, call } = open(http(one.url), { observe: () => looks++ })
    await backends.look({ name: "it", version: "1" })
    await until(() => looks === 1 && one.behaviour.news.listeners === 1)
    await call("tell", { arguments: { method: "notifications/tools/list_changed" } })
    await until(() => looks === 2)
    await backends.look({ name: "other", version: "1" })
    expect(backends.status()).toMatchObject([{ state: "up", followed: 1 }])
  })

  test.each<[string, (response: ServerResponse) => void]>([
    ["cuts the connection of a call", (response) => void response.destroy()],
    ["is away behind its proxy (502)", (response) => void response.writeHead(502).end()],
  ])("looks again at a server that %s: another may have come in its place", async (_, fail) => {
    const one = await serve(({ id, method }, response) => {
      if (method === "tools/call") fail(response)
      else if (method === "tools/list") json(response, { id, result: { tools: [] } })
      else json(response, { id, result: { supportedVersions: [modernVersion] } })
    })
    let looks = 0
    const { call } = open(http(one.url), { observe: () => looks++ })
    expect(refusal(await call("echo"))).toMatchObject({ code: "backend_unavailable" })
    await until(() => looks === 2)
    expect(one.methods().filter((method) => method === "tools/list")).toHaveLength(2)
  })
})
