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
    // One by one: a list of any length may stand here, and the stack does not hold as many arguments.
    for (const one of appliedIn(at, bundle.schema)) queue.push(one)
  }
  return isUnknown ? "unknown" : "other"
}

function* appliedIn(schema: JsonObject, root: Json): Generator<Json | undefined> {
  const { $ref: ref, allOf } = schema
  if (typeof ref === "string" && isObject(root)) yield referred(root, ref)
  if (isList(allOf)) yield* allOf
}

function referred(root: JsonObject, ref: string): Json | undefined {
  if (ref.startsWith("#")) return nodeAt(root, ref.slice(1))
  const defs = isObject(root["$defs"]) ? Object.values(root["$defs"]) : []
  return defs.find((schema) => isObject(schema) && schema["$id"] === ref)
}
