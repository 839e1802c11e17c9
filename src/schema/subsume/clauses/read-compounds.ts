import { isList, isObject, type Json, member, segment } from "../../json.ts"
import type { Clause } from "./clause.ts"
import { everyKind, kinds } from "./kinds.ts"
import { createNode, type Node } from "./node.ts"
import type { Site } from "./read.ts"

/** The clauses that several keywords make together. */
export function readCompounds(site: Site): Clause[] {
  return [
    ...readMembers(site),
    ...readItems(site),
    ...readContains(site),
    ...readCondition(site),
    ...readDependencies(site),
    ...readTrap(site),
  ]
}

const { array, object } = kinds

function readMembers(site: Site): Clause[] {
  const properties = readMap(site, "properties")
  const patterns = [...readMap(site, "patternProperties")]
  const additional = readOne(site, "additionalProperties")
  if (properties.size + patterns.length === 0 && additional === undefined) return []
  return [{ rule: "members", on: object, at: site.at, properties, patterns, additional }]
}

/** Until 2019-09 `items` may be the list that `prefixItems` is today, and `additionalItems` what `items` is. */
function readItems(site: Site): Clause[] {
  const isToday = site.book.dialect === "2020-12"
  const isTuple = !isToday && isList(member(site.schema, "items"))
  const prefix = isToday || isTuple ? readList(site, isToday ? "prefixItems" : "items") : []
  const rest = readOne(site, isTuple ? "additionalItems" : "items")
  if (prefix.length === 0 && rest === undefined) return []
  return [{ rule: "items", on: array, at: site.at, prefix, rest }]
}

function readContains({ book, at, schema }: Site): Clause[] {
  const contains = member(schema, "contains")
  if (contains === undefined) return []
  const isCounted = book.dialect !== "draft-07"
  const min = isCounted ? Number(member(schema, "minContains") ?? 1) : 1
  const max = Number((isCounted ? member(schema, "maxContains") : undefined) ?? Infinity)
  const place = `${at}/contains`
  if (min > max) return [{ rule: "never", on: array, at: place }]
  const some = book.nodeAt(place, contains)
  return [{ rule: "contains", on: array, at: place, some, min, max }]
}

function readCondition(site: Site): Clause[] {
  const test = readOne(site, "if")
  const consequent = readOne(site, "then")
  const alternative = readOne(site, "else")
  const isIdle =
    member(site.schema, "if") === undefined || (consequent ?? alternative) === undefined
  if (isIdle) return []
  const at = `${site.at}/if`
  return [
    { rule: "when", on: everyKind, at, test: test ?? createNode(at, []), consequent, alternative },
  ]
}

function readDependencies(site: Site): Clause[] {
  const keywords =
    site.book.dialect === "draft-07"
      ? ["dependencies"]
      : ["dependencies", "dependentSchemas", "dependentRequired"]
  return keywords.flatMap((keyword) => {
    const value = member(site.schema, keyword)
    return Object.entries(isObject(value) ? value : {}).map(([name, held]): Clause => {
      const at = site.at + segment(keyword) + segment(name)
      return { rule: "depends", on: object, at, name, consequent: readDependency(site, held, at) }
    })
  })
}

function readDependency({ book }: Site, held: Json, at: string): Node {
  if (!isList(held)) return book.nodeAt(at, held)
  return createNode(at, [{ rule: "required", on: object, at, names: held.map(String) }])
}

const besides = ["$ref", "allOf", "anyOf", "oneOf", "if", "dependentSchemas", "dependencies"]

/**
 * From 2019-09 on, Ajv may crash on an object that fits when `patternProperties` stands beside keywords that apply
 * schemas to the same object; what it crashes on counts as a misfit. So nothing is known to fit such a schema.
 */
function readTrap({ book, at, schema }: Site): Clause[] {
  if (book.dialect === "draft-07" || !Object.hasOwn(schema, "patternProperties")) return []
  if (!besides.some((keyword) => Object.hasOwn(schema, keyword))) return []
  return [{ rule: "opaque", on: object, at: `${at}/patternProperties` }]
}

/** Undefined for what allows everything, however it is written. */
function readOne({ book, at, schema }: Site, keyword: string): Node | undefined {
  const value = member(schema, keyword)
  const isIdle = value === undefined || value === true || isList(value)
  if (isIdle || (isObject(value) && Object.keys(value).length === 0)) return
  return book.nodeAt(at + segment(keyword), value)
}

function readList({ book, at, schema }: Site, keyword: string): Node[] {
  const value = member(schema, keyword)
  if (!isList(value)) return []
  const place = at + segment(keyword)
  return value.map((item, index) => book.nodeAt(place + segment(index), item))
}

function readMap({ book, at, schema }: Site, keyword: string): Map<string, Node> {
  const value = member(schema, keyword)
  if (!isObject(value)) return new Map()
  const place = at + segment(keyword)
  return new Map(
    Object.entries(value).map(([name, item]) => [name, book.nodeAt(place + segment(name), item)]),
  )
}
