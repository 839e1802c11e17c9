import { segment } from "../../schema/json.ts"
import type { NormaliseContext } from "./context.ts"

/** Notes where `node` was written, and those of its members that a dialect spelled elsewhere. */
export function placed<T extends object>(
  context: NormaliseContext,
  node: T,
  pointer: string,
  members: { readonly [key: string]: { readonly pointer: string } | undefined } = {},
): T {
  context.origins.set(node, pointer)
  for (const key in members) {
    const at = members[key]?.pointer
    if (at !== undefined && at !== pointer + segment(key)) context.origins.setMember(node, key, at)
  }
  return node
}
