import { configSchema, type Schema } from "./json-schema.ts"
import type { Path } from "./walk.ts"

/** The keys that may stand at `path`. */
export const keysAt = (path: Path): string[] =>
  schemasAt(path).flatMap(({ properties }) => Object.keys(properties ?? {}))

/** Whether what stands at `path` is a secret. */
export const isSecret = (path: Path): boolean =>
  schemasAt(path).some(({ writeOnly }) => writeOnly === true)

/** Whether the value at `path` is a number or a boolean, and never text. */
export function isTyped(path: Path): boolean {
  const types = schemasAt(path).map(({ type }) => type)
  return !types.includes("string") && types.some((type) => typedTypes.has(type))
}

const typedTypes = new Set<unknown>(["number", "integer", "boolean"])

function schemasAt(path: Path): Schema[] {
  let found = alternatives(configSchema())
  for (const key of path) found = found.flatMap((schema) => below(schema, key))
  return found
}

function below(schema: Schema, key: PropertyKey): Schema[] {
  const { properties, items, additionalProperties } = schema
  if (typeof key === "number") return alternatives(items)
  if (properties !== undefined && Object.hasOwn(properties, key))
    return alternatives(properties[String(key)])
  return alternatives(additionalProperties)
}

/** The schema and what it is the union of. */
function alternatives(schema: unknown): Schema[] {
  if (!isSchema(schema)) return []
  return [schema, ...(schema.anyOf ?? []).filter(isSchema)]
}

const isSchema = (value: unknown): value is Schema =>
  typeof value === "object" && value !== null && !Array.isArray(value)
