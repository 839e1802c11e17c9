import { isList, isObject, type Json, type JsonObject, type JsonSchema } from "../../schema/json.ts"
import type { SchemaLinks } from "./link-schemas.ts"

/** Whether all that a schema accepts are objects, as far as its root says so; `unknown` behind a broken reference. */
export type RootType = "object" | "other" | "unknown"

/** Where the references of all schemas lead, by the object that holds the `$ref`. */
export function siteNodes({ roots }: SchemaLinks): ReadonlyMap<JsonObject, Json | undefined> {
  const nodes = new Map<JsonObject, Json | undefined>()
  for (const { sites } of roots.values())
    for (const { holder, node } of sites) nodes.set(holder, node)
  return nodes
}

/** Looks through `$ref` and `allOf`, because what those say holds for the root, too. */
export function rootType(
  schema: JsonSchema,
  nodes: ReadonlyMap<JsonObject, Json | undefined>,
): RootType {
  const seen = new Set<Json>()
  const queue: (Json | undefined)[] = [schema]
  let isUnknown = false
  for (const at of queue) {
    if (at === undefined) isUnknown = true
    if (!isObject(at) || seen.has(at)) continue
    seen.add(at)
    if (at["type"] === "object") return "object"
    if (Object.hasOwn(at, "$ref")) queue.push(nodes.get(at))
    if (isList(at["allOf"])) queue.push(...at["allOf"])
  }
  return isUnknown ? "unknown" : "other"
}
