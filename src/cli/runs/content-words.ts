import { isList, isObject, type Json, type JsonObject, member } from "../../schema/json.ts"
import { quoted } from "./quoted.ts"

/**
 * The content that a question asks for, as it is typed in a shell, with words in the place of what is to be filled in: of the
 * members that it requires, or else of all.
 */
export function contentWords(schema: JsonObject): string {
  const properties = member(schema, "properties")
  const { required } = schema
  const names = isList(required) && required.length > 0 ? required : Object.keys(Object(properties))
  const members = names.map((name) => {
    const property = isObject(properties) ? member(properties, String(name)) : undefined
    return `${JSON.stringify(name)}: ${valueWords(property)}`
  })
  return quoted(`{${members.join(", ")}}`)
}

/** What is not filled in is no JSON, but for texts. */
function valueWords(schema: Json | undefined): string {
  if (!isObject(schema)) return "JSON"
  const { type, enum: some, const: only } = schema
  if (only !== undefined) return JSON.stringify(only)
  if (isList(some)) return some.map((value) => JSON.stringify(value)).join("|")
  return words.get(String(type)) ?? "JSON"
}

const words: ReadonlyMap<string, string> = new Map([
  ["string", '"TEXT"'],
  ["number", "NUMBER"],
  ["integer", "NUMBER"],
  ["boolean", "true|false"],
  ["array", "[JSON]"],
])
