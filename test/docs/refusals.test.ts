import { describe, expect, test } from "vitest"
import { staleWords } from "../../src/call/interaction/interactions.ts"
import type { Refusal, RefusalCode } from "../../src/call/refusal.ts"
import { refusalCodes } from "../../src/compose/run/result/refusal-codes.ts"
import { refusalAnswer } from "../../src/mcp/face/refusal-words.ts"
import { read, rows } from "./pages.ts"

const tool = "NAME"
const reason = "an internal reason"
const challenge = false
const faults = [
  { at: "/limit", keyword: "type", expected: "integer", line: "/limit: expected integer" },
]

/** Each code with all the shapes it has; a code that is not here does not compile. */
const refusals = {
  invalid_credentials: [
    { code: "invalid_credentials", status: 400, words: "invalid credentials", reason },
    { code: "invalid_credentials", status: 401, words: "expired", reason },
  ],
  identity_unavailable: [{ code: "identity_unavailable", reason }],
  identity_conflict: [{ code: "identity_conflict", reason }],
  insufficient_trust: [
    { code: "insufficient_trust", reason, challenge },
    { code: "insufficient_trust", reason, challenge: true },
  ],
  unknown_caller: [
    { code: "unknown_caller", reason, challenge },
    { code: "unknown_caller", reason, challenge: true, hint: "send X-Agent-Version" },
  ],
  unknown_session: [{ code: "unknown_session", reason }],
  unknown_tool: [{ code: "unknown_tool", tool }],
  undeclared_dependency: [{ code: "undeclared_dependency", tool, reason }],
  denied_by_rule: [
    { code: "denied_by_rule", tool, reason },
    { code: "denied_by_rule", tool, reason, scopes: ["docs:write"] },
    { code: "denied_by_rule", tool, reason, words: "REASON" },
  ],
  unknown_resource: [{ code: "unknown_resource", uri: "docs://a", reason }],
  unknown_prompt: [{ code: "unknown_prompt", prompt: tool, reason }],
  unknown_method: [{ code: "unknown_method", method: "acme/find", reason }],
  invalid_input: [{ code: "invalid_input", tool, faults }],
  invalid_output: [{ code: "invalid_output", tool, faults }],
  withheld_output: [{ code: "withheld_output", tool, words: "REASON", reason }],
  backend_unavailable: [{ code: "backend_unavailable", subject: tool, reason, retryAfterMs: 250 }],
  backend_timeout: [{ code: "backend_timeout", subject: tool, waitedMs: 60_000, reason }],
  backend_error: [
    { code: "backend_error", subject: tool, reason },
    { code: "backend_error", subject: tool, reason, isUnauthorized: true },
  ],
  overloaded: [
    { code: "overloaded", subject: tool, reason, retryAfterMs: 1_000 },
    { code: "overloaded", reason, retryAfterMs: 1_000 },
  ],
  rate_limited: [
    { code: "rate_limited", subject: tool, reason, retryAfterMs: 1_800, fate: "unsent" },
  ],
  definition_drift: [{ code: "definition_drift", tool, reason, fate: "unsent" }],
  too_many_hops: [{ code: "too_many_hops", subject: tool, reason, fate: "unsent" }],
  missing_capability: [{ code: "missing_capability", subject: tool, needed: { sampling: {} } }],
  unanswered: [{ code: "unanswered", subject: tool, words: "REASON" }],
  unknown_task: [{ code: "unknown_task", reason }],
  invalid_round: [{ code: "invalid_round", subject: tool, words: staleWords, reason }],
  composition_unsupported: [{ code: "composition_unsupported", tool, words: "REASON" }],
  audit_unavailable: [{ code: "audit_unavailable", reason }],
  cancelled: [{ code: "cancelled", reason }],
} satisfies { [Code in RefusalCode]: readonly Extract<Refusal, { code: Code }>[] }

const speaker = { explain: false, metadataUrl: undefined, scope: undefined }
const page = read("docs/reference/refusals.md")
const tableOf = (text: string) => new Map(rows(text).map(({ name, cells }) => [name, cells]))
const [outright = "", ofRuns = ""] = page.split("## When a composition fails")
const table = tableOf(outright)

describe("docs/reference/refusals.md", () => {
  test("has exactly the codes that there are", () => {
    expect([...table.keys()].sort()).toEqual(Object.keys(refusals).sort())
  })

  const all: readonly Refusal[] = Object.values(refusals).flat()
  test.each(all)("says what a caller hears of $code: %j", (refusal) => {
    const [status, answer, words] = table.get(refusal.code) ?? []
    const said = refusalAnswer(refusal, speaker)
    if (said.kind === "error") {
      expect(status).toContain(String(said.fail.status))
      expect(answer).toContain(`error ${said.fail.code}`)
      expect(words).toContain(`\`${said.fail.message}\``)
    } else {
      expect(status).toContain("200")
      expect(answer).toContain("tool result")
      expect(words).toContain(`\`${textOf(said.result["content"])}\``)
    }
  })

  test("says under which code a composition fails, for every class of error", () => {
    const [failures = ""] = ofRuns.split("\n## ")
    const written = [...tableOf(failures)].map(([name, [code]]) => [name, code])
    const codes = Object.entries(refusalCodes).map(([name, code]) => [name, `\`${code}\``])
    expect(written.sort()).toEqual(codes.sort())
  })

  test("and the how-to for trouble has a section for each code", () => {
    const howTo = read("docs/how-to/troubleshoot-a-refusal.md")
    for (const code of Object.keys(refusals))
      expect(howTo).toMatch(new RegExp(`^#+ .*\`${code}\``, "m"))
  })
})

/** The first line: what follows it in `invalid_input` is a line for each fault. */
function textOf(content: unknown): string {
  const [block] = content as { text: string }[]
  return block?.text.split("\n")[0] ?? ""
}
