import { isList, isObject, type Json, member, segment } from "../../json.ts"
import type { Clause } from "./clause.ts"
import { everyKind, kinds } from "./kinds.ts"
import { createNode, type Node } from "./node.ts"
import type { Site } from "./read.ts"
import { readContains, readItems, readUnique } from "./read-arrays.ts"
import { readMap, readOne } from "./read-nodes.ts"

/** The clauses that several keywords make together. */
export function readCompounds(site: Site): Clause[] {
  return [
    ...readMembers(site),
    ...readItems(site),
    ...readContains(site),
    ...readUnique(site),
    ...readCondition(site),
    ...readDependencies(site),
    ...readTrap(site),
  ]
}

const { object } = kinds

function readMembers(site: Site): Clause[] {
  const properties = readMap(site, "properties")
  const patterns = [...readMap(site, "patternProperties")]
  const additional = readOne(site, "additionalProperties")
  if (properties.size + patterns.length === 0 && additional === undefined) return []
  return [{ rule: "members", on: object, at: site.at, properties, patterns, additional }]
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
  const patterns = member(schema, "patternProperties")
  if (book.dialect === "draft-07" || Object.keys(patterns ?? {}).length === 0) return []
  if (!besides.some((keyword) => Object.hasOwn(schema, keyword))) return []
  return [{ rule: "opaque", on: object, at: `${at}/patternProperties` }]
}
