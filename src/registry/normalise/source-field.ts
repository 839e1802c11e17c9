import {
  isObject,
  type Json,
  type JsonObject,
  type JsonSchema,
  segment,
} from "../../schema/json.ts"
import { readTransform } from "../spec/read-spec.ts"
import { reportConflict } from "./conflict.ts"
import { type Written, wrongType } from "./fields.ts"
import type { SchemaRead } from "./schema-position.ts"

/** An output schema without `sourceField`, and the transform that those were. */
export interface SourceFields {
  readonly output: SchemaRead | undefined
  readonly transform: JsonObject | undefined
}

/**
 * Moves `sourceField`, the oldest spelling of a mapping, from the properties of the output schema to the transform.
 * Beside an `outputTransform` of its own the tool contradicts itself.
 */
export function moveSourceFields(
  tool: Written,
  output: SchemaRead | undefined,
  transform: JsonObject | undefined,
): SourceFields {
  const properties = propertiesOf(output?.schema)
  const named = Object.entries(properties).filter(
    ([, property]) => isObject(property) && Object.hasOwn(property, "sourceField"),
  )
  if (output === undefined || !isObject(output.schema) || named.length === 0)
    return { output, transform }
  const mappings: [string, Json][] = []
  for (const [key, property] of named) {
    const pointer = `${output.pointer}/properties${segment(key)}/sourceField`
    const source = readSourceField(
      tool,
      key,
      isObject(property) ? property["sourceField"] : undefined,
      pointer,
    )
    if (source !== undefined) mappings.push([key, source])
  }
  if (transform !== undefined)
    reportConflict(tool, "sourceField stands beside an outputTransform", "keep outputTransform")
  const schema = { ...output.schema, properties: withoutSourceFields(properties) }
  return {
    output: { schema, pointer: output.pointer },
    transform: transform ?? { mappings: Object.fromEntries(mappings) },
  }
}

const propertiesOf = (schema: JsonSchema | undefined): JsonObject => {
  const properties = isObject(schema) ? schema["properties"] : undefined
  return isObject(properties) ? properties : {}
}

const withoutSourceFields = (properties: JsonObject): JsonObject =>
  Object.fromEntries(
    Object.entries(properties).map(([key, property]) => {
      if (!isObject(property)) return [key, property]
      const { sourceField: _, ...rest } = property
      return [key, rest]
    }),
  )

/** One mapping in canonical spelling; its problems are reported at the `sourceField`. */
function readSourceField(
  { context }: Written,
  key: string,
  path: Json | undefined,
  pointer: string,
): Json | undefined {
  context.dialect("output.sourceField", pointer)
  if (typeof path !== "string") {
    wrongType(context, pointer, path ?? null, "a JSONPath")
    return
  }
  const atField = {
    ...context,
    report: (problem: Parameters<typeof context.report>[0]) =>
      context.report({ ...problem, pointer }),
  }
  const read = readTransform({ mappings: Object.fromEntries([[key, { path }]]) }, pointer, atField)
  const mappings = read?.["mappings"]
  return isObject(mappings) ? mappings[key] : undefined
}
