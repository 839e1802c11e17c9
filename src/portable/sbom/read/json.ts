import { step } from "../../../registry/normalise/pointer.ts"
import { isList, isObject, type Json } from "../../../schema/json.ts"

/** The elements of a member; none where it is no list. */
export function listIn(holder: Json | undefined, key: string): readonly Json[] {
  const value = step(holder, key)
  return isList(value) ? value : []
}

export function textIn(holder: Json | undefined, key: string): string | undefined {
  const value = step(holder, key)
  return typeof value === "string" ? value : undefined
}

/** The texts among the elements of a member. */
export const textsIn = (holder: Json | undefined, key: string): readonly string[] =>
  listIn(holder, key).filter((item) => typeof item === "string")

/** The members of an object that are not among those known. */
export const unknownIn = (holder: Json, known: readonly string[]): readonly string[] =>
  isObject(holder) ? Object.keys(holder).filter((key) => !known.includes(key)) : []
