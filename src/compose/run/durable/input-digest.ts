import { hash } from "node:crypto"
import { digest } from "../../../schema/canonical.ts"
import type { Json } from "../../../schema/json.ts"

/** Tells inputs apart. What has no canonical form, such as a lone surrogate, is told apart by how it is written. */
export function inputDigest(input: Json): string {
  try {
    return digest(input)
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause
    return `sha256:${hash("sha256", JSON.stringify(input))}`
  }
}
