import {
  isObject,
  type Json,
  type JsonObject,
  type JsonSchema,
  member,
  unescaped,
} from "../../schema/json.ts"
import { objectIn, textIn } from "../expr/members.ts"
import type { Defaults } from "./plan.ts"

/** Schemas inside each other; also what ends a schema that refers to itself. */
const depthMax = 8

/**
 * The `default`s of a self-contained schema of an object, by property and recursively; undefined when there are none.
 * Only `properties` are looked at: what stands in `anyOf` or `if` need not apply.
 */
export function defaultsOf(schema: JsonSchema | undefined): Defaults | undefined {
  return isObject(schema) ? defaultsIn(schema, schema, depthMax) : undefined
}

function defaultsIn(written: JsonObject, root: JsonObject, depth: number): Defaults | undefined {
  if (depth === 0) return
  const schema = resolved(written, root)
  const found = Object.entries(objectIn(schema, "properties") ?? {}).flatMap(([name, property]) => {
    if (!isObject(property)) return []
    const value = member(property, "default") ?? member(resolved(property, root), "default")
    const inside = defaultsIn(property, root, depth - 1)
    if (value === undefined && inside === undefined) return []
    return [[name, { ...(value === undefined ? {} : { value }), ...(inside && { inside }) }]]
  })
  return found.length === 0 ? undefined : Object.fromEntries(found)
}

/** What a reference into the schema's own definitions leads to. */
function resolved(schema: JsonObject, root: JsonObject): JsonObject {
  const ref = textIn(schema, "$ref")
  if (ref === undefined || !ref.startsWith("#/$defs/")) return schema
  const key = unescaped(ref.slice("#/$defs/".length))
  return objectIn(objectIn(root, "$defs") ?? {}, key) ?? schema
}

/** The input with what its schema gives where nothing was written. The input itself is not changed. */
export function withDefaults(input: Json, defaults: Defaults): Json {
  if (!isObject(input)) return input
  const members = new Map(Object.entries(input))
  for (const [name, { value, inside }] of Object.entries(defaults)) {
    const own = members.has(name) ? members.get(name) : value
    if (own !== undefined) members.set(name, inside === undefined ? own : withDefaults(own, inside))
  }
  return Object.fromEntries(members)
}
