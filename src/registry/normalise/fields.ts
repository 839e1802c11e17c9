import { isList, isObject, type Json, type JsonObject, segment } from "../../schema/json.ts"
import { nearest } from "../../schema/nearest.ts"
import type { NormaliseContext } from "./context.ts"

/** An object of the document as it is written, and where. */
export interface Written {
  readonly raw: JsonObject
  readonly pointer: string
  readonly context: NormaliseContext
}

/** Shared by all objects without annotations and extensions. */
const noExtra: JsonObject = Object.freeze({})

/** An own member, or undefined. */
export const read = ({ raw }: Written, key: string): Json | undefined =>
  Object.hasOwn(raw, key) ? raw[key] : undefined

export const has = ({ raw }: Written, key: string): boolean => Object.hasOwn(raw, key)

export function readText(from: Written, key: string): string | undefined {
  const value = read(from, key)
  if (value === undefined || typeof value === "string") return value
  reportType(from, key, "a string")
  return
}

/** A string that must be there: without it `missing_field` is reported at the object. */
export function requireText(from: Written, key: string, hint?: string): string | undefined {
  if (has(from, key)) return readText(from, key)
  reportMissing(from, key, hint)
  return
}

export function readFlag(from: Written, key: string): boolean | undefined {
  const value = read(from, key)
  if (value === undefined || typeof value === "boolean") return value
  reportType(from, key, "true or false")
  return
}

export function readObject(from: Written, key: string): JsonObject | undefined {
  const value = read(from, key)
  if (value === undefined || isObject(value)) return value
  reportType(from, key, "an object")
  return
}

export function readList(from: Written, key: string): readonly Json[] | undefined {
  const value = read(from, key)
  if (value === undefined || isList(value)) return value
  reportType(from, key, "an array")
  return
}

/** An array of strings; elements of other types are reported and left out. */
export function readTexts(from: Written, key: string): readonly string[] | undefined {
  const list = readList(from, key)
  if (list === undefined) return
  return list.filter((item, index): item is string => {
    if (typeof item === "string") return true
    wrongType(from.context, `${from.pointer}/${key}/${index}`, item, "a string")
    return false
  })
}

export function reportMissing(from: Written, key: string, hint?: string): void {
  from.context.report({
    code: "missing_field",
    severity: "error",
    pointer: from.pointer,
    message: `${key} is missing`,
    hint: hint ?? `add ${key}`,
  })
}

function reportType(from: Written, key: string, wanted: string): void {
  wrongType(from.context, from.pointer + segment(key), from.raw[key] ?? null, wanted)
}

/** Reports `invalid_type` for `value` at `pointer`. The value itself is not shown: it may be secret. */
export function wrongType(
  context: NormaliseContext,
  pointer: string,
  value: Json,
  wanted: string,
  hint?: string,
): void {
  const name = pointer.slice(pointer.lastIndexOf("/") + 1)
  const what = /^\d*$/.test(name) ? "this" : name
  context.report({
    code: "invalid_type",
    severity: "error",
    pointer,
    message: `${what} must be ${wanted}, not ${kindOf(value)}`,
    ...(hint !== undefined && { hint }),
  })
}

function kindOf(value: Json): string {
  if (value === null) return "null"
  if (isList(value)) return "an array"
  return typeof value === "object" ? "an object" : `a ${typeof value}`
}

/**
 * The members of an object of the format that are carried without meaning: annotations (`$…`) and extensions (`x-…`).
 * Every other member that is not among `known` is reported, as is an attempt to include another document.
 */
export function readExtra(from: Written, known: ReadonlySet<string>): JsonObject {
  let extra: [string, Json][] | undefined
  let unknown = 0
  for (const key of Object.keys(from.raw)) {
    if (known.has(key)) continue
    if (key.startsWith("$") ? !reportInclude(from, key) : key.startsWith("x-")) {
      extra ??= []
      extra.push([key, from.raw[key] ?? null])
    } else if (!key.startsWith("$") && unknown++ < unknownMax) reportUnknown(from, key, known)
  }
  return extra === undefined ? noExtra : Object.fromEntries(extra)
}

/** Finding the nearest known word takes time: an object of a million unknown members is told of the first ones. */
const unknownMax = 100

const includes: ReadonlySet<string> = new Set(["$ref", "$include", "$import"])

function reportInclude({ pointer, context }: Written, key: string): boolean {
  if (!includes.has(key)) return false
  context.report({
    code: "include_unsupported",
    severity: "error",
    pointer: pointer + segment(key),
    message: `${key} is not supported here: nothing would be read in its place`,
    hint: "write the content out in this document",
  })
  return true
}

function reportUnknown({ pointer, context }: Written, key: string, known: ReadonlySet<string>) {
  const camel = key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
  const meant = known.has(camel) ? camel : nearest(key, known)
  context.report({
    code: "unknown_field",
    severity: context.unknownFieldSeverity,
    pointer: pointer + segment(key),
    message: `${JSON.stringify(key.slice(0, 64))} is not a field here`,
    hint:
      meant === undefined
        ? `fields: ${[...known].join(", ")}; prefix your own with x-`
        : `did you mean ${meant}?`,
  })
}

/** The elements of an array of objects: comments are skipped with a note, what is no object is reported. */
export function elements(
  list: readonly Json[],
  pointer: string,
  context: NormaliseContext,
): Written[] {
  const found: Written[] = []
  for (const [index, raw] of list.entries()) {
    const element = readElement(raw, `${pointer}/${index}`, context)
    if (element !== undefined) found.push(element)
  }
  return found
}

export function readElement(
  raw: Json,
  pointer: string,
  context: NormaliseContext,
): Written | undefined {
  if (!isObject(raw)) {
    wrongType(context, pointer, raw, "an object")
    return
  }
  const element = { raw, pointer, context }
  if (!Object.keys(raw).every((key) => key.startsWith("$"))) return element
  const included = Object.keys(raw).filter((key) => reportInclude(element, key))
  if (included.length === 0)
    context.report({
      code: "comment_element_skipped",
      severity: "info",
      pointer,
      message: "an element with $… members only is a comment",
    })
  return
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> }

/** The members that are there: for objects whose optional members must be absent, not undefined. */
export function present<T extends object>(members: T): Present<T> {
  const made: Present<T> = {}
  for (const key in members) {
    const value = members[key]
    if (value !== undefined) made[key] = value as Exclude<T[typeof key], undefined>
  }
  return made
}
