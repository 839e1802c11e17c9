import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, describe, expect, test } from "vitest"
import { Chain } from "../../src/server/audit/chain.ts"
import type { AuditEntry } from "../../src/server/audit/entry.ts"
import { type ReadOptions, readAudit } from "../../src/server/audit/read.ts"
import { callRecord } from "../support/audit-records.ts"

const folder = mkdtempSync(join(tmpdir(), "audit-read-"))
afterAll(() => rmSync(folder, { recursive: true }))

/** A file with a record for each id, as the gateway writes them. */
function audit(name: string, ...ids: readonly string[]): string {
  const file = join(folder, name)
  const chain = new Chain(file)
  for (const id of ids) {
    chain.stage(callRecord(id))
    chain.flush()
  }
  chain.close()
  return file
}

async function read(files: readonly string[], options: ReadOptions = {}) {
  const entries: AuditEntry[] = []
  const { findings } = await readAudit(files, { ...options, onEntry: (one) => entries.push(one) })
  return { entries, ids: entries.map(({ id }) => id), codes: findings.map(({ code }) => code) }
}

describe("reading audit files", () => {
  test("gives back what was written, with its place", async () => {
    const file = audit("one.jsonl", "a", "b")
    const { entries, codes } = await read([file])
    expect(codes).toEqual([])
    expect(entries[1]).toMatchObject({
      file,
      line: 2,
      seq: 2,
      time: "2026-11-21T06:00:00.123Z",
      kind: "call",
      caller: { name: "research-agent", version: "2.1.0", trust: "verified", by: ["jwt"] },
      target: { type: "tool", name: "search_documents", version: "1.0.0" },
      server: { name: "document-service", version: "1.2.0" },
      decision: "allow",
      refusal: undefined,
      note: {},
    })
  })

  test("goes on behind foreign lines, half a line and files that are not there, and tells of them", async () => {
    const file = audit("mixed.jsonl", "a", "b")
    appendFileSync(file, 'shopping list\n[1]\n{"seq":"x"}\n\n{"seq":9,"prev":"","kind":"call","i')
    const { ids, codes } = await read([join(folder, "none.jsonl"), file, audit("after.jsonl", "c")])
    expect(ids).toEqual(["a", "b", "c"])
    expect(codes).toContain("unreadable")
    expect(codes).toContain("torn_tail")
    expect(codes.filter((code) => code === "not_a_record")).toHaveLength(4)
  })

  test("reads records of another shape: what is not there is undefined", async () => {
    const file = join(folder, "old.jsonl")
    const record = {
      seq: 1,
      prev: "0".repeat(64),
      kind: "call",
      caller: "someone",
      target: { x: 1 },
    }
    writeFileSync(file, `${JSON.stringify({ ...record, warnings: [1, "w"], note: null })}\n`)
    const { entries } = await read([file])
    expect(entries).toEqual([
      expect.objectContaining({ id: "", time: "", decision: "", warnings: ["w"], note: {} }),
    ])
    expect(entries[0]?.caller).toBeUndefined()
    expect(entries[0]?.target).toBeUndefined()
  })

  test("takes files that each begin a chain, where that is asked for", async () => {
    const files = [audit("monday.jsonl", "a"), audit("tuesday.jsonl", "b")]
    expect((await read(files)).codes).toEqual(["chain_broken"])
    expect(await read(files, { begins: "in each file" })).toMatchObject({
      ids: ["a", "b"],
      codes: [],
    })
  })

  test("says how far it is, and gathers no line that has no end", async () => {
    const file = join(folder, "endless")
    writeFileSync(file, "x".repeat(5_000_000))
    let bytes = 0
    const { codes } = await read([file], { onBytes: (more) => (bytes += more) })
    expect({ bytes, codes }).toEqual({ bytes: 5_000_000, codes: ["torn_tail"] })
  })
})
