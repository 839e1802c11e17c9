import { ChainCheck, type ChainRules, type Verified } from "./chain-check.ts"
import type { AuditEntry } from "./entry.ts"
import { linesOf } from "./lines.ts"

export interface ReadOptions extends ChainRules {
  /** Each record, in the order of the files. */
  readonly onEntry?: (entry: AuditEntry) => void
  /** Bytes that were read since it was last called. */
  readonly onBytes?: (bytes: number) => void
}

/**
 * Reads audit files of any size, one line at a time, in the order in which they continue each other, and says where the
 * chain does not hold: a changed, removed, inserted or moved line, half a line, or a file that cannot be read. Reading
 * goes on after each finding. A cut-off end shows only against `expect`, the hash of a record that was kept elsewhere.
 * Rejects only with what `onEntry` throws.
 */
export async function readAudit(
  files: readonly string[],
  { onEntry, onBytes, ...rules }: ReadOptions = {},
): Promise<Verified> {
  const check = new ChainCheck(rules)
  for (const file of files) {
    check.begin(file)
    const lines = linesOf(file, onBytes)
    for (;;) {
      const next = await lines.next().catch((error: unknown) => check.unreadable(error))
      if (next === undefined || next.done) break
      const entry = check.take(next.value)
      if (entry !== undefined) onEntry?.(entry)
    }
  }
  return check.verified()
}
