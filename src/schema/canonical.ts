import { hash } from "node:crypto"
import { isObject, type Json, type JsonObject } from "./json.ts"

/** Deeper values are refused, so that neither a hostile document nor a cycle exhausts the stack. */
const depthMax = 1_000

/**
 * The one text of a JSON value (RFC 8785): keys in the order of their UTF-16 code units, no white space, numbers and
 * strings as ECMAScript writes them. Throws a RangeError for what JSON cannot carry: NaN, infinities, undefined,
 * bigints, lone surrogates, and more than 1,000 levels.
 */
export const canonical = (json: Json): string => write(json, 0)

/** `sha256:` and 64 hex digits over the canonical text. Throws a RangeError where `canonical` does. */
export const digest = (json: Json): string => `sha256:${hash("sha256", canonical(json))}`

function write(value: unknown, depth: number): string {
  if (typeof value === "string") return quote(value)
  if (typeof value === "number") return writeNumber(value)
  if (value === null || value === true || value === false) return String(value)
  if (!isObject(value) && !Array.isArray(value)) throw new RangeError(`JSON has no ${typeof value}`)
  if (depth === depthMax) throw new RangeError(`JSON nested deeper than ${depthMax} levels`)
  return isObject(value) ? writeObject(value, depth + 1) : writeArray(value, depth + 1)
}

function writeArray(items: readonly unknown[], depth: number): string {
  let text = ""
  // By index: an iterator or `map` would pass over the holes of a sparse array.
  for (let index = 0; index < items.length; index++)
    text += (index === 0 ? "" : ",") + write(items[index], depth)
  return `[${text}]`
}

function writeObject(object: JsonObject, depth: number): string {
  let text = ""
  for (const key of Object.keys(object).sort())
    text += `${text === "" ? "" : ","}${quote(key)}:${write(object[key], depth)}`
  return `{${text}}`
}

function quote(text: string): string {
  if (!text.isWellFormed()) throw new RangeError("JSON has no lone surrogates")
  return JSON.stringify(text)
}

function writeNumber(number: number): string {
  if (!Number.isFinite(number)) throw new RangeError(`JSON has no ${number}`)
  return JSON.stringify(number) // -0 becomes 0, as RFC 8785 §3.2.2.3 asks
}
