import { isIcon } from "../../registry/icons.ts"
import type { JsonObject } from "../../registry/model.ts"
import { isObject, type Json, member } from "../../schema/json.ts"

/** What a provision says of a tool, in the order in which documents write it. */
export const contractMembers = [
  "title",
  "description",
  "inputSchema",
  "outputSchema",
  "annotations",
  "execution",
  "icons",
] as const

export type ContractMember = (typeof contractMembers)[number]
export type Contract = JsonObject & { readonly [name in ContractMember]?: Json }

/** What a server's definition of a tool (MCP `Tool`) is in a provision. Members that are null are not there. */
export function contractOf(definition: JsonObject): Contract {
  const written = contractMembers.flatMap((name) => {
    const value = member(definition, name)
    if (value === undefined || value === null) return []
    const taken = takes[name]?.(value) ?? value
    return [[name, taken] as const]
  })
  return Object.fromEntries(written)
}

/** What of a member a registry can hold, where that is not all of it. */
const takes: { readonly [name in ContractMember]?: (value: Json) => Json } = {
  inputSchema: ofArguments,
  icons: (value) => (Array.isArray(value) ? value.filter(isIcon) : []),
}

/** Arguments are always an object; a schema that only leaves that out means it. */
function ofArguments(schema: Json): Json {
  if (!isObject(schema) || inPlace.some((key) => Object.hasOwn(schema, key))) return schema
  return { type: "object", ...schema }
}

const inPlace = ["type", "$ref", "$dynamicRef", "allOf", "anyOf", "oneOf"]
