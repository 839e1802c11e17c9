import { isList, isObject, type Json, type JsonObject, member } from "../../schema/json.ts"

/** Members whose value is the author's data, in which `$` means nothing to us. */
const data: ReadonlySet<string> = new Set(["constant", "literal", "metadata", "schema"])

/** Members whose value holds values by names that the author chose. */
const named: ReadonlySet<string> = new Set(["mappings", "fields", "vars", "select"])

/** A canonical spec or transform without its annotations: members of the format's objects that begin with `$`. */
export function withoutNotes(spec: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(spec)
      .filter(([key]) => !key.startsWith("$"))
      .map(([key, value]) => [key, isData(spec, key) ? value : inside(key, value)]),
  )
}

/** A predicate's `value` is data; an operation's is a binding. */
const isData = (holder: JsonObject, key: string) =>
  data.has(key) || (key === "value" && member(holder, "op") !== undefined)

function inside(key: string, value: Json): Json {
  if (isList(value)) return value.map((item) => inside("", item))
  if (!isObject(value)) return value
  if (!named.has(key)) return withoutNotes(value)
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, inside("", item)]))
}
