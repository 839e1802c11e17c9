import { describe, expect, test } from "vitest"
import type { AuditRecord } from "../../src/call/audit.ts"
import type { AuditFinding } from "../../src/server/audit/chain-check.ts"
import { lineBufferBytes, lineBytesMax, noHash, writeLine } from "../../src/server/audit/line.ts"
import { noteRecord } from "../../src/server/audit/records.ts"
import { read, rows } from "./pages.ts"

const page = read("docs/reference/audit.md")
const [fields = "", kinds = "", findings = ""] = page.split(/^## /m).slice(1)

/** A kind or code that is not here does not compile. */
const everyKind = {
  call: true,
  request: true,
  list: true,
  session: true,
  identity: true,
  catalog: true,
  config: true,
  checkpoint: true,
  recovered: true,
  begin: true,
  step: true,
  drift: true,
  run: true,
} satisfies Record<AuditRecord["kind"], true>
const everyFinding = {
  not_a_record: true,
  chain_broken: true,
  sequence_broken: true,
  checkpoint_broken: true,
  torn_tail: true,
  head_mismatch: true,
  unreadable: true,
} satisfies Record<AuditFinding["code"], true>

const named = (section: string) => rows(section).map(({ name }) => name)

describe("docs/reference/audit.md", () => {
  test("has the fields of a line, in their order", () => {
    const buffer = Buffer.alloc(lineBufferBytes)
    const record = noteRecord("config", { event: "started" }, { id: "0", timeMs: 0 })
    const bytes = writeLine(buffer, record, { seq: 1, prev: noHash })
    const line = JSON.parse(buffer.toString("utf8", 0, bytes)) as object
    expect(named(fields)).toEqual(Object.keys(line))
    expect(page).toContain(`at most ${lineBytesMax.toLocaleString("en")} bytes`)
  })

  test("has every kind of record and every finding of verify", () => {
    expect(named(kinds).sort()).toEqual(Object.keys(everyKind).sort())
    expect(named(findings).sort()).toEqual(Object.keys(everyFinding).sort())
  })
})
