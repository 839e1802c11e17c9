import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { onTestFinished } from "vitest"
import type { AuditRecord } from "../../src/call/audit.ts"
import { type Audit, type AuditOptions, openAudit } from "../../src/server/audit/audit.ts"
import { callRecord } from "./audit-records.ts"

/** Where a test may keep an audit file; gone afterwards. */
export function auditFile(): string {
  const folder = mkdtempSync(join(tmpdir(), "audit-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return join(folder, "audit.jsonl")
}

/** An open audit and what it told; closed after the test. */
export function audited(
  file: string,
  options: Partial<AuditOptions> = {},
): { audit: Audit; troubles: (string | undefined)[]; checkpoints: number[] } {
  const troubles: (string | undefined)[] = []
  const checkpoints: number[] = []
  const audit = openAudit(file, {
    sync: "batch",
    onFailure: "deny",
    now: () => 1_795_240_800_123,
    id: () => "0".repeat(32),
    onTrouble: (error) => troubles.push(error?.message),
    onCheckpoint: ({ seq }) => checkpoints.push(seq),
    ...options,
  })
  onTestFinished(() => audit.close())
  return { audit, troubles, checkpoints }
}

/** Writes calls with the ids `c0`, `c1` …, and closes the file. */
export function writtenFile(count: number, more: readonly AuditRecord[] = []): string {
  const file = auditFile()
  const { audit } = audited(file)
  for (let index = 0; index < count; index++) audit.write(callRecord(`c${index}`))
  for (const record of more) audit.write(record)
  audit.close()
  return file
}
