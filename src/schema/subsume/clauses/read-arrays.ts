import { isList, member } from "../../json.ts"
import type { Clause } from "./clause.ts"
import { nodeOf } from "./derived.ts"
import { kinds } from "./kinds.ts"
import { createNode } from "./node.ts"
import type { Site } from "./read.ts"
import { readList, readOne } from "./read-nodes.ts"

const { array } = kinds

/** Until 2019-09 `items` may be the list that `prefixItems` is today, and `additionalItems` what `items` is. */
export function readItems(site: Site): Clause[] {
  const prefix = readList(site, tupleKeyword(site))
  const isTuple = isList(member(site.schema, "items"))
  const rest = readOne(site, isTuple ? "additionalItems" : "items")
  if (prefix.length === 0 && rest === undefined) return []
  return [{ rule: "items", on: array, at: site.at, prefix, rest }]
}

const tupleKeyword = ({ book }: Site) => (book.dialect === "2020-12" ? "prefixItems" : "items")

export function readContains(site: Site): Clause[] {
  const { book, at, schema } = site
  const contains = member(schema, "contains")
  if (contains === undefined) return []
  const isCounted = book.dialect !== "draft-07"
  const min = isCounted ? Number(member(schema, "minContains") ?? 1) : 1
  const max = Number((isCounted ? member(schema, "maxContains") : undefined) ?? Infinity)
  const place = `${at}/contains`
  const some = book.nodeAt(place, contains)
  if (min > max) return [besideTuple(site, { rule: "never", on: array, at: place })]
  return [besideTuple(site, { rule: "contains", on: array, at: place, some, min, max })]
}

export function readUnique(site: Site): Clause[] {
  if (member(site.schema, "uniqueItems") !== true) return []
  return [besideTuple(site, { rule: "unique", on: array, at: `${site.at}/uniqueItems` })]
}

/**
 * Ajv does not come to keywords that it reads after a tuple when an array is so short that no schema of the tuple was
 * applied: `prefixItems: [{…}], contains: {…}` lets the empty array pass. So a short array may or may not be held to
 * the clause: what comes from such a schema need not keep it, and what goes into one must.
 */
function besideTuple(site: Site, clause: Clause): Clause {
  const { length } = readList(site, tupleKeyword(site))
  if (length === 0) return clause
  const { at } = clause
  const short = createNode(at, [
    { rule: "atMost", on: array, at, size: length - 1 },
    { rule: "opaque", on: array, at },
  ])
  return { rule: "any", on: array, at, of: [nodeOf(clause), short] }
}
