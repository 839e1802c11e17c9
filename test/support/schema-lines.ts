import type { Fault } from "../../src/schema/fault.ts"
import type { JsonObject, JsonSchema } from "../../src/schema/json.ts"
import { createSchemas } from "../../src/schema/schemas.ts"

const schemas = createSchemas({ secretNames: new Set(["token"]), timeBoxMs: 60_000 })

export const faults = (schema: JsonSchema, value: unknown): readonly Fault[] =>
  schemas.validator(schema).faults(value) ?? []

export const lines = (schema: JsonSchema, value: unknown): string[] =>
  faults(schema, value).map(({ line }) => line)

/** What, schema, value, and every line there is. */
export type Row = readonly [
  what: string,
  schema: JsonSchema,
  value: unknown,
  lines: readonly string[],
]

export const object = (
  properties: { readonly [name: string]: JsonSchema },
  more: JsonObject = {},
): JsonObject => ({ type: "object", properties, ...more })
