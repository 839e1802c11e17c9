import { isObject, type Json, segment } from "../../schema/json.ts"
import { meantBy } from "./fields.ts"
import { type At, type Reader, wrongType, wrongValue } from "./reading.ts"

export const isList = (raw: Json | undefined): raw is readonly Json[] => Array.isArray(raw)

export const text: Reader = (raw, at) =>
  typeof raw === "string" ? raw : wrongType(at, raw, "a string")

/** A name of something: a string with at least one character. */
export const name: Reader = (raw, at) => (raw === "" ? wrongValue(at, "is empty") : text(raw, at))

export const flag: Reader = (raw, at) =>
  typeof raw === "boolean" ? raw : wrongType(at, raw, "true or false")

/** Any JSON, taken as it is. */
export const anything: Reader = (raw) => raw

export const number =
  ({ min = 0, max = Number.POSITIVE_INFINITY }: { min?: number; max?: number } = {}): Reader =>
  (raw, at) => {
    if (typeof raw !== "number") return wrongType(at, raw, "a number")
    // A literal such as 1e999 is read as Infinity, which JSON cannot carry on.
    const isWithin = Number.isFinite(raw) && raw >= min && raw <= max
    return isWithin ? raw : wrongValue(at, `${raw} is not ${range(min, max)}`)
  }

export const integer =
  ({ min = 0, max = Number.POSITIVE_INFINITY }: { min?: number; max?: number } = {}): Reader =>
  (raw, at) => {
    if (Number.isFinite(raw) && !Number.isInteger(raw))
      return wrongValue(at, `${raw} is not a whole number`)
    return number({ min, max })(raw, at)
  }

/** Milliseconds or seconds, as the field's name says; never negative. */
export const duration: Reader = number()

/** A number without which nothing would ever happen: a rate, or a time in which something is to be done. */
export const positive: Reader = (raw, at) =>
  raw === 0 ? wrongValue(at, "0 is not a number greater than 0") : number()(raw, at)

const range = (min: number, max: number) =>
  max === Number.POSITIVE_INFINITY ? `a number of at least ${min}` : `in ${min} to ${max}`

export const oneOf =
  (...words: readonly string[]): Reader =>
  (raw, at) => {
    if (typeof raw !== "string") return wrongType(at, raw, "a string")
    if (words.includes(raw)) return raw
    const meant = meantBy(raw, words)
    const hint = meant === undefined ? `one of ${words.join(", ")}` : `did you mean ${meant}?`
    return wrongValue(at, `${JSON.stringify(raw.slice(0, 64))} is no value of this field`, hint)
  }

/** Reads an element; `index` is its place in the document, `at.key` the one in the canonical array. */
type ElementReader = (raw: Json, at: At, index: number) => Json | undefined

export const list =
  (element: ElementReader, { min = 0 } = {}): Reader =>
  (raw, at) => {
    if (!isList(raw)) return wrongType(at, raw, "an array")
    if (raw.filter((item) => !isComment(item)).length < min) return wrongValue(at, "is empty")
    const { origins } = at.reading.context
    const out: Json[] = origins.set([], at.pointer)
    for (const [index, item] of raw.entries()) {
      const there = { ...at, pointer: at.pointer + segment(index), holder: out, key: out.length }
      const value = isComment(item) ? skipComment(there) : element(item, there, index)
      if (value === undefined) continue
      if (out.length !== index) origins.setMember(out, out.length, there.pointer)
      out.push(value)
    }
    return out
  }

/** An object with nothing but `$` members: a remark between the elements. */
function isComment(item: Json): boolean {
  const keys = isObject(item) ? Object.keys(item) : []
  return keys.length > 0 && keys.every((key) => key.startsWith("$"))
}

function skipComment({ pointer, reading }: At): undefined {
  reading.context.report({
    code: "comment_element_skipped",
    severity: "info",
    pointer,
    message: "an element with $… members only is a comment",
  })
}

/** An object whose keys are the author's own: `$` and `__proto__` are keys like any other. */
export const record =
  (value: Reader): Reader =>
  (raw, at) => {
    if (!isObject(raw)) return wrongType(at, raw, "an object")
    const out = at.reading.context.origins.set({}, at.pointer)
    for (const [key, item] of Object.entries(raw)) {
      const read = value(item, { ...at, pointer: at.pointer + segment(key), holder: out, key })
      if (read !== undefined) put(out, key, read)
    }
    return out
  }

/** Sets an own member whatever its name: assigning to `__proto__` would change the prototype. */
export function put(out: object, key: string, value: Json): void {
  Object.defineProperty(out, key, { value, enumerable: true, configurable: true, writable: true })
}
