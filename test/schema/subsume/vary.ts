import { isObject, type Json, type JsonObject, type JsonSchema } from "../../../src/schema/json.ts"

/** The schema with one keyword left out or changed, here or further in. */
export function vary(schema: JsonSchema, choices: readonly number[]): JsonSchema {
  if (!isObject(schema)) return (choices[0] ?? 0) % 3 === 0 ? !schema : schema
  const keywords = Object.keys(schema).filter((keyword) => !keyword.startsWith("$"))
  const keyword = keywords[(choices[0] ?? 0) % keywords.length]
  if (keyword === undefined) return schema
  const { [keyword]: held = null, ...rest } = schema
  const [, choice = 0, ...further] = choices
  if (choice % 4 === 0) return rest["type"] === undefined ? without(rest, "nullable") : rest
  const sibling = siblings.get(keyword)
  if (choice % 4 === 1 && sibling !== undefined && !(sibling in rest))
    return { ...rest, [sibling]: held }
  return { ...rest, [keyword]: varyValue(keyword, held, further) }
}

/** Keywords that take the same values and mean nearly the same, or the opposite. */
const siblings: ReadonlyMap<string, string> = new Map(
  [
    ["minimum", "exclusiveMinimum"],
    ["maximum", "exclusiveMaximum"],
    ["minLength", "maxLength"],
    ["minItems", "maxItems"],
    ["minProperties", "maxProperties"],
    ["minContains", "maxContains"],
    ["anyOf", "oneOf"],
    ["allOf", "anyOf"],
    ["then", "else"],
    ["not", "if"],
    ["items", "contains"],
    ["additionalProperties", "propertyNames"],
    ["properties", "dependentSchemas"],
  ].flatMap(([one = "", other = ""]) => [[one, other] as const, [other, one] as const]),
)

const without = (schema: JsonObject, keyword: string): JsonObject =>
  Object.fromEntries(Object.entries(schema).filter(([key]) => key !== keyword))

function varyValue(keyword: string, held: Json, choices: readonly number[]): Json {
  const [choice = 0] = choices
  if (maps.includes(keyword) && isObject(held)) return varyMember(held, choices)
  if (lists.includes(keyword) && Array.isArray(held))
    return held.map((one, index) => (index === choice % held.length ? varyJson(one, choices) : one))
  return schemas.includes(keyword) ? varyJson(held, choices) : varyScalar(keyword, held, choice)
}

function varyScalar(keyword: string, held: Json, choice: number): Json {
  if (keyword === "multipleOf") return [1, 2, 3, 6, 0.5][choice % 5] ?? 1
  if (typeof held === "number") return Math.max(0, held + (choice % 2 === 0 ? 1 : -1))
  if (keyword === "type")
    return [...new Set([held, ["null", "string", "object"][choice % 3] ?? "null"].flat())]
  if (!Array.isArray(held)) return held
  if (keyword === "required" && choice % 2 === 0) return [...new Set([...held, "b"])]
  return keyword === "enum" && choice % 2 === 0 ? [...held, "other"] : shorter(keyword, held)
}

/** An enum of nothing is none. */
const shorter = (keyword: string, held: readonly Json[]): readonly Json[] =>
  keyword === "enum" && held.length === 1 ? held : held.slice(1)

const maps = ["properties", "patternProperties", "dependentSchemas"]
const lists = ["allOf", "anyOf", "oneOf", "prefixItems"]
const schemas = ["items", "additionalProperties", "contains", "not", "if", "then", "else"]

function varyMember(held: JsonObject, choices: readonly number[]): JsonObject {
  const names = Object.keys(held)
  const key = names[(choices[0] ?? 0) % names.length]
  return key === undefined ? held : { ...held, [key]: varyJson(held[key] ?? null, choices) }
}

const varyJson = (held: Json, choices: readonly number[]): Json =>
  isObject(held) || typeof held === "boolean" ? vary(held, choices.slice(1)) : held
