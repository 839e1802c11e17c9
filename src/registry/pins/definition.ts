import { digest } from "../../schema/canonical.ts"
import { isList, isObject, type JsonObject, member } from "../../schema/json.ts"

/** All that a model can see of a tool (MCP `Tool`): equal in both protocol eras. */
const visibleMembers = [
  "name",
  "title",
  "description",
  "inputSchema",
  "outputSchema",
  "annotations",
] as const

/**
 * What pins a tool, each `sha256:` and 64 hex digits over canonical JSON (RFC 8785). Undefined where the definition has
 * no canonical form (a lone surrogate, or more than 1,000 levels), or is larger than 512 KiB.
 */
export interface Digests {
  /** Over all that a model can see; members that are absent are left out. */
  readonly definition: string
  /** Over everything the server says of the tool, without members of `_meta` that always differ. */
  readonly full: string
}

/** The digests of a tool's definition as its server lists it, with its references as they stand. */
export function digestsOf(definition: JsonObject): Digests | undefined {
  if (isOversize(definition)) return
  return orNone(() => ({ definition: digest(visible(definition)), full: digest(definition) }))
}

/** Characters and values of a definition: what is larger is not compared, and has no digest. */
const sizeMax = 512 * 1024

/** Whether a definition is too large to be looked at closely; found out without looking at all of it. */
export function isOversize(definition: JsonObject): boolean {
  const open: unknown[] = [definition]
  let size = 0
  while (open.length > 0) {
    const one = open.pop()
    size += typeof one === "string" ? one.length : 1
    if (size + open.length > sizeMax) return true
    if (isList(one)) for (const item of one) open.push(item)
    else if (isObject(one)) for (const item of Object.entries(one)) open.push(...item)
  }
  return false
}

/** Two tools that take and give the same have the same, whatever they are called. */
export const schemasDigest = (definition: JsonObject): string | undefined =>
  isOversize(definition)
    ? undefined
    : orNone(() => digest(pick(definition, ["inputSchema", "outputSchema"])))

export const visible = (definition: JsonObject): JsonObject => pick(definition, visibleMembers)

/** A definition as it is pinned: without those keys of `_meta` that are another each time. */
export function withoutVolatile(definition: JsonObject, volatile: readonly string[]): JsonObject {
  const meta = member(definition, "_meta")
  if (!isObject(meta) || volatile.length === 0) return definition
  const kept = Object.entries(meta).filter(([key]) => !volatile.includes(key))
  const { _meta, ...others } = definition
  return kept.length === 0 ? others : { ...others, _meta: Object.fromEntries(kept) }
}

function pick(object: JsonObject, keys: readonly string[]): JsonObject {
  const found = keys.flatMap((key) => {
    const value = member(object, key)
    return value === undefined ? [] : [[key, value] as const]
  })
  return Object.fromEntries(found)
}

function orNone<T>(make: () => T): T | undefined {
  try {
    return make()
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}
