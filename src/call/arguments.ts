import type { CatalogTool } from "../registry/catalog.ts"
import type { JsonObject } from "../schema/json.ts"

/**
 * The caller's arguments with the tool's defaults: one form to look at, and one to send on with every digit of its
 * numbers.
 */
export interface Completed {
  readonly plain: JsonObject | undefined
  /** The same object as `plain` wherever a double carries all its numbers. */
  readonly exact: JsonObject | undefined
}

/**
 * Adds the defaults for absent keys. What the caller gave wins; a hidden default always wins, because a caller that
 * gives a hidden key is refused before. Without defaults the caller's own objects go on.
 */
export function completeArguments(
  defaults: JsonObject,
  plain: JsonObject | undefined,
  exact: JsonObject | undefined,
): Completed {
  if (Object.keys(defaults).length === 0) return { plain, exact }
  const merged = { ...defaults, ...plain } // spread defines members: a key `__proto__` is data
  return { plain: merged, exact: exact === plain ? merged : { ...defaults, ...exact } }
}

/** The idempotency key of a call as an argument, where the tool says that it takes it as one (compositions §11.2). */
export function keyArgument(
  { entity }: CatalogTool,
  key: string | undefined,
): JsonObject | undefined {
  const argument = entity.source?.idempotency?.["argument"]
  if (key === undefined || typeof argument !== "string") return
  return Object.fromEntries([[argument, key]])
}
