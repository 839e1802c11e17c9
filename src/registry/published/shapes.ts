import type { Json, JsonObject } from "../../schema/json.ts"

/** Small words for writing the published JSON Schema; the result is plain JSON. */

/** An object of the format: unknown members are wrong, `$…` are annotations, `x-…` are extensions. */
export function entity(
  description: string,
  properties: JsonObject,
  required: readonly string[] = [],
): JsonObject {
  return {
    type: "object",
    description,
    properties,
    patternProperties: { "^(\\$|x-)": true },
    additionalProperties: false,
    ...(required.length > 0 && { required }),
  }
}

export const text = (description: string): JsonObject => ({ type: "string", description })
export const flag = (description: string): JsonObject => ({ type: "boolean", description })
export const list = (items: Json, description: string, more: JsonObject = {}): JsonObject => ({
  type: "array",
  items,
  description,
  ...more,
})
export const ref = (name: string): JsonObject => ({ $ref: `#/$defs/${name}` })
export const choice = (values: readonly string[], description: string): JsonObject => ({
  enum: values,
  description,
})
export const count = (description: string, minimum = 0): JsonObject => ({
  type: "number",
  minimum,
  description,
})
export const anything = (description: string): JsonObject => ({ description })
