import { isObject, type JsonObject } from "../json.ts"
import type { Landscape } from "./landscape.ts"
import { oneOf } from "./values.ts"

const depthMax = 4

/** What a schema asks for, in a few words: `string (uuid)`, `one of "fast", "full"`, `string or null`. */
export function describe(landscape: Landscape, index: number | undefined, depth = 0): string {
  const node = landscape.graph.nodes[index ?? -1]
  if (node === undefined || !isObject(node.schema) || depth > depthMax) return anything
  const said = describeOwn(node.schema)
  if (said !== undefined) return said
  // Nothing is said here, so what it refers to says it; branches say it together.
  const below = [...new Set(node.inPlace.map((next) => describe(landscape, next, depth + 1)))]
  const meaningful = below.filter((text) => text !== anything)
  const isChoice = node.schema["anyOf"] !== undefined || node.schema["oneOf"] !== undefined
  return (isChoice ? meaningful.join(" or ") : meaningful[0]) || anything
}

const anything = "a value"

function describeOwn(schema: JsonObject): string | undefined {
  const { const: constant, enum: values, type, format, nullable } = schema
  if (constant !== undefined) return oneOf([constant])
  if (Array.isArray(values)) return oneOf(values)
  if (type === undefined) return
  const types = typeNames(type, nullable)
  return typeof format === "string" ? `${types} (${format})` : types
}

/** `type` as words. */
export function typeNames(type: unknown, nullable?: unknown): string {
  const names = Array.isArray(type) ? type.map(String) : [String(type)]
  if (nullable === true && !names.includes("null")) names.push("null")
  return names.join(" or ")
}
