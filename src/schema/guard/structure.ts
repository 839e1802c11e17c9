import { type Dialect, isSameDialect } from "../dialect.ts"
import { isObject, type Json, type JsonObject } from "../json.ts"
import {
  type Applicator,
  applicators,
  isAssertion,
  referenceKeywords,
  subschemas,
} from "../keywords.ts"
import { findingsMax, type Place, pointerTo, type SchemaFinding } from "./finding.ts"
import { contradiction, isNames, namesExpected, valueRules } from "./values.ts"

/** What a walk over the schemas in a schema found. */
export interface Structure {
  readonly findings: readonly SchemaFinding[]
  /** The sum of what every schema costs where it is applied once. */
  readonly own: number
  /** No references, and nothing to refer to but places: the schema is no more than its own tree. */
  readonly isTree: boolean
}

interface Visit {
  readonly schema: Json
  readonly place: Place | undefined
}

interface Walk {
  readonly dialect: Dialect
  /** Breadth first, so that findings come in an order that people expect. */
  readonly queue: Visit[]
  readonly findings: SchemaFinding[]
  own: number
  isTree: boolean
}

/**
 * Whether every keyword below `root` has a value that its dialect allows; the meta-schemas say the same, but compiling
 * a validator from them and running it would cost some hundred times as much.
 */
export function checkStructure(root: Json, dialect: Dialect, place?: Place): Structure {
  const walk: Walk = { dialect, queue: [], findings: [], own: 0, isTree: true }
  walk.queue.push({ schema: root, place })
  for (const visit of walk.queue) {
    if (walk.findings.length >= findingsMax) break
    visitSchema(visit, walk)
  }
  return walk
}

/**
 * What one evaluation of a schema costs without the schemas below it: 1, and 1 for each value under its assertions, so
 * that a long `enum` counts as long as it is, and for each name it lists.
 */
export function ownCost(schema: Json, dialect: Dialect): number {
  let cost = 1
  if (!isObject(schema)) return cost
  for (const [keyword, value] of Object.entries(schema))
    cost += keywordCost(keyword, value, applicators[dialect].get(keyword))
  return cost
}

function keywordCost(keyword: string, value: Json, applicator: Applicator | undefined): number {
  if (isAssertion(keyword)) return countValues(value)
  const isListing = applicator?.shape === "map" && applicator.applies !== "nowhere"
  return isListing && isObject(value) ? Object.keys(value).length : 0
}

function countValues(value: Json): number {
  let count = 1
  if (Array.isArray(value)) for (const item of value) count += countValues(item)
  else if (isObject(value)) for (const key in value) count += countValues(value[key] ?? null)
  return count
}

function visitSchema({ schema, place }: Visit, walk: Walk): void {
  if (!isObject(schema)) {
    walk.own++
    if (typeof schema !== "boolean") walk.findings.push(noSchema(schema, place))
    return
  }
  walk.own++
  for (const keyword in schema) {
    const value = schema[keyword] ?? null
    const applicator = applicators[walk.dialect].get(keyword)
    walk.own += keywordCost(keyword, value, applicator)
    if (applicator === undefined) checkValue(keyword, value, place, walk)
    else checkApplicator(keyword, value, applicator, { up: place, key: keyword }, walk)
  }
  checkWhole(schema, place, walk)
}

const identifiers = ["$anchor", "$dynamicAnchor", "$recursiveAnchor"]

function checkWhole(schema: JsonObject, place: Place | undefined, walk: Walk): void {
  const names = place === undefined ? identifiers : [...identifiers, "$id"]
  if ([...referenceKeywords, ...names].some((keyword) => schema[keyword] !== undefined))
    walk.isTree = false
  const found = contradiction(schema)
  if (found !== undefined) {
    const [keyword, message, hint] = found
    invalid({ up: place, key: keyword }, `${keyword} — ${message}`, hint, walk)
  }
}

function checkValue(keyword: string, value: Json, place: Place | undefined, walk: Walk): void {
  if (keyword === "$schema" && place !== undefined) checkDialect(value, place, walk)
  const rule = valueRules[walk.dialect].get(keyword)
  if (rule === undefined || rule.fits(value)) return
  const hint = rule.hint?.(value)
  invalid({ up: place, key: keyword }, `${keyword} — expected ${rule.expected}`, hint, walk)
}

const dialectUris: Readonly<Record<Dialect, string>> = {
  "2020-12": "https://json-schema.org/draft/2020-12/schema",
  "2019-09": "https://json-schema.org/draft/2019-09/schema",
  "draft-07": "http://json-schema.org/draft-07/schema",
}

function checkDialect(value: Json, place: Place, walk: Walk): void {
  if (typeof value === "string" && isSameDialect(value, dialectUris[walk.dialect])) return
  invalid({ up: place, key: "$schema" }, "$schema — one schema, one dialect", undefined, walk)
}

function checkApplicator(
  keyword: string,
  value: Json,
  applicator: Applicator,
  place: Place,
  walk: Walk,
): void {
  const expected = wrongShape(keyword, value, applicator.shape, walk.dialect)
  if (expected !== undefined) {
    const hint = Array.isArray(value) ? arrayHints.get(keyword) : undefined
    invalid(place, `${keyword} — expected ${expected}`, hint, walk)
    return
  }
  if (keyword === "patternProperties") checkPatterns(value, place, walk)
  for (const [schema, key] of subschemas(keyword, value, applicator.shape))
    walk.queue.push({ schema, place: key === undefined ? place : { up: place, key } })
}

const arrayHints = new Map([
  ["items", 'in 2020-12 schemas by position stand under "prefixItems"'],
  ["properties", "write an object from names to schemas"],
])

/** What the value should have been, when it is something else. */
function wrongShape(
  keyword: string,
  value: Json,
  shape: Applicator["shape"],
  dialect: Dialect,
): string | undefined {
  if (keyword === "items" && Array.isArray(value)) {
    if (dialect === "2020-12") return "one schema"
    return value.length > 0 ? undefined : "a schema or at least one in an array"
  }
  if (shape === "one" || (shape === "map" && isObject(value)))
    return keyword === "dependencies" ? wrongDependencies(value) : undefined
  if (shape === "map") return "an object of schemas"
  return Array.isArray(value) && value.length > 0 ? undefined : "an array of at least one schema"
}

function wrongDependencies(value: Json): string | undefined {
  const lists = Object.values(value ?? {}).filter((item) => Array.isArray(item))
  return lists.every(isNames) ? undefined : `an object of schemas or arrays of ${namesExpected}`
}

function checkPatterns(value: Json, place: Place, walk: Walk): void {
  const rule = valueRules[walk.dialect].get("pattern")
  for (const key of Object.keys(value ?? {}))
    if (rule !== undefined && !rule.fits(key))
      invalid({ up: place, key }, `patternProperties — expected ${rule.expected}`, undefined, walk)
}

function noSchema(value: Json, place: Place | undefined): SchemaFinding {
  const at = pointerTo(place)
  const message = "expected a schema: an object, true or false"
  if (typeof value !== "string") return { code: "schema_invalid", at, message }
  return { code: "schema_invalid", at, message, hint: 'a type is written { "type": "string" }' }
}

function invalid(
  place: Place | undefined,
  message: string,
  hint: string | undefined,
  walk: Walk,
): void {
  const at = pointerTo(place)
  walk.findings.push({ code: "schema_invalid", at, message, ...(hint !== undefined && { hint }) })
}
