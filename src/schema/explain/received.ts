import { isObject } from "../json.ts"

const charsMax = 64
const keysMax = 5

/** A value in words short enough for a line: scalars as JSON, of arrays and objects what they are. */
export function received(value: unknown): string {
  if (Array.isArray(value))
    return value.length === 0 ? "an empty array" : `an array of ${value.length}`
  if (isObject(value)) return describeObject(Object.keys(value))
  return cut(JSON.stringify(value) ?? String(value))
}

function describeObject(keys: readonly string[]): string {
  if (keys.length === 0) return "an empty object"
  const names = keys.slice(0, keysMax).map((key) => cut(JSON.stringify(key)))
  return `an object with ${names.join(", ")}${keys.length > keysMax ? ", …" : ""}`
}

/** At most 64 characters; a string stays within quotes, and no surrogate pair or escape is cut in two. */
export function cut(text: string): string {
  if (text.length <= charsMax) return text
  const isQuoted = text.startsWith('"')
  const kept = text.slice(0, charsMax - (isQuoted ? 2 : 1)).replace(/\\(?:u[0-9a-f]{0,3})?$/, "")
  const whole = kept.isWellFormed() ? kept : kept.slice(0, -1)
  return `${whole}…${isQuoted ? '"' : ""}`
}

/** The value with the name of its type, where the type is what is wrong. */
export function receivedWithType(value: unknown): string {
  const isScalar = value !== null && typeof value !== "object"
  return isScalar ? `${typeof value} ${received(value)}` : received(value)
}
