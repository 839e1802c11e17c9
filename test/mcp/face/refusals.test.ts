import { describe, expect, test } from "vitest"

import type { Refusal, RefusalCode } from "../../../src/call/refusal.ts"
import { refusalAnswer, refusalKey, type Speaker } from "../../../src/mcp/face/refusal-words.ts"
import { fakeGateway } from "../../support/face-gateway.ts"
import {
  as,
  ask,
  faceServer,
  http,
  initialize,
  json,
  legacy,
  post,
  session,
} from "../../support/face-server.ts"

const sketch = { tools: { "echo@1": {} }, agents: { "reader@1": ["echo@1"] } }
const reason = "secret-host:5432 said no"
const tool = "echo"
const fault = {
  at: "/limit",
  keyword: "type",
  expected: "integer",
  received: 'string "10"',
  line: '/limit: expected integer, received string "10" — send 10 without quotes',
}

/** One refusal of each code, and what becomes of a `tools/call` that meets it. */
const cases: {
  readonly [Code in RefusalCode]: readonly [Extract<Refusal, { code: Code }>, object]
} = {
  invalid_credentials: [
    { code: "invalid_credentials", status: 401, words: "expired", reason },
    { status: 401, error: { code: 401, message: "expired" } },
  ],
  identity_unavailable: [
    { code: "identity_unavailable", reason },
    {
      status: 503,
      retryAfter: "5",
      error: { code: 503, message: "identity cannot be checked now" },
    },
  ],
  identity_conflict: [
    { code: "identity_conflict", reason },
    { status: 403, error: { code: 403, message: "conflicting identities" } },
  ],
  insufficient_trust: [
    { code: "insufficient_trust", reason, challenge: false },
    { status: 403, error: { code: 403, message: "a stronger credential is needed" } },
  ],
  unknown_caller: [
    { code: "unknown_caller", reason, hint: "send X-Agent-Version", challenge: true },
    { status: 401, error: { code: 401, message: "unknown caller: send X-Agent-Version" } },
  ],
  unknown_session: [
    { code: "unknown_session", reason },
    { status: 404, error: { code: -32001, message: "Session not found" } },
  ],
  unknown_tool: [
    { code: "unknown_tool", tool },
    { status: 200, error: { code: -32602, message: "Unknown tool: echo" } },
  ],
  undeclared_dependency: [
    { code: "undeclared_dependency", tool, reason },
    { status: 200, error: { code: -32602, message: "Unknown tool: echo" } },
  ],
  denied_by_rule: [
    { code: "denied_by_rule", tool, reason, words: "at most 100 at once" },
    { status: 200, text: "echo may not be called: at most 100 at once" },
  ],
  definition_drift: [
    { code: "definition_drift", tool, reason, fate: "unsent" },
    {
      status: 200,
      text: "echo is withheld: its server changed its definition, and nobody has approved that yet",
    },
  ],
  unknown_resource: [
    { code: "unknown_resource", uri: "test://a", reason },
    {
      status: 200,
      error: { code: -32602, message: "Resource not found: test://a" },
      data: { uri: "test://a" },
    },
  ],
  unknown_method: [
    { code: "unknown_method", method: "acme/find", reason },
    { status: 200, error: { code: -32601, message: "Method not found: acme/find" } },
  ],
  unknown_prompt: [
    { code: "unknown_prompt", prompt: "greet", reason },
    { status: 200, error: { code: -32602, message: "Unknown prompt: greet" } },
  ],
  invalid_input: [
    { code: "invalid_input", tool, faults: [fault] },
    { status: 200, text: `Invalid arguments for echo:\n${fault.line}` },
  ],
  invalid_output: [
    { code: "invalid_output", tool, faults: [fault] },
    { status: 200, text: "echo returned a result that breaks its schema" },
  ],
  withheld_output: [
    { code: "withheld_output", tool, words: "it cannot be redacted", reason },
    { status: 200, text: "the result of echo is withheld: it cannot be redacted" },
  ],
  backend_unavailable: [
    { code: "backend_unavailable", subject: tool, reason, retryAfterMs: 1_500 },
    { status: 200, text: "echo is unavailable now", retryAfterMs: 1_500 },
  ],
  backend_timeout: [
    { code: "backend_timeout", subject: tool, waitedMs: 1234.5, reason },
    { status: 200, text: "echo did not answer in 1235 ms" },
  ],
  backend_error: [
    { code: "backend_error", subject: tool, reason },
    { status: 200, text: "echo failed" },
  ],
  overloaded: [
    { code: "overloaded", subject: tool, reason, retryAfterMs: 200 },
    { status: 200, text: "echo is busy, try again", retryAfterMs: 200 },
  ],
  rate_limited: [
    { code: "rate_limited", subject: tool, reason, retryAfterMs: 1_800, fate: "unsent" },
    {
      status: 429,
      retryAfter: "2",
      retryAfterMs: 1_800,
      error: { code: 429, message: "rate limit reached, try again in 2 s" },
    },
  ],
  too_many_hops: [
    { code: "too_many_hops", subject: tool, reason, fate: "unsent" },
    {
      status: 200,
      text: "echo was not called: the request has passed too many gateways and may go in a circle",
    },
  ],
  missing_capability: [
    { code: "missing_capability", subject: tool, needed: { sampling: {} } },
    {
      status: 400,
      error: { code: -32021, message: "Missing required client capability" },
      data: { requiredCapabilities: { sampling: {} } },
    },
  ],
  unanswered: [
    { code: "unanswered", subject: tool, words: "nobody answered in time" },
    { status: 200, text: "echo asked its caller, without answer: nobody answered in time" },
  ],
  unknown_task: [
    { code: "unknown_task", reason },
    { status: 200, error: { code: -32602, message: "Unknown task" } },
  ],
  invalid_round: [
    {
      code: "invalid_round",
      subject: tool,
      words: "inputResponses.q1: expected an object",
      reason,
    },
    {
      status: 200,
      error: { code: -32602, message: "Invalid params: inputResponses.q1: expected an object" },
    },
  ],
  composition_unsupported: [
    { code: "composition_unsupported", tool, words: "a saga needs a journal" },
    { status: 200, text: "echo cannot be run: a saga needs a journal" },
  ],
  audit_unavailable: [
    { code: "audit_unavailable", reason },
    { status: 503, retryAfter: "5", error: { code: 503, message: "calls cannot be recorded now" } },
  ],
  cancelled: [
    { code: "cancelled", reason },
    { status: 200, error: { code: 499, message: "the request was cancelled" } },
  ],
}

/** What a caller sees of one refusal, in the words of `cases`. */
async function seen(refusal: Refusal, era: "legacy" | "modern") {
  const gateway = fakeGateway(sketch, () => ({ kind: "refusal", refusal }))
  const { port } = await faceServer(gateway)
  const answer =
    era === "modern"
      ? await ask(port, "reader@1", "tools/call", { name: "echo" })
      : await post(port, legacy("tools/call", { name: "echo" }), await session(port, "reader@1"))
  return answer
}

describe.each(["legacy", "modern"] as const)("a refused tools/call, %s", (era) => {
  test.each(Object.values(cases))("$code", async (refusal, expected) => {
    const answer = await seen(refusal, era)
    const want = expected as {
      status: number
      error?: object
      data?: object
      text?: string
      retryAfter?: string
      retryAfterMs?: number
    }
    expect(answer.status).toBe(want.status)
    expect(answer.headers["retry-after"]).toBe(want.retryAfter)
    const code = refusal.code === "undeclared_dependency" ? "unknown_tool" : refusal.code
    const told = { code, ...(want.retryAfterMs && { retryAfterMs: want.retryAfterMs }) }
    if (want.error !== undefined) {
      const data = { ...want.data, [refusalKey]: told }
      expect(json(answer)).toEqual({ jsonrpc: "2.0", id: 1, error: { ...want.error, data } })
    } else {
      expect(json(answer)).toMatchObject({
        id: 1,
        result: {
          content: [{ type: "text", text: want.text }],
          isError: true,
          _meta: { [refusalKey]: told },
        },
      })
    }
    expect(answer.text).not.toContain("secret-host")
    expect(answer.text).not.toContain("-32000")
  })
})

describe("the words of a refusal", () => {
  const speaker: Speaker = { explain: false, metadataUrl: undefined, scope: undefined }

  test("let a model repair its arguments from the machine form, too", () => {
    expect(refusalAnswer(cases.invalid_input[0], speaker)).toMatchObject({
      result: {
        _meta: {
          [refusalKey]: {
            faults: [
              { at: "/limit", keyword: "type", expected: "integer", received: 'string "10"' },
            ],
          },
        },
      },
    })
  })

  test("are 503 with a time to come back when the gateway itself is overloaded", () => {
    const refusal = { code: "overloaded", reason, retryAfterMs: 2_100 } as const
    expect(refusalAnswer(refusal, speaker)).toMatchObject({
      fail: { status: 503, message: "busy", headers: { "retry-after": "3" } },
    })
  })

  test("are 400 without a challenge for credentials that are malformed", () => {
    const words = "invalid credentials"
    const refusal = { code: "invalid_credentials", status: 400, words, reason } as const
    const said = refusalAnswer(refusal, speaker)
    expect(said).toMatchObject({ fail: { status: 400, message: words } })
    expect(said).not.toHaveProperty("fail.headers")
  })

  test("explain an unknown tool only where the operator wants it", async () => {
    const { port } = await faceServer(
      fakeGateway({ tools: { "echo@1": {}, "far@1": {} }, agents: { "reader@1": [] } }),
      { explainRefusals: true },
    )
    expect(json(await ask(port, "reader@1", "tools/call", { name: "far" }))).toMatchObject({
      error: {
        code: -32602,
        message: "Unknown tool: far (reader@1 does not depend on far@1)",
        data: { [refusalKey]: { code: "undeclared_dependency" } },
      },
    })
    expect(json(await ask(port, "reader@1", "tools/call", { name: "no" }))).toMatchObject({
      error: {
        message: "Unknown tool: no (no tool of this name is registered)",
        data: { [refusalKey]: { code: "unknown_tool" } },
      },
    })
  })

  test("are the same for a list that nobody may see", async () => {
    const { port } = await faceServer(fakeGateway(sketch))
    for (const answer of [
      await ask(port, "nobody@1", "tools/list"),
      await post(port, initialize(), as("nobody@1")),
    ]) {
      expect(answer.status).toBe(403)
      expect(json(answer)).toMatchObject({ id: 1, error: { code: 403, message: "unknown caller" } })
    }
  })
})

describe("an audit that cannot be written", () => {
  test("answers nothing: 503 for a list, a call and a session", async () => {
    const gateway = fakeGateway(sketch)
    Object.assign(gateway, { audit: () => false })
    const { port } = await faceServer(gateway)
    const answers = [
      await ask(port, "reader@1", "tools/list"),
      await ask(port, "reader@1", "tools/call", { name: "echo" }),
      await post(port, initialize(), as("reader@1")),
    ]
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 503])
    expect(answers[2]?.headers["mcp-session-id"]).toBeUndefined()
  })
})

describe("a gateway with an issuer", () => {
  const resourceMetadata = {
    authorizationServers: ["https://idp.example"],
    scopes: ["tools:read", "tools:call"],
  }
  const publicUrl = "https://gate.example/mcp"
  const where = "https://gate.example/.well-known/oauth-protected-resource/mcp"

  test("tells anybody where to get a token, under both well-known paths", async () => {
    const { port } = await faceServer(fakeGateway(sketch), { publicUrl, resourceMetadata })
    for (const path of ["/mcp", ""]) {
      const answer = await http(port, {
        method: "GET",
        path: `/.well-known/oauth-protected-resource${path}`,
        headers: { host: "evil.example" },
      })
      expect(answer.status).toBe(200)
      expect(answer.headers["access-control-allow-origin"]).toBe("*")
      expect(answer.headers["cache-control"]).toBe("max-age=300")
      expect(json(answer)).toEqual({
        resource: publicUrl,
        authorization_servers: ["https://idp.example"],
        scopes_supported: ["tools:read", "tools:call"],
        bearer_methods_supported: ["header"],
        resource_name: "postern",
      })
    }
  })

  test("has no such document without one", async () => {
    const { port } = await faceServer(fakeGateway(sketch))
    const path = "/.well-known/oauth-protected-resource"
    expect((await http(port, { method: "GET", path })).status).toBe(404)
  })

  test.each<[string, Refusal, string]>([
    [
      "no credential",
      { code: "unknown_caller", reason, challenge: true },
      `Bearer resource_metadata="${where}", scope="tools:read tools:call"`,
    ],
    [
      "too little trust",
      { code: "insufficient_trust", reason, challenge: true },
      `Bearer resource_metadata="${where}", scope="tools:read tools:call"`,
    ],
    [
      "a token that has expired",
      { code: "invalid_credentials", status: 401, words: "expired", reason },
      `Bearer resource_metadata="${where}", scope="tools:read tools:call", error="invalid_token", error_description="expired"`,
    ],
  ])("challenges %s on every kind of request", async (_, refusal, challenge) => {
    const gateway = fakeGateway(sketch)
    Object.assign(gateway, { identify: () => ({ ok: false, refusal }) })
    const { port } = await faceServer(gateway, { publicUrl, resourceMetadata })
    for (const answer of [
      await ask(port, "reader@1", "tools/list"),
      await ask(port, "reader@1", "tools/call", { name: "echo" }),
      await ask(port, "reader@1", "server/discover"),
      await post(port, initialize(), as("reader@1")),
    ]) {
      expect(answer.status).toBe(401)
      expect(answer.headers["www-authenticate"]).toBe(challenge)
    }
    expect(gateway.calls).toEqual([])
  })

  test("never lets a challenge end its quotes early", () => {
    const speaker = { explain: false, metadataUrl: 'https://x/"\r\nEvil: 1', scope: 'a"b\\c' }
    const refusal = { code: "unknown_caller", reason, challenge: true } as const
    expect(refusalAnswer(refusal, speaker)).toMatchObject({
      fail: {
        headers: {
          "www-authenticate": 'Bearer resource_metadata="https://x/Evil: 1", scope="abc"',
        },
      },
    })
  })
})
