import { createHash } from "node:crypto"
import type { Json } from "../../../schema/json.ts"
import type { Expr } from "../../expr/expr.ts"
import { keyOf } from "../../expr/values.ts"
import { type Failed, failure } from "../outcome.ts"
import { computed, fail, type Work } from "../work.ts"

/** The digest of what an outcome is remembered by: the parts of its space, and the key of the policy. */
export function digestOf(
  space: readonly Json[],
  key: Expr,
  work: Work,
): { readonly ok: true; readonly digest: string } | Failed {
  const value = computed(key, work)
  if (!value.ok) return value
  const text = keyOf([...space, value.value ?? null])
  if (text === undefined)
    return fail(work, failure("binding", "its key is nested too deep to be compared"))
  return { ok: true, digest: createHash("sha256").update(text).digest("base64") }
}
