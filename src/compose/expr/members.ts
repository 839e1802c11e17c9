import { isList, isObject, type Json, type JsonObject, member } from "../../schema/json.ts"

/** Members of a canonical spec. It was checked when it was read: what is not of the type asked for is not there. */

export function textIn(owner: JsonObject, key: string): string | undefined {
  const value = member(owner, key)
  return typeof value === "string" ? value : undefined
}

export function numberIn(owner: JsonObject, key: string): number | undefined {
  const value = member(owner, key)
  return typeof value === "number" ? value : undefined
}

export function flagIn(owner: JsonObject, key: string): boolean | undefined {
  const value = member(owner, key)
  return typeof value === "boolean" ? value : undefined
}

export function objectIn(owner: JsonObject, key: string): JsonObject | undefined {
  const value = member(owner, key)
  return isObject(value) ? value : undefined
}

/** The word, if it is one of those that are known. */
export function wordIn<W extends string>(
  owner: JsonObject,
  key: string,
  words: readonly W[],
): W | undefined {
  const value = member(owner, key)
  return words.find((word) => word === value)
}

export function listIn(owner: JsonObject, key: string): readonly Json[] | undefined {
  const value = member(owner, key)
  return isList(value) ? value : undefined
}

export const objectsIn = (owner: JsonObject, key: string): readonly JsonObject[] =>
  (listIn(owner, key) ?? []).filter(isObject)

export const textsIn = (owner: JsonObject, key: string): readonly string[] =>
  (listIn(owner, key) ?? []).filter((item) => typeof item === "string")

type Given<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> }

/** The members that are there: plans hold no undefined ones. */
export function given<T extends object>(members: T): Given<T> {
  const there = Object.entries(members).filter(([, value]) => value !== undefined)
  return Object.fromEntries(there) as Given<T> // what was left out may be left out
}
