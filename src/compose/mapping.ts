import { plainValue } from "../registry/spec/tagged.ts"
import { isObject, type Json, type JsonObject, member } from "../schema/json.ts"
import { type Allowance, compileSelect, type Select } from "./select.ts"
import { cutTemplate, joinTexts, textOf } from "./text.ts"

/** Hits of paths and mapped items in one run; a result of this size is refused further on anyway. */
const stepsMax = 100_000
/** Characters of one text that is put together. */
const textMax = 64 * 1024
/** Levels of mappings in mappings; a registry document is not deeper. */
const nestingMax = 128

/**
 * Compiles a mapping in canonical spelling, such as a tool's `outputTransform`, to a function from the value that it
 * takes apart to the object that it makes. Total: it never throws, whatever the value. What a source does not find is
 * left out of the object, and so is what would exceed a limit (100,000 hits in one run, 64 Ki characters in one
 * text, `..` below 50 levels): a missing field is noticed by the schema that requires it, a shortened one by nobody.
 */
export function compileMapping(transform: JsonObject): (value: Json) => Json {
  const map = compileFields(transform, nestingMax)
  return (value) => map(value, { left: stepsMax }) ?? {}
}

function compileFields(transform: Json | undefined, nesting: number): Select {
  const mappings = transform !== undefined && isObject(transform) ? transform["mappings"] : {}
  if (mappings === undefined || !isObject(mappings) || nesting === 0) return () => ({})
  const fields = Object.entries(mappings).map(([field, source]) => {
    return [field, compileSource(source, nesting)] as const
  })
  return (value, allowance) => {
    const entries: [string, Json][] = []
    for (const [field, source] of fields) {
      const found = source(value, allowance)
      if (found !== undefined) entries.push([field, found])
    }
    // From entries, so that a field named __proto__ is a field.
    return Object.fromEntries(entries)
  }
}

const nothing: Select = () => undefined

function compileSource(source: Json, nesting: number): Select {
  if (!isObject(source)) return nothing
  const nested = member(source, "nested")
  const path = member(source, "path")
  if (nested !== undefined) {
    const map = compileFields(nested, nesting - 1)
    return typeof path === "string" ? eachItem(compileSelect(path), map) : map
  }
  if (typeof path === "string") return compileSelect(path)
  const literal = member(source, "literal")
  if (literal !== undefined) return constantly(plainValue(literal))
  return compileComposed(source)
}

const constantly =
  (value: Json): Select =>
  () =>
    value

function compileComposed(source: JsonObject): Select {
  const coalesce = pathsOf(member(source, "coalesce"))
  if (coalesce !== undefined) return firstOf(coalesce)
  const concat = member(source, "concat")
  const parts = pathsOf(concat)
  if (parts !== undefined) return joined(parts, textMember(concat, "separator"))
  const template = member(source, "template")
  return template === undefined ? nothing : compileTemplate(template)
}

/** The selections of `{ paths }`. */
function pathsOf(source: Json | undefined): readonly Select[] | undefined {
  const paths = source !== undefined && isObject(source) ? member(source, "paths") : undefined
  if (!Array.isArray(paths)) return
  return paths.filter((path) => typeof path === "string").map(compileSelect)
}

const textMember = (source: Json | undefined, key: string): string => {
  const text = source !== undefined && isObject(source) ? member(source, key) : undefined
  return typeof text === "string" ? text : ""
}

/** Each element of the array that a path yields, or its single value, mapped. */
const eachItem =
  (select: Select, map: Select): Select =>
  (value, allowance) => {
    const found = select(value, allowance)
    if (found === undefined) return
    if (!isList(found)) return map(found, allowance)
    const items: Json[] = []
    for (const item of found) {
      if (allowance.left-- <= 0) return
      items.push(map(item, allowance) ?? null)
    }
    return items
  }

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)

/** The first that is there and not null. */
const firstOf =
  (selects: readonly Select[]): Select =>
  (value, allowance) => {
    for (const select of selects) {
      const found = select(value, allowance)
      if (found !== undefined && found !== null) return found
    }
    return undefined
  }

const joined =
  (selects: readonly Select[], separator: string): Select =>
  (value, allowance) => {
    const parts: string[] = []
    for (const select of selects) {
      const found = select(value, allowance)
      if (found === undefined || found === null) continue
      const text = textOf(found)
      if (text === undefined) return
      parts.push(text)
    }
    return joinTexts(parts, separator, textMax)
  }

function compileTemplate(source: Json): Select {
  const text = textMember(source, "template")
  const vars = isObject(source) ? member(source, "vars") : undefined
  const selects = new Map<string, Select>()
  for (const [name, path] of Object.entries(vars !== undefined && isObject(vars) ? vars : {}))
    if (typeof path === "string") selects.set(name, compileSelect(path))
  const parts = cutTemplate(text, (name) => selects.has(name))
  return (value, allowance) => filled(parts, selects, { value, allowance })
}

/** One pass: what comes out of a variable is never looked at again. */
function filled(
  parts: readonly string[],
  selects: ReadonlyMap<string, Select>,
  { value, allowance }: { readonly value: Json; readonly allowance: Allowance },
): string | undefined {
  const texts = new Map<string, string>()
  for (const [name, select] of selects) {
    const text = textOf(select(value, allowance))
    if (text === undefined) return
    texts.set(name, text)
  }
  const whole = parts.map((part, index) => (index % 2 === 0 ? part : (texts.get(part) ?? "")))
  return joinTexts(whole, "", textMax)
}
