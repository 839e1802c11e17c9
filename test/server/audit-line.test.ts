import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { AuditRecord } from "../../src/call/audit.ts"
import { lineBufferBytes, lineBytesMax, noHash, writeLine } from "../../src/server/audit/line.ts"
import { noteRecord } from "../../src/server/audit/records.ts"
import { callRecord } from "../support/audit-records.ts"

const buffer = Buffer.alloc(lineBufferBytes)
const line = (record: AuditRecord): string =>
  buffer.toString("utf8", 0, writeLine(buffer, record, { seq: 184, prev: noHash }))

describe("the line of a record", () => {
  test("has all keys, in the same order, whatever the record holds", () => {
    const full = JSON.parse(line(callRecord("i")))
    const sparse = JSON.parse(line(noteRecord("config", { event: "stop" }, { id: "i", timeMs: 0 })))
    expect(full).toEqual({
      seq: 184,
      prev: noHash,
      time: "2026-11-21T06:00:00.123Z",
      kind: "call",
      id: "i",
      trace: "4bf92f3577b34da6a3ce929d0e0e4736",
      era: "modern",
      method: "tools/call",
      remote: "10.0.3.7",
      caller: {
        name: "research-agent",
        version: "2.1.0",
        trust: "verified",
        by: ["jwt"],
        issuer: "https://idp.example",
        subject: "c8a1",
        onBehalfOf: null,
      },
      target: { type: "tool", name: "search_documents", version: "1.0.0" },
      server: { name: "document-service", version: "1.2.0" },
      decision: "allow",
      refusal: null,
      reason: null,
      warnings: [],
      outcome: "ok",
      ms: 12.346,
      backendMs: 10.1,
      in: { digest: `sha256:${"a".repeat(64)}`, bytes: 120 },
      out: { digest: `sha256:${"b".repeat(64)}`, bytes: 900 },
      catalog: `sha256:${"c".repeat(64)}`,
    })
    expect(Object.keys(sparse)).toEqual([...Object.keys(full), "note"])
  })

  test("stays one line, escaped, whatever stands in names and reasons", () => {
    const hostile = 'a\r\nb\u001b[31m\u2028\u2029\u009b\u202e\u200b\ufeff"\\é\0'
    const text = line(callRecord(hostile, { reason: hostile, warnings: [hostile] }))
    expect(text.indexOf("\n")).toBe(text.length - 1)
    const acting = [
      "\r",
      "\u001b",
      "\u2028",
      "\u2029",
      "\u009b",
      "\u202e",
      "\u200b",
      "\ufeff",
      "\0",
    ]
    expect(acting.filter((char) => text.includes(char))).toEqual([])
    expect(JSON.parse(text)).toMatchObject({ id: hostile, reason: hostile, warnings: [hostile] })
  })

  test("cuts strings at 256 characters", () => {
    const { reason } = JSON.parse(line(callRecord("i", { reason: "x".repeat(300) })))
    expect(reason).toBe(`${"x".repeat(255)}…`)
  })

  test("fits 4 KiB and is JSON for any record (property)", () => {
    const text = fc.string({ unit: "binary", maxLength: 600 })
    fc.assert(
      fc.property(text, fc.array(text, { maxLength: 60 }), fc.object(), (any, warnings, note) => {
        const caller = callRecord("").caller
        const record = callRecord(any, {
          trace: any,
          method: any,
          remote: any,
          reason: any,
          warnings,
          target: { name: any, version: any },
          server: { name: any, version: any },
          caller: caller && { ...caller, name: any, issuer: any, subject: any, onBehalfOf: any },
          catalog: any,
          note: JSON.parse(JSON.stringify(note)),
        })
        const bytes = writeLine(buffer, record, { seq: Number.MAX_SAFE_INTEGER, prev: noHash })
        const written = buffer.toString("utf8", 0, bytes)
        expect(bytes).toBeLessThanOrEqual(lineBytesMax)
        expect(written.indexOf("\n")).toBe(written.length - 1)
        expect(JSON.parse(written)).toMatchObject({ kind: "call", decision: "allow" })
      }),
      { numRuns: 300 },
    )
  })

  test("has null where a time is none", () => {
    for (const none of [undefined, Number.NaN, Number.POSITIVE_INFINITY, 1e21])
      expect(JSON.parse(line(callRecord("i", { ms: none })))).toMatchObject({ ms: null })
    for (const ms of [0, 0.001, 0.05, 9.999, 10, 61_234.5])
      expect(JSON.parse(line(callRecord("i", { ms })))).toMatchObject({ ms })
    expect(JSON.parse(line(callRecord("i", { ms: -3 })))).toMatchObject({ ms: 0 }) // a clock was set back
  })
})
