import { isObject, type Json } from "../json.ts"
import { nearest } from "../nearest.ts"
import { cut } from "./received.ts"

/** Longer strings are not parsed for the sake of a hint. */
const parsedCharsMax = 64 * 1024

/** How the value could be sent as one of the types that were expected, when it almost is one. */
export function typeHint(types: string, value: unknown): string | undefined {
  const expects = (...names: string[]) => names.some((name) => types.split(" or ").includes(name))
  if (typeof value === "string") return stringHint(expects, value)
  if ((typeof value === "number" || typeof value === "boolean") && expects("string"))
    return `send "${value}" in quotes`
  if (expects("array") && value !== null && !Array.isArray(value))
    return "send an array, even for one item"
  return
}

function stringHint(expects: (...names: string[]) => boolean, value: string): string | undefined {
  const parsed = parse(value)
  const isWanted =
    (expects("number") && typeof parsed === "number") ||
    (expects("integer") && Number.isInteger(parsed)) ||
    (expects("boolean") && typeof parsed === "boolean") ||
    (expects("null") && parsed === null)
  if (isWanted) return `send ${cut(value.trim())} without quotes`
  if ((expects("object") && isObject(parsed)) || (expects("array") && Array.isArray(parsed)))
    return "send JSON, not a string holding JSON"
  return expects("array") ? "send an array, even for one item" : undefined
}

function parse(text: string): unknown {
  if (text.length > parsedCharsMax) return
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return
    throw error
  }
}

/** The value that a misspelt one of an enumeration meant. */
export function enumHint(values: readonly Json[], value: unknown): string | undefined {
  if (typeof value !== "string" || values.length < 2) return
  const near = nearest(
    value,
    values.filter((candidate) => typeof candidate === "string"),
  )
  return near === undefined ? undefined : `did you mean ${JSON.stringify(near)}?`
}

/** Which of the keys sent was probably meant for a property that is missing. */
export function sentInstead(missing: string, unknown: readonly string[]): string | undefined {
  const squeezed = squeeze(missing)
  const isClose = (key: string) => {
    const other = squeeze(key)
    const [short, long] = other.length < squeezed.length ? [other, squeezed] : [squeezed, other]
    return short.length >= 2 && (long.startsWith(short) || long.endsWith(short))
  }
  return nearest(missing, unknown) ?? unknown.find(isClose)
}

/** `document_id`, `documentId` and `document-id` are one word to whoever misremembers it. */
const squeeze = (name: string) => name.toLowerCase().replace(/[^a-z0-9]/g, "")
