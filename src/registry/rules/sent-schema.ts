import {
  isList,
  isObject,
  type Json,
  type JsonObject,
  type JsonSchema,
  member,
} from "../../schema/json.ts"
import { partsOf } from "../caller-value.ts"
import type { ToolSource } from "../model.ts"

/** What a tool sends to its server: arguments as callers may give them, with its defaults. */
export interface Sent {
  readonly schema: JsonSchema
  /** False where defaults are not known before the gateway runs: they may be anything then. */
  readonly isExact: boolean
}

/** Keywords of schemas in which a field can be described without looking further. */
const plain: ReadonlySet<string> = new Set(
  "type properties required additionalProperties $defs $schema $comment title description".split(
    " ",
  ),
)

/** As a schema, from the one that describes the arguments; undefined where it is too intricate to be said in one. */
export function sentSchema(
  schema: JsonSchema,
  { defaults, hideFields }: ToolSource,
): Sent | undefined {
  const added = Object.entries(defaults ?? {})
  const hidden = new Set(hideFields)
  if (added.length + hidden.size === 0) return { schema, isExact: true }
  if (!isObject(schema) || Object.keys(schema).some((keyword) => !plain.has(keyword))) return
  const { properties, required, additionalProperties: others = true } = schema
  const described = isObject(properties) ? properties : {}
  const fields = new Map(Object.entries(described))
  for (const name of hidden) fields.set(name, false)
  for (const [name, value] of added) {
    const fixed: Json = isKnown(value) ? { const: value } : true
    const given = member(described, name) ?? others
    fields.set(name, hidden.has(name) ? fixed : { anyOf: [given, fixed] })
  }
  const always = added.map(([name]) => name)
  const needed = (isList(required) ? required : []).filter((name) => !hidden.has(String(name)))
  const sent: JsonObject = {
    ...schema,
    type: "object",
    properties: Object.fromEntries(fields),
    required: [...new Set([...needed, ...always])],
  }
  return { schema: sent, isExact: added.every(([, value]) => isKnown(value)) }
}

/** Whether a default is the same wherever and for whomever the gateway runs. */
function isKnown(value: Json): boolean {
  if (typeof value === "string")
    return [...partsOf(value)].every((part) => typeof part === "string")
  if (isList(value)) return value.every(isKnown)
  return !isObject(value) || Object.values(value).every(isKnown)
}
