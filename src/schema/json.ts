/** JSON as it was parsed: never a class, never a cycle; keys such as `__proto__` are data. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject

export interface JsonObject {
  readonly [key: string]: Json
}

/** A JSON Schema: an object, or `true` (anything) or `false` (nothing). */
export type JsonSchema = JsonObject | boolean

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** `Array.isArray` does not narrow readonly arrays. */
export const isList = (value: unknown): value is readonly Json[] => Array.isArray(value)

/** An own member, so that `toString` and `__proto__` are absent unless the document wrote them. */
export const member = (object: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(object, key) ? object[key] : undefined

/** One segment of a JSON Pointer (RFC 6901 §3), escaped. */
export function segment(key: string | number): string {
  // Most keys need no escape, and pointers are made for every part of a large document.
  if (typeof key === "number" || !/[~/]/.test(key)) return `/${key}`
  return `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`
}

/** The key that a segment of a JSON Pointer means, without its slash. */
export const unescaped = (written: string): string =>
  written.replaceAll("~1", "/").replaceAll("~0", "~")

/** The keys of a JSON Pointer; none for "". */
export const keysOf = (pointer: string): string[] => pointer.split("/").slice(1).map(unescaped)
