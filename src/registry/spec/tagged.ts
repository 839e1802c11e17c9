import { isObject, type Json, type JsonObject, member, segment } from "../../schema/json.ts"
import { type At, type Reader, wrongType } from "./reading.ts"
import { isList } from "./values.ts"

/** A value that is written with its type, as protocol buffers do: `{ "stringValue": "a" }`. */
const tags: { readonly [tag: string]: { readonly expected: string; is(value: Json): boolean } } = {
  stringValue: { expected: "a string", is: (value) => typeof value === "string" },
  numberValue: { expected: "a number", is: (value) => typeof value === "number" },
  boolValue: { expected: "true or false", is: (value) => typeof value === "boolean" },
  nullValue: { expected: "true", is: (value) => value === true || value === null },
  listValue: { expected: "an array", is: (value) => listOf(value) !== undefined },
}

/** The elements of a `listValue`: an array, or `{ "values": [...] }` in the variant dialect. */
function listOf(value: Json): readonly Json[] | undefined {
  if (isList(value)) return value
  const values = isObject(value) ? member(value, "values") : undefined
  return isList(values) && isObject(value) && Object.keys(value).length === 1 ? values : undefined
}

/** The one key of an object that is a tag's name. */
function tagOf(raw: Json): string | undefined {
  if (!isObject(raw)) return
  const [tag, ...others] = Object.keys(raw)
  return tag !== undefined && others.length === 0 && Object.hasOwn(tags, tag) ? tag : undefined
}

/** What a tagged value means; undefined for JSON that is not tagged, or with a value of another type. */
function untagged(raw: Json): Json | undefined {
  const tag = tagOf(raw)
  if (tag === undefined || !isObject(raw)) return
  const value = raw[tag] ?? null
  if (!tags[tag]?.is(value)) return
  if (tag === "nullValue") return null
  return tag === "listValue" ? (listOf(value) ?? []).map(plainValue) : value
}

/** What a tagged or plain value means. */
export function plainValue(raw: Json): Json {
  const value = untagged(raw)
  return value === undefined ? raw : value
}

/** The value of a `constant`: canonically plain, so that a tagged one loses its tag. */
export const constant: Reader = (raw, at) => {
  const value = untagged(raw)
  if (value === undefined) return raw
  at.reading.context.dialect("constant.tagged", at.pointer)
  return value
}

/** The value of a `literal` or of a predicate: tagged or plain, both canonical. */
export const taggedOrPlain: Reader = (raw, at) => {
  const tag = tagOf(raw)
  if (tag === undefined || !isObject(raw)) return raw
  const value = raw[tag] ?? null
  const { expected = "", is } = tags[tag] ?? {}
  if (!is?.(value)) return wrongType({ ...at, pointer: `${at.pointer}/${tag}` }, value, expected)
  return tag === "listValue" ? readList(value, at) : raw
}

function readList(value: Json, at: At): JsonObject {
  const { context } = at.reading
  const out: { [key: string]: Json } = context.origins.set({}, at.pointer)
  const pointer = `${at.pointer}/listValue`
  const isDialect = !isList(value)
  if (isDialect) context.dialect("value.list-values", pointer)
  const inside = isDialect ? `${pointer}/values` : pointer
  out["listValue"] = (listOf(value) ?? []).map(
    (element, index) => taggedOrPlain(element, { ...at, pointer: inside + segment(index) }) ?? null,
  )
  return out
}
