import {
  isList,
  isObject,
  type Json,
  type JsonObject,
  type JsonSchema,
  segment,
} from "../../schema/json.ts"
import type { Origins } from "../origins.ts"

/** A `$ref` at a schema position: `object.$ref` is its value (of any JSON type), `pointer` where it was written. */
export interface RefPosition {
  readonly object: JsonObject
  readonly key: "$ref"
  readonly pointer: string
}

/** What a keyword holds: a schema or an array of schemas (one rule, `items` may be both), or schemas by name. */
type Holds = "schemas" | "named"

/** The keywords below which schemas stand (JSON Schema 2020-12, and the older spellings that still occur). */
const applicators: ReadonlyMap<string, Holds> = new Map<string, Holds>([
  ["additionalItems", "schemas"],
  ["additionalProperties", "schemas"],
  ["contains", "schemas"],
  ["contentSchema", "schemas"],
  ["else", "schemas"],
  ["if", "schemas"],
  ["not", "schemas"],
  ["propertyNames", "schemas"],
  ["then", "schemas"],
  ["unevaluatedItems", "schemas"],
  ["unevaluatedProperties", "schemas"],
  ["items", "schemas"],
  ["allOf", "schemas"],
  ["anyOf", "schemas"],
  ["oneOf", "schemas"],
  ["prefixItems", "schemas"],
  ["$defs", "named"],
  ["definitions", "named"],
  ["dependencies", "named"],
  ["dependentSchemas", "named"],
  ["patternProperties", "named"],
  ["properties", "named"],
])

/**
 * Every `$ref` of `schema` that is a reference: at schema positions only, so never inside `default`, `const`, `enum`
 * and `examples`, and never as the name of a property. In the order of the document. `pointer` is where `schema` was
 * written; recursion is as deep as the document, which the reader bounds.
 */
export function schemaPositions(
  schema: Json,
  pointer: string,
  origins: Origins,
): readonly RefPosition[] {
  const found: RefPosition[] = []
  eachSubschema(schema, pointer, (object, at) => {
    if (!Object.hasOwn(object, "$ref")) return
    found.push({ object, key: "$ref", pointer: origins.noted(object, "$ref") ?? `${at}/$ref` })
  })
  return found
}

/** Visits `schema` and all schemas below it, in the order of the document. Boolean schemas are passed over. */
export function eachSubschema(
  schema: Json,
  pointer: string,
  visit: (object: JsonObject, pointer: string) => void,
): void {
  if (!isObject(schema)) return
  visit(schema, pointer)
  for (const keyword of Object.keys(schema)) {
    const holds = applicators.get(keyword)
    const value = holds && schema[keyword]
    if (typeof value !== "object" || value === null) continue
    const at = `${pointer}/${keyword}`
    if (holds === "schemas" && !isList(value)) eachSubschema(value, at, visit)
    else for (const key of Object.keys(value)) visitChild(value, key, at, visit)
  }
}

function visitChild(
  holder: JsonObject | readonly Json[],
  key: string,
  pointer: string,
  visit: (object: JsonObject, pointer: string) => void,
): void {
  const child = isList(holder) ? holder[Number(key)] : holder[key]
  if (child !== undefined) eachSubschema(child, pointer + segment(key), visit)
}

/**
 * `schema` with every `$ref` replaced by what `respell` makes of it. Parts in which nothing changes are shared with
 * the original; the original is never changed. `respell` returns the text it was given to leave it alone.
 */
export function respellRefs(schema: JsonSchema, respell: Respell): JsonSchema {
  return isObject(schema) ? respellIn(schema, respell) : schema
}

/** `schema` without these keywords, in it and in all schemas below it; shares with the original as {@link respellRefs} does. */
export function withoutKeywords(schema: JsonSchema, dropped: ReadonlySet<string>): JsonSchema {
  return isObject(schema) ? keptIn(schema, dropped) : schema
}

function keptIn(schema: JsonObject, dropped: ReadonlySet<string>): JsonObject {
  const kept = Object.keys(schema).some((key) => dropped.has(key))
    ? Object.fromEntries(Object.entries(schema).filter(([key]) => !dropped.has(key)))
    : schema
  return changed(kept, (key, value) => {
    const holds = applicators.get(key)
    return holds === undefined ? value : eachBelow(holds, value, (one) => keptIn(one, dropped))
  })
}

type Respell = (ref: string, holder: JsonObject) => string

function respellIn(schema: JsonObject, respell: Respell): JsonObject {
  return changed(schema, (key, value) => {
    if (key === "$ref") return typeof value === "string" ? respell(value, schema) : value
    const holds = applicators.get(key)
    return holds === undefined ? value : eachBelow(holds, value, (one) => respellIn(one, respell))
  })
}

/** What a keyword holds, with each schema in it replaced. */
function eachBelow(holds: Holds, value: Json, replace: (schema: JsonObject) => Json): Json {
  const each = (child: Json) => (isObject(child) ? replace(child) : child)
  if (isList(value)) return holds === "schemas" ? changedList(value, each) : value
  if (holds === "schemas") return each(value)
  return isObject(value) ? changed(value, (_, child) => each(child)) : value
}

/** The object with its values replaced; the same object when none changed. Keys such as `__proto__` stay own. */
function changed(object: JsonObject, value: (key: string, value: Json) => Json): JsonObject {
  let isChanged = false
  const entries = Object.entries(object).map(([key, old]): [string, Json] => {
    const made = value(key, old)
    isChanged ||= made !== old
    return [key, made]
  })
  return isChanged ? Object.fromEntries(entries) : object
}

function changedList(list: readonly Json[], value: (value: Json) => Json): readonly Json[] {
  const made = list.map(value)
  return made.some((item, index) => item !== list[index]) ? made : list
}
