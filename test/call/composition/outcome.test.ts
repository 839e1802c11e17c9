import { describe, expect, test } from "vitest"
import type { BackendReply } from "../../../src/call/backends.ts"
import { outcomeOf } from "../../../src/call/composition/outcome.ts"
import type { Fate } from "../../../src/call/fate.ts"
import type { Refusal } from "../../../src/call/refusal.ts"
import { done } from "../../support/gateway.ts"

const secret = "db.internal:5432 said no"

/** What the interpreter gets to know: class, code, effect. */
function told(answer: BackendReply, wasAsked = true): string {
  const outcome = outcomeOf({ answer, wasAsked })
  if (outcome.ok) return "ok"
  expect(outcome.error.message).not.toContain(secret)
  expect(outcome.error.message).not.toBe("")
  return `${outcome.error.class} ${outcome.error.code} ${outcome.effect}`
}
const refused = (refusal: Refusal): BackendReply => ({ kind: "refusal", refusal })
const unavailable = (fate: Fate): Refusal => ({
  code: "backend_unavailable",
  subject: "t",
  reason: secret,
  fate,
})

describe("what comes of a call inside a composition (compositions §6.3)", () => {
  const fates: readonly [Fate, string][] = [
    ["unsent", "transport CONNECTION none"],
    ["lost", "transport CONNECTION_LOST unknown"],
    ["late", "timeout TIMEOUT unknown"],
    ["busy", "unavailable RATE_LIMITED none"],
    ["failing", "unavailable BACKEND_ERROR unknown"],
    ["rejected", "protocol PROTOCOL none"],
    ["malformed", "protocol PROTOCOL unknown"],
    ["oversize", "output INVALID_OUTPUT done"],
  ]
  test.each(fates)("that is %s: %s", (fate, words) => {
    expect(told(refused(unavailable(fate)))).toBe(words)
    expect(told(refused({ code: "backend_error", subject: "t", reason: secret, fate }))).toBe(words)
  })

  const faults = [
    { at: "/n", keyword: "type", expected: "integer", received: secret, line: secret },
  ]
  const refusals: readonly [Refusal, string][] = [
    [{ code: "undeclared_dependency", tool: "t", reason: secret }, "denied DENIED none"],
    [{ code: "unknown_tool", tool: "t" }, "denied DENIED none"],
    [{ code: "invalid_input", tool: "t", faults }, "input INVALID_INPUT none"],
    [{ code: "invalid_output", tool: "t", faults }, "output INVALID_OUTPUT done"],
    [{ code: "insufficient_trust", reason: secret, challenge: true }, "denied DENIED none"],
    [
      { code: "backend_timeout", subject: "t", waitedMs: 9, reason: secret, fate: "late" },
      "timeout TIMEOUT unknown",
    ],
    [
      { code: "backend_timeout", subject: "t", waitedMs: 9, reason: secret, fate: "unsent" },
      "timeout TIMEOUT none",
    ],
    [
      { code: "overloaded", subject: "t", reason: secret, retryAfterMs: 7, fate: "unsent" },
      "unavailable RATE_LIMITED none",
    ],
    [
      { code: "overloaded", subject: "t", reason: secret, retryAfterMs: 7, fate: "busy" },
      "unavailable RATE_LIMITED none",
    ],
    [{ code: "cancelled", reason: secret, fate: "unsent" }, "cancelled CANCELLED none"],
    [{ code: "cancelled", reason: secret, fate: "lost" }, "cancelled CANCELLED unknown"],
    [{ code: "audit_unavailable", reason: secret }, "journal JOURNAL unknown"],
    [
      { code: "backend_unavailable", subject: "t", reason: secret },
      "transport CONNECTION_LOST unknown",
    ],
  ]
  test.each(refusals)("refused with %o", (refusal, words) => {
    expect(told(refused(refusal))).toBe(words)
    const [errorClass, code] = words.split(" ")
    expect(told(refused(refusal), false)).toBe(`${errorClass} ${code} none`)
  })

  test.each([
    [-32601, "none"],
    [-32602, "none"],
    [-32603, "unknown"],
    [-32000, "unknown"],
    [17, "unknown"],
  ])("answered with the JSON-RPC error %i has effect %s", (code, effect) => {
    const answer: BackendReply = { kind: "error", error: { code, message: "no" } }
    expect(told(answer)).toBe(`protocol PROTOCOL ${effect}`)
  })

  test("answered with a result is that of the tool", () => {
    expect(told(done({ content: [] }))).toBe("ok")
    expect(told(done({ content: [], isError: true }))).toBe("tool TOOL_ERROR none")
    expect(told(done({ resultType: "input_required", inputRequests: {} }))).toBe(
      "tool TOOL_ERROR none",
    )
  })

  test("says how long the server wants to be left alone", () => {
    const refusal: Refusal = { ...unavailable("busy"), ...{ retryAfterMs: 700 } }
    expect(outcomeOf({ answer: refused(refusal), wasAsked: true })).toMatchObject({
      retryAfterMs: 700,
    })
  })
})
