import { isList, isObject, type Json, type JsonObject } from "../../schema/json.ts"
import type { Bundle } from "./bundle.ts"
import { nodeAt } from "./reference.ts"

/** Whether all that a schema accepts are objects, as far as its root says so; `unknown` behind a broken reference. */
export type RootType = "object" | "other" | "unknown"

/** Looks through `$ref` and `allOf`, because what those say holds for the root, too. */
export function rootType(bundle: Bundle): RootType {
  if (bundle.kind !== "bundled") return "unknown"
  const seen = new Set<Json>()
  const queue: (Json | undefined)[] = [bundle.schema]
  let isUnknown = false
  for (const at of queue) {
    if (at === undefined) isUnknown = true
    if (!isObject(at) || seen.has(at)) continue
    seen.add(at)
    if (at["type"] === "object") return "object"
    if (typeof at["$ref"] === "string" && isObject(bundle.schema))
      queue.push(referred(bundle.schema, at["$ref"]))
    if (isList(at["allOf"])) queue.push(...at["allOf"])
  }
  return isUnknown ? "unknown" : "other"
}

function referred(root: JsonObject, ref: string): Json | undefined {
  if (ref.startsWith("#")) return nodeAt(root, ref.slice(1))
  const defs = isObject(root["$defs"]) ? Object.values(root["$defs"]) : []
  return defs.find((schema) => isObject(schema) && schema["$id"] === ref)
}
