import type { Json, JsonObject } from "../../schema/json.ts"

/** What the schemas inside one schema call themselves, so that references may name them. */
export interface InnerNames {
  /** By `$anchor`, `$dynamicAnchor` or (draft-07) `$id: "#name"`. */
  readonly anchors: Map<string, JsonObject>
  /** Some schema has an `$id`: references may be relative to it, and only the guard follows those. */
  hasIds: boolean
  /** Any keyword that names schemas or refers to such names: the text cannot be moved without them. */
  isNamed: boolean
}

const naming = [
  "$id",
  "$anchor",
  "$dynamicAnchor",
  "$dynamicRef",
  "$recursiveAnchor",
  "$recursiveRef",
] as const

export const noNames = (): InnerNames => ({ anchors: new Map(), hasIds: false, isNamed: false })

/** Notes what `schema`, one of the schemas inside a schema, calls itself. */
export function noteNames(names: InnerNames, schema: JsonObject): void {
  for (const keyword of naming) {
    if (!Object.hasOwn(schema, keyword)) continue
    names.isNamed = true
    noteName(names, keyword, schema[keyword], schema)
  }
}

function noteName(
  names: InnerNames,
  keyword: (typeof naming)[number],
  name: Json | undefined,
  schema: JsonObject,
): void {
  if (typeof name !== "string") return
  if (keyword === "$anchor" || keyword === "$dynamicAnchor") names.anchors.set(name, schema)
  if (keyword !== "$id") return
  if (name.startsWith("#")) names.anchors.set(name.slice(1), schema)
  else names.hasIds = true
}
