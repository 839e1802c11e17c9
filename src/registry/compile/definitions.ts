import { isObject, type Json, type JsonObject, keysOf, segment } from "../../schema/json.ts"
import { eachSubschema } from "../normalise/schema-walk.ts"
import { decoded } from "../schemas/reference.ts"

/** Where definitions stand: the older keyword is still the usual one of draft-07. */
export const definitionKeywords = ["$defs", "definitions"] as const

/** The schema without the definitions at its root that nothing refers to. */
export function withoutUnusedDefinitions(schema: JsonObject): JsonObject {
  const definitions = definitionsIn(schema)
  if (definitions.size === 0) return schema
  const members = new Map(Object.entries(schema))
  for (const keyword of definitionKeywords) members.delete(keyword)
  const used = closure(Object.fromEntries(members), definitions)
  for (const keyword of definitionKeywords) {
    const written = schema[keyword]
    const kept = Object.entries(isObject(written) ? written : {}).filter(([key]) =>
      used.has(`/${keyword}${segment(key)}`),
    )
    if (kept.length > 0) members.set(keyword, Object.fromEntries(kept))
  }
  return Object.fromEntries(members)
}

/** The pointers of the definitions that `schema` refers to, and of those that these refer to. */
function closure(schema: JsonObject, definitions: ReadonlyMap<string, Json>): ReadonlySet<string> {
  const used = new Set<string>()
  const queue: Json[] = [schema]
  for (const at of queue)
    for (const pointer of definitionsUsed(at, definitions)) {
      if (used.has(pointer)) continue
      used.add(pointer)
      queue.push(definitions.get(pointer) ?? true)
    }
  return used
}

/** By JSON Pointer. */
function definitionsIn(schema: JsonObject): ReadonlyMap<string, Json> {
  const members = definitionKeywords.flatMap((keyword) => {
    const written = schema[keyword]
    if (!isObject(written)) return []
    return Object.entries(written).map(
      ([key, definition]) => [`/${keyword}${segment(key)}`, definition] as const,
    )
  })
  return new Map(members)
}

/** The definitions that the references in `schema` lead to, or may lead to. */
function definitionsUsed(schema: Json, definitions: ReadonlyMap<string, Json>): readonly string[] {
  const pointers: string[] = []
  eachSubschema(schema, "", (holder) => {
    for (const keyword of ["$ref", "$dynamicRef", "$recursiveRef"]) {
      const ref = holder[keyword]
      if (typeof ref === "string") pointers.push(...definitionsOf(ref, definitions))
    }
  })
  return pointers
}

function definitionsOf(ref: string, definitions: ReadonlyMap<string, Json>): readonly string[] {
  if (ref === "#") return []
  if (ref.startsWith("#/")) {
    const [keyword = "", key = ""] = keysOf(decoded(ref.slice(1)) ?? "")
    return [`/${keyword}${segment(key)}`].filter((pointer) => definitions.has(pointer))
  }
  const [address] = ref.split("#", 1)
  const named = [...definitions].filter(([, definition]) => isResource(definition))
  const exact = named.filter(([, it]) => isObject(it) && it["$id"] === address)
  // An anchor, or a reference relative to some `$id`: any definition that names itself may be meant.
  return (exact.length > 0 ? exact : named).map(([pointer]) => pointer)
}

/** A definition with a name of its own may be referred to by that. */
const isResource = (schema: Json): boolean =>
  isObject(schema) && ["$id", "$anchor", "$dynamicAnchor"].some((key) => Object.hasOwn(schema, key))
