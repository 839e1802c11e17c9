import { isList, isObject, type Json, type JsonObject } from "../../schema/json.ts"

/** Deeper values are compared and written out by nobody: they would overflow the stack. */
const depthMax = 500

/**
 * A text that two values share exactly when they are equal JSON: canonical JSON in all but lone surrogates, which are
 * escaped and not refused. Undefined for values nested deeper than 500 levels.
 */
export function keyOf(value: Json): string | undefined {
  return isNestedAtMost(value, depthMax) ? write(value) : undefined
}

function write(value: Json): string {
  if (isList(value)) return `[${value.map(write).join(",")}]`
  // JSON.stringify escapes lone surrogates, writes -0 as 0, and numbers as RFC 8785 does.
  if (!isObject(value)) return JSON.stringify(value)
  const members = Object.keys(value).sort()
  return `{${members.map((key) => `${JSON.stringify(key)}:${write(value[key] ?? null)}`).join(",")}}`
}

function isNestedAtMost(value: Json, depth: number): boolean {
  if (typeof value !== "object" || value === null) return true
  if (depth === 0) return false
  for (const inner of isList(value) ? value : Object.values(value))
    if (typeof inner === "object" && !isNestedAtMost(inner, depth - 1)) return false
  return true
}

/** Deep equality of JSON, numbers by value; as deep as the shallower of the two. */
export function isSame(left: Json, right: Json): boolean {
  if (left === right) return true
  if (isList(left)) return isList(right) && isSameList(left, right)
  return isObject(left) && isObject(right) && isSameObject(left, right)
}

const isSameList = (left: readonly Json[], right: readonly Json[]): boolean =>
  left.length === right.length && left.every((item, index) => isSame(item, right[index] ?? null))

function isSameObject(left: JsonObject, right: JsonObject): boolean {
  const keys = Object.keys(left)
  if (keys.length !== Object.keys(right).length) return false
  return keys.every(
    (key) => Object.hasOwn(right, key) && isSame(left[key] ?? null, right[key] ?? null),
  )
}

/** What a value is sorted by: its kind first, then itself. */
export interface SortKey {
  readonly rank: number
  readonly of: number | string
}

/** The place of a value in the total order null < booleans < numbers < strings < arrays < objects. */
export function sortKey(value: Json): SortKey | undefined {
  if (value === null) return { rank: 0, of: 0 }
  if (typeof value === "boolean") return { rank: 1, of: value ? 1 : 0 }
  if (typeof value === "number") return { rank: 2, of: value }
  if (typeof value === "string") return { rank: 3, of: value }
  const of = keyOf(value)
  return of === undefined ? undefined : { rank: isList(value) ? 4 : 5, of }
}

/** Strings by code units. */
export function compareKeys(left: SortKey, right: SortKey): number {
  if (left.rank !== right.rank) return left.rank - right.rank
  if (left.of === right.of) return 0
  return left.of < right.of ? -1 : 1
}
