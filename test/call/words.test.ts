import { describe, expect, test } from "vitest"
import { reasonOf } from "../../src/call/reason.ts"
import type { Refusal } from "../../src/call/refusal.ts"
import { wordsOf } from "../../src/call/words.ts"

const secret = "http://10.0.0.7:4001/mcp said TOKEN-1"
const fault = {
  at: "/limit",
  keyword: "type",
  expected: "integer",
  received: '"10"',
  line: '/limit: expected integer, received "10"',
}

/** Every way to be refused, and what the outside hears of it. */
const table: [refusal: Refusal, httpStatus: number, text: string, retryAfterMs?: number][] = [
  [
    { code: "invalid_credentials", status: 400, words: "invalid credentials", reason: secret },
    400,
    "invalid credentials",
  ],
  [{ code: "invalid_credentials", status: 401, words: "expired", reason: secret }, 401, "expired"],
  [{ code: "identity_unavailable", reason: secret }, 503, "identity cannot be checked now", 5_000],
  [{ code: "identity_conflict", reason: secret }, 403, "conflicting identities"],
  [
    { code: "insufficient_trust", reason: secret, challenge: true },
    401,
    "a stronger credential is needed",
  ],
  [
    { code: "insufficient_trust", reason: secret, challenge: false },
    403,
    "a stronger credential is needed",
  ],
  [{ code: "unknown_caller", reason: secret, challenge: true }, 401, "unknown caller"],
  [
    { code: "unknown_caller", reason: secret, challenge: false, hint: "send X-Agent-Version" },
    403,
    "unknown caller: send X-Agent-Version",
  ],
  [{ code: "unknown_session", reason: secret }, 404, "unknown session"],
  [{ code: "unknown_tool", tool: "t" }, 200, "Unknown tool: t"],
  [{ code: "undeclared_dependency", tool: "t", reason: secret }, 200, "Unknown tool: t"],
  [
    { code: "invalid_input", tool: "t", faults: [fault] },
    200,
    `Invalid arguments for t:\n${fault.line}`,
  ],
  [
    { code: "invalid_output", tool: "t", faults: [fault] },
    200,
    "t returned a result that breaks its schema",
  ],
  [{ code: "backend_unavailable", tool: "t", reason: secret }, 200, "t is unavailable now"],
  [
    { code: "backend_unavailable", tool: "t", reason: secret, retryAfterMs: 900 },
    200,
    "t is unavailable now",
    900,
  ],
  [
    { code: "backend_timeout", tool: "t", waitedMs: 60_000, reason: secret },
    200,
    "t did not answer in 60000 ms",
  ],
  [{ code: "backend_error", tool: "t", reason: secret }, 200, "t failed"],
  [{ code: "overloaded", reason: secret, retryAfterMs: 1_000 }, 503, "busy", 1_000],
  [
    { code: "overloaded", tool: "t", reason: secret, retryAfterMs: 1_000 },
    200,
    "t is busy, try again",
    1_000,
  ],
  [
    { code: "composition_unsupported", tool: "t", pattern: "saga" },
    200,
    "t is a composition, which this gateway does not run",
  ],
  [{ code: "audit_unavailable", reason: secret }, 503, "calls cannot be recorded now", 5_000],
  [{ code: "cancelled", reason: secret }, 200, "cancelled"],
]

describe("the words for a refusal", () => {
  test.each(table)("$code", (refusal, httpStatus, text, retryAfterMs) => {
    expect(wordsOf(refusal)).toEqual({ httpStatus, text, ...(retryAfterMs && { retryAfterMs }) })
  })

  test("never hold its reason, which the audit has", () => {
    for (const [refusal] of table) {
      expect(JSON.stringify(wordsOf(refusal))).not.toContain("10.0.0.7")
      expect(reasonOf(refusal)).toEqual(expect.any(String))
    }
  })

  test("are the same for a tool that may not be used and one that does not exist", () => {
    const hidden = wordsOf({ code: "undeclared_dependency", tool: "t", reason: "why" })
    expect(hidden).toEqual(wordsOf({ code: "unknown_tool", tool: "t" }))
  })
})

test("the reason of a misfit is where and which rule, never the value", () => {
  expect(
    reasonOf({ code: "invalid_input", tool: "t", faults: [fault, { ...fault, at: "" }] }),
  ).toBe("/limit type, (whole) type")
})
