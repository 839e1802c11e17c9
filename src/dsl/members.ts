import type { Json, JsonObject } from "../registry/model.ts"

/** Turns what a program gave into what a document has. What it does not know it leaves, for `validate` to judge. */
export type Convert = (given: unknown) => Json

/** An object as a literal makes it: no class, no proxy of ours. */
export const isPlain = (given: unknown): given is Readonly<Record<string, unknown>> =>
  typeof given === "object" &&
  given !== null &&
  (Object.getPrototypeOf(given) === Object.prototype || Object.getPrototypeOf(given) === null)

export const converted = (
  entries: readonly (readonly [string, unknown])[],
  convert: Convert,
): JsonObject => Object.fromEntries(entries.map(([key, value]) => [key, convert(value)]))

/** Converts the members that the table names, each in its way. The others are spelled as in a document already. */
export const fromTable =
  (table: Readonly<Record<string, Convert>>): Convert =>
  (given) =>
    isPlain(given) ? membersOf(given, table) : (given as Json)

export function membersOf(given: object, table: Readonly<Record<string, Convert>>): JsonObject {
  const written = Object.entries(given).filter(([, value]) => value !== undefined)
  return Object.fromEntries(
    written.map(([key, value]) => [key, Object.hasOwn(table, key) ? table[key]?.(value) : value]),
  ) as JsonObject
}

/** Converts each element of a list. */
export const each =
  (convert: Convert): Convert =>
  (given) =>
    Array.isArray(given) ? given.map(convert) : (given as Json)
