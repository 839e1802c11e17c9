import type { AuditRecord } from "../../src/call/audit.ts"

/** A call as the way of a call records it. */
export function callRecord(id: string, more: Partial<AuditRecord> = {}): AuditRecord {
  return {
    kind: "call",
    id,
    timeMs: 1_795_240_800_123.4,
    trace: "4bf92f3577b34da6a3ce929d0e0e4736",
    era: "modern",
    method: "tools/call",
    caller: {
      name: "research-agent",
      version: "2.1.0",
      agent: undefined,
      trust: "verified",
      by: ["jwt"],
      issuer: "https://idp.example",
      subject: "c8a1",
      scopes: [],
      claims: {},
      challenge: false,
      remote: "10.0.3.7",
      warnings: [],
      principal: "p",
    },
    remote: "10.0.3.7",
    target: { name: "search_documents", version: "1.0.0" },
    server: { name: "document-service", version: "1.2.0" },
    decision: "allow",
    refusal: undefined,
    reason: undefined,
    warnings: [],
    outcome: "ok",
    ms: 12.345678,
    backendMs: 10.1,
    in: { digest: `sha256:${"a".repeat(64)}`, bytes: 120 },
    out: { digest: `sha256:${"b".repeat(64)}`, bytes: 900 },
    catalog: `sha256:${"c".repeat(64)}`,
    ...more,
  }
}

/** The record that goes before that of the call. */
export const begin = (id: string): AuditRecord => ({
  ...callRecord(id),
  kind: "begin",
  timeMs: 1_795_240_800_000,
  decision: "note",
  outcome: undefined,
  ms: undefined,
  backendMs: undefined,
  out: undefined,
})
