import { describe, expect, test, vi } from "vitest"
import type { BackendReply, BackendRequest } from "../../../src/call/backends.ts"
import { type CallRequest, call } from "../../../src/call/call.ts"
import { Cancellation } from "../../../src/call/cancellation.ts"
import type { Refusal } from "../../../src/call/refusal.ts"
import type { Catalog } from "../../../src/registry/catalog.ts"
import type { JsonObject } from "../../../src/schema/json.ts"
import { type CatalogSketch, sketchCatalog } from "../../support/catalog.ts"
import { evidence } from "../../support/evidence.ts"
import { callOf, done, sketchGateway } from "../../support/gateway.ts"
import { resultsOf } from "../../support/rules.ts"

const readOnly = { annotations: { readOnlyHint: true } }
const sketch: CatalogSketch = {
  tools: { "read@1": readOnly, "write@1": {}, "who@1": readOnly, "never@1": readOnly },
  agents: { "a@1": ["read@1", "write@1", "who@1", "never@1"], "b@1": ["read@1", "who@1"] },
}
const results = resultsOf({
  cache: [
    { match: { tool: ["read", "write"] }, ttl: "10s" },
    { match: { tool: "who", server: "server" }, ttl: "10s", scope: "everyone" },
  ],
  redact: [{ id: "mails", match: { tool: "read" }, detect: ["email"] }],
})

/** Each answer says how many there were before. */
function world(
  backend?: (request: BackendRequest, count: number) => BackendReply | Promise<BackendReply>,
) {
  let catalog: Catalog = sketchCatalog(sketch)
  let count = 0
  const made = sketchGateway(catalog, {
    backend: async (request) => {
      count++
      request.cancellation?.listen({ cancelled: () => undefined }) // as every server's call does
      const reply = await (backend?.(request, count) ?? said(`answer ${count}`))
      request.cancellation?.release()
      return reply
    },
    gateway: { results, catalog: () => catalog },
  })
  const ask = (tool: string, args: JsonObject = {}, more: Partial<CallRequest> = {}) =>
    call(callOf(tool, args, { cancellation: new Cancellation(), ...more }), made.gateway)
  return {
    ...made,
    ask,
    swap: (another: CatalogSketch) => {
      catalog = { ...sketchCatalog(another), digest: "sha256:another" }
    },
  }
}
const said = (text: string) => done({ content: [{ type: "text", text }] })
const b = { evidence: evidence({ agentName: "b", agentVersion: "1" }) }
const textOf = (answer: BackendReply) =>
  answer.kind === "result" ? JSON.stringify(answer.result["content"]) : answer.kind

describe("a cache of results", () => {
  test("gives what a read-only tool answered, for the same arguments, and says how old it is", async () => {
    const { ask, requests, clock, records } = world()
    const first = await ask("read", { a: 1 })
    clock.advance(1_500)
    const second = await ask("read", { a: 1 })
    expect(textOf(second)).toBe(textOf(first))
    expect(first).not.toHaveProperty("result._meta")
    expect(second).toMatchObject({ result: { _meta: { "dev.postern/cache": { ageMs: 1_500 } } } })
    expect(textOf(await ask("read", { a: 2 }))).toContain("answer 2")
    expect(requests).toHaveLength(2)
    expect(records.map(({ note }) => note)).toEqual([undefined, { cache: "hit" }, undefined])
    clock.advance(8_500)
    expect(textOf(await ask("read", { a: 1 }))).toContain("answer 3")
  })

  test("row 56: what was kept for one caller is not given to another with another scope", async () => {
    const { ask, requests } = world()
    expect(textOf(await ask("read"))).toContain("answer 1")
    expect(textOf(await ask("read", {}, b))).toContain("answer 2")
    expect(textOf(await ask("read"))).toContain("answer 1")
    expect(requests).toHaveLength(2)
  })

  test("is not asked by a caller that brings answers, whether or not there was a state to bring back", async () => {
    const { ask, requests } = world()
    const respondent = { kind: "rounds", capabilities: undefined, state: undefined } as const
    await ask("read")
    await ask("read", {}, { respondent: { ...respondent, responses: { key: {} } } })
    expect(requests).toHaveLength(2)
    await ask("read", {}, { respondent: { ...respondent, responses: undefined } })
    expect(requests).toHaveLength(2)
  })

  test("is everyone's only where configuration says that results do not depend on who calls", async () => {
    const { ask } = world()
    expect(textOf(await ask("who"))).toContain("answer 1")
    expect(textOf(await ask("who", {}, b))).toContain("answer 1")
    const read = () => resultsOf({ cache: [{ ttl: "1s", scope: "everyone" }] })
    expect(read).toThrow("results.cache.0.scope: theirs is asked in its callers' names")
    expect(() =>
      resultsOf({ cache: [{ match: { server: "ours" }, ttl: "1s", scope: "everyone" }] }),
    ).not.toThrow()
  })

  test("keeps nothing of what changes something, of failures and of tools that no entry is about", async () => {
    const { ask, requests } = world((_, count) =>
      count > 4 ? done({ content: [], isError: true }) : said(`answer ${count}`),
    )
    for (const tool of ["write", "write", "never", "never", "read", "read"]) await ask(tool)
    expect(requests).toHaveLength(6)
  })

  test("outlives a reload that leaves its tool as it is, and none that changes it", async () => {
    const { ask, swap } = world()
    await ask("read")
    swap({ ...sketch, tools: { ...sketch.tools, "new@1": {} } })
    expect(textOf(await ask("read"))).toContain("answer 1")
    swap({ ...sketch, tools: { ...sketch.tools, "read@1": { ...readOnly, tags: ["else"] } } })
    expect(textOf(await ask("read"))).toContain("answer 2")
  })

  test("asks by what a server is told beside the arguments, but for traces and progress", async () => {
    const { ask, requests } = world()
    await ask("read", {}, { meta: { locale: "de" } })
    await ask("read", {}, { meta: { locale: "en" } })
    await ask("read", {}, { meta: { locale: "de", progressToken: 7, traceparent: "00-1-2-01" } })
    expect(requests).toHaveLength(2)
  })

  test("holds nothing that a redaction takes out, and the audit has it of each call", async () => {
    const { ask, gateway, records } = world(() => said("ann@example.org"))
    const { cache } = gateway.compositions.state
    const kept = vi.spyOn(cache, "set")
    expect(textOf(await ask("read"))).toContain("[redacted]")
    expect(textOf(await ask("read"))).toContain("[redacted]")
    expect(records.map(({ warnings }) => warnings)).toEqual([
      ["redacted: mails"],
      ["redacted: mails"],
    ])
    expect(kept).toHaveBeenCalledOnce()
    expect(JSON.stringify(kept.mock.calls)).toContain("[redacted]")
    expect(JSON.stringify(kept.mock.calls)).not.toContain("ann@")
  })
})

describe("calls for the same at the same time", () => {
  test("are one, and each has a record of its own", async () => {
    const { promise, resolve } = Promise.withResolvers<BackendReply>()
    const { ask, requests, records } = world(() => promise)
    const all = Promise.all([ask("read"), ask("read"), ask("read"), ask("read", {}, b)])
    resolve(said("once"))
    const answers = await all
    expect(answers.map(textOf).every((text) => text.includes("once"))).toBe(true)
    expect(requests).toHaveLength(2)
    expect(records.filter(({ note }) => note?.["cache"] === "shared")).toHaveLength(2)
  })

  test("share that a server is away, and each asks for itself where the answer is for one", async () => {
    const away: Refusal = { code: "backend_unavailable", subject: "read", reason: "gone" }
    const down = world(async () => ({ kind: "refusal", refusal: away }))
    await Promise.all([down.ask("read"), down.ask("read")])
    expect(down.requests).toHaveLength(1)
    const asking = world(async () => ({ kind: "error", error: { code: 1, message: "no" } }))
    await Promise.all([asking.ask("read"), asking.ask("read")])
    expect(asking.requests).toHaveLength(2)
  })

  test("who gives up leaves it to the next, and who waits may give up", async () => {
    const { promise, resolve } = Promise.withResolvers<BackendReply>()
    const cancelled: Refusal = { code: "cancelled", reason: "by its caller" }
    const { ask, requests } = world((_, count) => (count === 1 ? promise : said(`answer ${count}`)))
    const leader = ask("read")
    const waiting = ask("read")
    const cancellation = new Cancellation()
    const leaving = ask("read", {}, { cancellation })
    cancellation.cancel()
    expect(await leaving).toMatchObject({ refusal: { code: "cancelled" } })
    resolve({ kind: "refusal", refusal: cancelled })
    expect(await leader).toMatchObject({ refusal: cancelled })
    expect(textOf(await waiting)).toContain("answer 2")
    expect(requests).toHaveLength(2)
  })
})
