import { canonical } from "../../schema/canonical.ts"
import { type Json, type JsonObject, member } from "../../schema/json.ts"
import { type Change, change, type Level } from "./level.ts"

/** Whether two values are the same JSON; absent is only the same as absent. */
export function isEqual(old: Json | undefined, next: Json | undefined): boolean {
  if (old === undefined || next === undefined) return old === next
  return canonical(old) === canonical(next)
}

/** What became of a member: `added`, `removed` or `changed`; undefined where it is the same. */
export function became(old: Json | undefined, next: Json | undefined): string | undefined {
  if (isEqual(old, next)) return
  if (old === undefined) return "added"
  return next === undefined ? "removed" : "changed"
}

/**
 * The members of two objects that differ, each as a change of the same level. Never with their values: a default or a
 * piece of metadata may be a secret.
 */
export const membersChanged = (
  old: JsonObject,
  next: JsonObject,
  level: Level,
  at: (key: string) => string = (key) => key,
): readonly Change[] =>
  [...new Set([...Object.keys(old), ...Object.keys(next)])].flatMap((key) => {
    const words = became(member(old, key), member(next, key))
    return words === undefined ? [] : [change(at(key), level, words)]
  })
