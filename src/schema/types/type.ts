import { checkSchema } from "../guard.ts"
import type { Json, JsonSchema } from "../json.ts"
import { openBook } from "../subsume/clauses/book.ts"
import type { Clause } from "../subsume/clauses/clause.ts"
import { everyKind, kinds } from "../subsume/clauses/kinds.ts"
import { createNode, isNothing, type Node } from "../subsume/clauses/node.ts"

/**
 * A set of JSON values: those that fit a schema, or that are computed from such. Types of schemas in different dialects
 * and documents mix, which the schemas themselves could not. Compared by `compareTypes`, taken apart by `Anatomy`.
 */
export type Type = Node

/** Whether a part of a value, or a value at all, is there: in all cases, in some, or in none. */
export type Presence = "always" | "maybe" | "never"

/** What may be there, and whether it is. */
export interface Part {
  /** Of the values, where there is one. */
  readonly type: Type
  readonly presence: Presence
}

/** All values. */
export const anything: Type = createNode("", [])

/** Some set of values, nobody knows which: everything may come of it, and nothing is to be held against it. */
export const unknown: Type = createNode("", [{ rule: "opaque", on: everyKind, at: "" }])

export const nothing: Type = createNode("", [{ rule: "never", on: everyKind, at: "" }])

export const notThere: Part = { type: nothing, presence: "never" }

/** The values that fit a self-contained schema; one that cannot be used says nothing. */
export const typeOf = (schema: JsonSchema): Type =>
  checkSchema(schema).verdict === "refused" ? unknown : openBook(schema).root

/** Unlike the constants of proofs, not remembered by their text, which not every constant of a document has. */
export const constantType = (value: Json): Type =>
  createNode("", [{ rule: "values", on: everyKind, at: "", values: [value] }])

const kindType = (mask: number): Type =>
  createNode("", [{ rule: "types", on: everyKind, at: "", mask }])

export const textType = kindType(kinds.string)
export const booleanType = kindType(kinds.boolean)
export const integerType = kindType(kinds.integer)
export const numberType = kindType(kinds.integer | kinds.fraction)
const arrayType = kindType(kinds.array)
export const objectType = kindType(kinds.object)
export const notNull = kindType(everyKind & ~kinds.null)
export const notArray = kindType(everyKind & ~kinds.array)
export const notObject = kindType(everyKind & ~kinds.object)

/** Texts of at least so many characters. */
export function longText(size: number): Type {
  if (size === 0) return textType
  const long: Clause = { rule: "atLeast", on: kinds.string, at: "", size }
  return createNode("", [...textType.clauses, long])
}

/** Objects with these members and, unless `others` says what else there may be, no more. */
export function objectOf(fields: ReadonlyMap<string, Part>, others: Type = nothing): Type {
  const possible = [...fields].filter(([, { presence }]) => presence !== "never")
  const required = possible.filter(([, { presence }]) => presence === "always")
  const names = required.map(([name]) => name)
  // What is listed here and never there must not pass for one of the others.
  const properties = new Map([...fields].map(([name, { type }]) => [name, type] as const))
  return createNode("", [
    ...objectType.clauses,
    ...(names.length === 0 ? [] : [{ rule: "required", on: kinds.object, at: "", names } as const]),
    { rule: "members", on: kinds.object, at: "", properties, patterns: [], additional: others },
  ])
}

/** How many items arrays have. */
export interface Length {
  readonly min: number
  readonly max: number
}

export const anyLength: Length = { min: 0, max: Infinity }

export function arrayOf(items: Type, { min, max }: Length = anyLength): Type {
  const sizes: Clause[] = []
  if (min > 0) sizes.push({ rule: "atLeast", on: kinds.array, at: "", size: min })
  if (max < Infinity) sizes.push({ rule: "atMost", on: kinds.array, at: "", size: max })
  return createNode("", [
    ...arrayType.clauses,
    ...sizes,
    { rule: "items", on: kinds.array, at: "", prefix: [], rest: items },
  ])
}

/** Arrays with exactly these items. */
export function tupleOf(items: readonly Type[]): Type {
  const size = items.length
  return createNode("", [
    ...arrayType.clauses,
    { rule: "atLeast", on: kinds.array, at: "", size },
    { rule: "atMost", on: kinds.array, at: "", size },
    { rule: "items", on: kinds.array, at: "", prefix: items, rest: nothing },
  ])
}

/** Arrays that begin with these items. */
export const tupleFrom = (items: readonly Type[]): Type =>
  createNode("", [
    ...arrayType.clauses,
    { rule: "atLeast", on: kinds.array, at: "", size: items.length },
    { rule: "items", on: kinds.array, at: "", prefix: items, rest: undefined },
  ])

/** The values of any of the types. */
export function unionOf(types: readonly Type[]): Type {
  const possible = [...new Set(types)].filter((type) => !isNothing(type))
  const [only = nothing, ...others] = possible
  if (others.length === 0) return only
  return createNode("", [{ rule: "any", on: everyKind, at: "", of: possible }])
}

/** The values of all of the types. */
export function bothOf(types: readonly Type[]): Type {
  const [only = anything, ...others] = [...new Set(types)]
  if (others.length === 0) return only
  return createNode("", [{ rule: "all", on: everyKind, at: "", of: [only, ...others] }])
}
