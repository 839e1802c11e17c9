import { isList, isObject, type Json } from "../../json.ts"

/** The kinds of values that schemas tell apart, as bits. `type: "number"` is integers and fractions. */
export const kinds = {
  null: 1,
  boolean: 2,
  integer: 4,
  fraction: 8,
  string: 16,
  array: 32,
  object: 64,
} as const

export type Kind = (typeof kinds)[keyof typeof kinds]

export const numberKinds = kinds.integer | kinds.fraction
export const everyKind = 127
export const kindList: readonly Kind[] = Object.values(kinds)

/** `1.0` is an integer: JSON tells numbers apart by their value only. */
export function kindOf(value: Json): Kind {
  if (value === null) return kinds.null
  if (typeof value === "boolean") return kinds.boolean
  if (typeof value === "number") return value % 1 === 0 ? kinds.integer : kinds.fraction
  if (typeof value === "string") return kinds.string
  return isList(value) ? kinds.array : kinds.object
}

const masks: ReadonlyMap<Json, number> = new Map<Json, number>([
  ...Object.entries(kinds),
  ["number", numberKinds],
])

/** The kinds that a value of the keyword `type` allows. */
export function maskOf(types: Json): number {
  const names = isList(types) ? types : [types]
  return names.reduce<number>((mask, name) => mask | (masks.get(name) ?? 0), 0)
}

/** Characters, items or members. Characters are code points, as JSON Schema counts them. */
export function sizeOf(value: Json): number {
  if (typeof value === "string") return countCodePoints(value)
  if (isList(value)) return value.length
  return isObject(value) ? Object.keys(value).length : 0
}

function countCodePoints(text: string): number {
  let count = 0
  for (const _ of text) count++
  return count
}

/** Equality of JSON values: the order of members does not count. */
export function isSame(left: Json, right: Json): boolean {
  if (left === right) return true
  if (isList(left))
    return (
      isList(right) &&
      left.length === right.length &&
      left.every((item, index) => isSame(item, right[index] ?? null))
    )
  if (!isObject(left) || !isObject(right)) return false
  const keys = Object.keys(left)
  return (
    keys.length === Object.keys(right).length &&
    keys.every((key) => Object.hasOwn(right, key) && isSame(left[key] ?? null, right[key] ?? null))
  )
}
