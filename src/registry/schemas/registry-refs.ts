import { isObject, type JsonSchema } from "../../schema/json.ts"
import type { RegistryRef } from "../normalise/registry-ref.ts"
import { eachSubschema } from "../normalise/schema-walk.ts"
import { noNames, noteNames } from "./names.ts"
import { readReference } from "./reference.ts"

/** The registered schemas that a schema refers to itself, in the order of their first `$ref`. */
export function registryRefs(schema: JsonSchema): readonly RegistryRef[] {
  if (!isObject(schema)) return []
  const names = noNames()
  const refs = new Set<string>()
  eachSubschema(schema, "", (holder) => {
    noteNames(names, holder)
    const ref = Object.hasOwn(holder, "$ref") ? holder["$ref"] : undefined
    if (typeof ref === "string") refs.add(ref)
  })
  return [...refs].flatMap((ref) => {
    const meant = readReference(ref, schema, names)
    return meant.kind === "registry" ? [meant.ref] : []
  })
}
