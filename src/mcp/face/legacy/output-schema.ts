import {
  isObject,
  type Json,
  type JsonObject,
  type JsonSchema,
  member,
} from "../../../schema/json.ts"

/**
 * What legacy clients are told of a tool's results. They know objects only: any other root is wrapped in `{ "result": …
 * }`, in the list and in every result, which is why the schema decides and not the value.
 */
export type LegacyOutput =
  | { readonly wrapped: false; readonly schema: JsonObject }
  | { readonly wrapped: true; readonly schema: JsonObject }

export function legacyOutput(schema: JsonSchema): LegacyOutput {
  if (isObject(schema)) {
    if (schema["type"] === "object") return { wrapped: false, schema }
    if (schema["type"] === undefined && isObjectShaped(schema, schema))
      return { wrapped: false, schema: { type: "object", ...schema } }
  }
  const inner = typeof schema === "boolean" ? schema : withMovedRefs(schema)
  return {
    wrapped: true,
    schema: { type: "object", properties: { result: inner }, required: ["result"] },
  }
}

const objectKeywords = ["properties", "patternProperties", "additionalProperties", "required"]
const combining = ["oneOf", "anyOf", "allOf"]

/** Whether a root without `type` can only mean objects, so that naming the type says nothing else. */
function isObjectShaped(schema: JsonObject, root: JsonObject): boolean {
  if (objectKeywords.some((keyword) => Object.hasOwn(schema, keyword))) return true
  return combining.some((keyword) => {
    const members = member(schema, keyword)
    if (!Array.isArray(members) || members.length === 0) return false
    return members.every(
      (part) => isObject(part) && (part["type"] === "object" || isObjectShaped(part, root)),
    )
  })
}

/** Keywords whose values are data, not schemas: what looks like a reference there is none. */
const dataKeywords: ReadonlySet<string> = new Set(["const", "enum", "default", "examples"])

/** The schema one level down: its references into itself follow it, unless a part has an identity of its own. */
function withMovedRefs(schema: JsonObject): JsonObject {
  if (Object.hasOwn(schema, "$id")) return schema
  const moved: [string, Json][] = Object.entries(schema).map(([key, value]) => {
    const isLocal = key === "$ref" || key === "$dynamicRef"
    if (isLocal && typeof value === "string") return [key, movedRef(value)]
    return [key, dataKeywords.has(key) ? value : withMovedParts(value)]
  })
  return Object.fromEntries(moved)
}

function withMovedParts(value: Json): Json {
  if (Array.isArray(value)) return value.map((item: Json) => withMovedParts(item))
  return isObject(value) ? withMovedRefs(value) : value
}

const movedRef = (ref: string): string => {
  if (ref === "#") return "#/properties/result"
  return ref.startsWith("#/") ? `#/properties/result${ref.slice(1)}` : ref
}
