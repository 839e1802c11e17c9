import type { Verified } from "./chain-check.ts"
import { readAudit } from "./read.ts"

/**
 * Reads audit files, in the order in which they continue each other, and says where the chain does not hold: a changed,
 * removed, inserted or moved line. A cut-off end shows only against `expect`, the hash of a record kept elsewhere, which
 * must be among them. After a finding it goes on from what is there, so that one change is few findings.
 */
export const verifyAudit = (
  files: readonly string[],
  options: { readonly expect?: string } = {},
): Promise<Verified> => readAudit(files, options)
