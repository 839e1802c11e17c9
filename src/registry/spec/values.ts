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
    return raw >= min && raw <= max ? raw : wrongValue(at, `${raw} is not ${range(min, max)}`)
  }

export const integer =
  ({ min = 0, max = Number.POSITIVE_INFINITY }: { min?: number; max?: number } = {}): Reader =>
  (raw, at) => {
    if (typeof raw === "number" && !Number.isInteger(raw))
      return wrongValue(at, `${raw} is not a whole number`)
    return number({ min, max })(raw, at)
  }

/** Milliseconds or seconds, as the field's name says; never negative. */
export const duration: Reader = number()

const range = (min: number, max: number) =>
  max === Number.POSITIVE_INFINITY ? `at least ${min}` : `in ${min} to ${max}`

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
    if (raw.length < min) return wrongValue(at, "is empty")
    const { origins } = at.reading.context
    const out: Json[] = origins.set([], at.pointer)
    raw.forEach((item, index) => {
      const pointer = at.pointer + segment(index)
      const value = element(item, { ...at, pointer, holder: out, key: out.length }, index)
      if (value === undefined) return
      if (out.length !== index) origins.setMember(out, out.length, pointer)
      out.push(value)
    })
    return out
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
