import { describe, expect, test } from "vitest"
import type { BackendReply } from "../../src/call/backends.ts"
import { call } from "../../src/call/call.ts"
import { Cancellation } from "../../src/call/cancellation.ts"
import type { Gateway } from "../../src/call/gateway.ts"
import { isObject } from "../../src/schema/json.ts"
import { parseExact } from "../../src/schema/parse-exact.ts"
import { sketchCatalog } from "../support/catalog.ts"
import { anyPeer, evidence } from "../support/evidence.ts"
import { answering, callOf, done, type GatewaySketch, sketchGateway } from "../support/gateway.ts"

const catalog = sketchCatalog({
  tools: {
    "search@1.0.0": {
      inputSchema: { type: "object", properties: { q: { type: "string" } }, required: ["q"] },
      outputSchema: { type: "object", required: ["hits"] },
    },
    "other@1.0.0": {},
    "count@1.0.0": {},
    "down@1.0.0": { unavailable: "${TOKEN} is not set" },
  },
  agents: { "a@1": ["search@1.0.0", "count@1.0.0", "down@1.0.0"] },
})

const hits = done({ content: [], structuredContent: { hits: 3 } })

describe("a call", () => {
  test("goes to the backend under the server's name for the tool, and comes back as it was", async () => {
    const { gateway, requests, records } = sketchGateway(catalog, { backend: () => hits })
    const answer = await call(callOf("search", { q: "x" }), gateway)
    expect(answer).toMatchObject(hits)
    expect(requests).toMatchObject([
      {
        method: "tools/call",
        subject: "search",
        name: "backend_search",
        params: { name: "backend_search", arguments: { q: "x" } },
        meta: { "dev.postern/hops": 1 },
      },
    ])
    expect(records).toEqual([
      expect.objectContaining({
        kind: "call",
        id: "id-1",
        method: "tools/call",
        era: "modern",
        remote: "127.0.0.1",
        caller: expect.objectContaining({ name: "a", version: "1" }),
        target: { name: "search", version: "1.0.0" },
        server: { name: "server", version: "1.0.0" },
        decision: "allow",
        refusal: undefined,
        outcome: "ok",
        warnings: [],
        ms: 0,
        backendMs: 0,
        in: { digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/), bytes: 9 },
        out: { digest: expect.stringMatching(/^sha256:[0-9a-f]{64}$/), bytes: 45 },
        catalog: "sha256:test",
      }),
    ])
  })

  test("keeps the catalog that it began with", async () => {
    let asked = 0
    const { gateway } = sketchGateway(catalog, {
      backend: () => hits,
      gateway: {
        catalog() {
          asked += 1
          return catalog
        },
      },
    })
    await call(callOf("search", { q: "x" }), gateway)
    expect(asked).toBe(1)
  })

  test("carries numbers that no double holds, digit for digit", async () => {
    const { value, exact } = parseExact('{"q":"x","n":12345678901234567890.10}')
    if (!isObject(value) || !isObject(exact)) throw new Error("expected objects")
    const { gateway, requests } = sketchGateway(catalog, { backend: () => hits })
    await call(callOf("search", value, { exactArguments: exact }), gateway)
    expect(JSON.stringify(requests[0]?.params["arguments"])).toBe(
      '{"q":"x","n":12345678901234567890.10}',
    )
  })

  test("sends on the very arguments that were validated", async () => {
    const { gateway, requests } = sketchGateway(catalog, { backend: () => hits })
    const args = { q: "x" }
    await call(callOf("search", args), gateway)
    expect(requests[0]?.params["arguments"]).toBe(args)
  })

  test("carries no key of ours but what we say ourselves, in neither direction", async () => {
    const ours = { "dev.postern/trust": "verified", "dev.postern/refusal": { code: "x" } }
    const { gateway, requests } = sketchGateway(catalog, {
      backend: () =>
        done({ content: [], structuredContent: { hits: 1 }, _meta: { ...ours, theirs: 1 } }),
    })
    const answer = await call(callOf("search", { q: "x" }, { meta: { ...ours, mine: 2 } }), gateway)
    expect(requests[0]?.meta).toEqual({ mine: 2, "dev.postern/hops": 1 })
    expect(answer).toMatchObject({ result: { _meta: { theirs: 1 } } })
    expect(JSON.stringify(answer)).not.toContain("dev.postern")
  })

  test("takes the id that the face has told already", async () => {
    const { gateway, records } = sketchGateway(catalog)
    const trace = {
      traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
      spanId: "00f067aa0ba902b7",
      isSampled: true,
    }
    await call(callOf("search", { q: "x" }, { id: "mine", trace }), gateway)
    expect(records).toMatchObject([{ id: "mine", trace: trace.traceId }])
  })
})

describe("each outcome of a call is in exactly one record:", () => {
  const away: BackendReply = {
    kind: "refusal",
    refusal: { code: "backend_timeout", subject: "search", waitedMs: 9, reason: "10.0.0.1" },
  }
  const cancellation = new Cancellation()
  cancellation.cancel()
  const cases: [
    why: string,
    request: ReturnType<typeof callOf>,
    sketch: GatewaySketch,
    record: object,
    backendCalls: number,
  ][] = [
    [
      "a caller that is nobody",
      callOf("search", { q: "x" }, { evidence: evidence() }),
      {},
      { decision: "refuse", outcome: "refused", refusal: "unknown_caller", caller: undefined },
      0,
    ],
    [
      "a caller that is not believed",
      callOf("search", { q: "x" }, { evidence: evidence({ agentName: "a", remote: anyPeer }) }),
      {},
      {
        decision: "refuse",
        refusal: "insufficient_trust",
        reason: "a is claimed, needed is asserted",
      },
      0,
    ],
    [
      "malformed evidence",
      callOf("search", { q: "x" }, { evidence: evidence({ agentName: "a, b" }) }),
      {},
      { decision: "refuse", refusal: "invalid_credentials" },
      0,
    ],
    [
      "a tool that is not declared",
      callOf("other"),
      {},
      {
        decision: "refuse",
        refusal: "undeclared_dependency",
        reason: "a@1 does not depend on other@1.0.0",
        target: { name: "other" },
      },
      0,
    ],
    [
      "a tool that does not exist",
      callOf("nope"),
      {},
      { decision: "refuse", refusal: "unknown_tool", target: { name: "nope" } },
      0,
    ],
    [
      "a tool that is unavailable",
      callOf("down"),
      {},
      { decision: "refuse", refusal: "backend_unavailable", reason: "${TOKEN} is not set" },
      0,
    ],
    [
      "arguments that do not fit",
      callOf("search", { q: 7 }),
      {},
      { decision: "refuse", refusal: "invalid_input", reason: "/q type", in: { bytes: 7 } },
      0,
    ],
    [
      "arguments that do not fit, where that only warns",
      callOf("search", { q: 7 }),
      { levels: { inputValidation: "warn" }, backend: () => hits },
      { decision: "allow", outcome: "ok", refusal: undefined, warnings: ["invalid_input"] },
      1,
    ],
    [
      "an undeclared tool, where that only warns",
      callOf("other"),
      { levels: { undeclaredDependency: "warn" } },
      { decision: "allow", outcome: "ok", warnings: ["undeclared_dependency"] },
      1,
    ],
    [
      "an unknown caller, where that only warns",
      callOf("other", {}, { evidence: evidence() }),
      { levels: { unknownCaller: "warn" } },
      { decision: "allow", outcome: "ok", warnings: ["unknown_caller"] },
      1,
    ],
    [
      "a call that was cancelled before it began",
      callOf("search", { q: "x" }, { cancellation }),
      {},
      { outcome: "refused", refusal: "cancelled" },
      0,
    ],
    [
      "a backend that does not answer",
      callOf("search", { q: "x" }),
      { backend: () => away },
      { decision: "allow", outcome: "refused", refusal: "backend_timeout", reason: "10.0.0.1" },
      1,
    ],
    [
      "a backend's own error",
      callOf("search", { q: "x" }),
      { backend: () => ({ kind: "error", error: { code: -32000, message: "no" } }) },
      { decision: "allow", outcome: "rpc_error", refusal: undefined },
      1,
    ],
    [
      "a tool's own error, which is not held against its schema",
      callOf("search", { q: "x" }),
      { levels: { outputValidation: "deny" }, backend: () => done({ isError: true, content: [] }) },
      { decision: "allow", outcome: "tool_error", warnings: [] },
      1,
    ],
    [
      "a result that does not fit",
      callOf("search", { q: "x" }),
      { levels: { outputValidation: "deny" }, backend: () => done({ structuredContent: {} }) },
      {
        decision: "allow",
        outcome: "refused",
        refusal: "invalid_output",
        reason: expect.stringMatching(/ required$/),
      },
      1,
    ],
    [
      "a result that does not fit, where that only warns",
      callOf("search", { q: "x" }),
      { backend: () => done({ structuredContent: {} }) },
      { decision: "allow", outcome: "ok", warnings: ["invalid_output"] },
      1,
    ],
  ]
  test.each(cases)("%s", async (_, request, sketch, record, backendCalls) => {
    const { gateway, records, requests } = sketchGateway(catalog, sketch)
    const answer = await call(request, gateway)
    expect(records).toEqual([expect.objectContaining({ kind: "call" })])
    expect(records[0]).toMatchObject(record)
    expect(requests).toHaveLength(backendCalls)
    const refusal = answer.kind === "refusal" ? answer.refusal.code : undefined
    expect(refusal).toBe(records[0]?.refusal)
  })

  const bug = () => {
    throw new Error("a bug")
  }
  const bugs: [where: string, sketch: Partial<Gateway>, record: object][] = [
    [
      "identification",
      { identify: bug },
      { decision: "refuse", outcome: "bug", caller: undefined },
    ],
    ["validation", { schemas: { validator: bug } }, { decision: "refuse", outcome: "bug" }],
    ["a backend", { backends: answering(bug) }, { decision: "allow", outcome: "bug" }],
    [
      "a backend that rejects",
      { backends: answering(() => Promise.reject(new Error("a bug"))) },
      { decision: "allow", outcome: "bug" },
    ],
    ["the digest", { digest: bug }, { outcome: "bug" }],
  ]
  test.each(bugs)("a bug in %s, which is thrown on", async (_, parts, record) => {
    const { gateway, records } = sketchGateway(catalog, { gateway: parts })
    await expect(call(callOf("search", { q: "x" }), gateway)).rejects.toThrow("a bug")
    expect(records).toEqual([expect.objectContaining(record)])
  })
})

describe("a call that may change something", () => {
  test("is recorded before its backend is asked, under the id of its own record", async () => {
    let known: number | undefined
    const { gateway, records } = sketchGateway(catalog, {
      backend: () => {
        known = records.length
        return hits
      },
      gateway: { begins: "effects" },
    })
    await call(callOf("search", { q: "x" }), gateway)
    expect(known).toBe(1)
    expect(records).toMatchObject([
      { kind: "begin", id: "id-1", decision: "note", target: { name: "search" } },
      { kind: "call", id: "id-1", decision: "allow" },
    ])
  })

  test("whose caller has gone while it was announced is cancelled, also where that may be asked something", async () => {
    for (const capabilities of [undefined, { elicitation: {} }]) {
      const cancellation = new Cancellation()
      const { gateway, requests } = sketchGateway(catalog, {
        gateway: {
          begins: "effects",
          audit({ kind }) {
            if (kind === "begin") cancellation.cancel()
            return true
          },
        },
      })
      const nothing = { responses: undefined, state: undefined }
      const respondent = { kind: "rounds", capabilities, ...nothing } as const
      await call(callOf("count", {}, { cancellation, respondent }), gateway)
      expect(requests.map((request) => request.cancellation?.isCancelled)).toEqual([true])
    }
  })

  test("is not announced when it is refused before, or begins are off", async () => {
    const effects = sketchGateway(catalog, { gateway: { begins: "effects" } })
    await call(callOf("search", { q: 7 }), effects.gateway)
    expect(effects.records.map(({ kind }) => kind)).toEqual(["call"])
    const none = sketchGateway(catalog, { backend: () => hits, gateway: { begins: "none" } })
    await call(callOf("search", { q: "x" }), none.gateway)
    expect(none.records.map(({ kind }) => kind)).toEqual(["call"])
  })

  test("is not made when its announcement cannot be written", async () => {
    const { gateway, requests } = sketchGateway(catalog, {
      gateway: { begins: "all", audit: ({ kind }) => kind !== "begin" },
    })
    const answer = await call(callOf("search", { q: "x" }), gateway)
    expect(answer).toMatchObject({ refusal: { code: "audit_unavailable" } })
    expect(requests).toEqual([])
  })
})

describe("a call that cannot be recorded", () => {
  test("is not answered, whatever came of it", async () => {
    const { gateway } = sketchGateway(catalog, {
      backend: () => hits,
      gateway: { audit: () => false },
    })
    const answer = await call(callOf("search", { q: "x" }), gateway)
    expect(answer).toMatchObject({ kind: "refusal", refusal: { code: "audit_unavailable" } })
  })

  test("is not carried out where that is known before, and still tried to be recorded", async () => {
    const { gateway, records, requests } = sketchGateway(catalog, {
      gateway: { canAudit: () => false },
    })
    const answer = await call(callOf("search", { q: "x" }), gateway)
    expect(answer).toMatchObject({ refusal: { code: "audit_unavailable" } })
    expect(requests).toEqual([])
    expect(records).toMatchObject([{ decision: "refuse", refusal: "audit_unavailable" }])
  })
})

test("interleaved calls of two agents never see each other's tools or answers", async () => {
  const shared = sketchCatalog({
    tools: { "one@1": {}, "two@1": {} },
    agents: { "a@1": ["one@1"], "b@1": ["two@1"] },
  })
  const { gateway, records } = sketchGateway(shared, {
    backend: async ({ name }) => {
      await Promise.resolve()
      return done({ content: [], from: name ?? "nobody" })
    },
  })
  const as = (agentName: string, tool: string) =>
    call(callOf(tool, {}, { evidence: evidence({ agentName }) }), gateway)
  const rounds = Array.from({ length: 200 }, () => [
    as("a", "one"),
    as("b", "two"),
    as("a", "two"),
    as("b", "one"),
  ])
  for (const [a, b, c, d] of await Promise.all(rounds.map((round) => Promise.all(round)))) {
    expect(a).toMatchObject({ result: { from: "backend_one" } })
    expect(b).toMatchObject({ result: { from: "backend_two" } })
    expect(c).toMatchObject({ refusal: { code: "undeclared_dependency", tool: "two" } })
    expect(d).toMatchObject({ refusal: { code: "undeclared_dependency", tool: "one" } })
  }
  expect(records).toHaveLength(800)
})
