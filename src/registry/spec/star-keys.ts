import { isObject, type Json, type JsonObject, member, segment } from "../../schema/json.ts"
import { type At, memberPointer, refuse } from "./reading.ts"
import { put } from "./values.ts"

/**
 * `books[*].isbn` beside `books` is the older spelling of a nested mapping: the field `isbn` of each item of `books`.
 * Before the mappings are read, star keys are put where they mean.
 */
export function withoutStarKeys(raw: JsonObject, at: At): JsonObject {
  const starred = starredByBase(raw)
  if (starred.size === 0) return raw
  const out = {}
  const pointers = {}
  for (const [key, source] of Object.entries(raw)) {
    if (starOf(key) !== undefined) continue
    put(out, key, withItems({ key, source, starred: starred.get(key) ?? [], owner: raw }, at))
    put(pointers, key, memberPointer(at, raw, key))
    starred.delete(key)
  }
  for (const key of [...starred.values()].flat())
    refuseStar({ ...at, pointer: memberPointer(at, raw, key) }, "there is none")
  at.reading.moved.set(out, pointers)
  return out
}

function starOf(key: string): number | undefined {
  const star = key.indexOf("[*].")
  return star > 0 ? star : undefined
}

function starredByBase(raw: JsonObject): Map<string, string[]> {
  const starred = new Map<string, string[]>()
  for (const key of Object.keys(raw)) {
    const star = starOf(key)
    if (star === undefined) continue
    const base = key.slice(0, star)
    const keys = starred.get(base)
    if (keys === undefined) starred.set(base, [key])
    else keys.push(key)
  }
  return starred
}

const refuseStar = (at: At, why: string) =>
  refuse(
    at,
    "mapping_base_missing",
    `a key with [*] needs the mapping of the array beside it, and ${why}`,
    'write "items": { "path": …, "nested": { "mappings": … } }',
  )

interface Base {
  readonly key: string
  readonly source: Json
  readonly starred: readonly string[]
  readonly owner: JsonObject
}

/** The source of the base with the star keys of its items as its `nested` mappings. */
function withItems({ key, source, starred, owner }: Base, at: At): Json {
  if (starred.length === 0) return source
  const base = { ...at, pointer: memberPointer(at, owner, key) }
  const nested = nestedIn(source)
  if (!isObject(source) || nested === undefined) {
    for (const star of starred)
      refuseStar({ ...at, pointer: memberPointer(at, owner, star) }, "its source is no path")
    return source
  }
  const fields = {}
  const pointers = {}
  for (const [name, written] of Object.entries(nested)) {
    put(fields, name, written)
    put(pointers, name, `${base.pointer}/nested/mappings${segment(name)}`)
  }
  for (const star of starred) {
    const name = star.slice(key.length + "[*].".length)
    const pointer = memberPointer(at, owner, star)
    countOnce(star, pointer, at)
    if (Object.hasOwn(fields, name)) refuseTwice(name, base)
    put(fields, name, owner[star] ?? null)
    put(pointers, name, pointer)
  }
  at.reading.moved.set(fields, pointers)
  return moveInside(source, fields, base)
}

/** The nested mappings that a source has or could have; undefined when it yields no items. */
function nestedIn(source: Json): JsonObject | undefined {
  if (!isObject(source) || !Object.hasOwn(source, "path")) return
  const nested = member(source, "nested")
  if (nested === undefined) return {}
  const mappings = isObject(nested) ? member(nested, "mappings") : undefined
  return isObject(mappings) ? mappings : undefined
}

/** A key with two stars is moved twice and counts once: where it still stands as it was written. */
function countOnce(key: string, pointer: string, at: At): void {
  if (pointer.endsWith(segment(key))) at.reading.context.dialect("mapping.star-key", pointer)
}

const refuseTwice = (name: string, at: At) =>
  refuse(at, "dialect_conflict", `${JSON.stringify(name)} of the items is mapped twice`)

function moveInside(source: JsonObject, fields: JsonObject, base: At): JsonObject {
  const { moved } = base.reading
  const nested = { mappings: fields }
  moved.set(nested, { mappings: base.pointer })
  const out = { ...source, nested }
  if (!Object.hasOwn(source, "nested")) moved.set(out, { nested: base.pointer })
  return out
}
