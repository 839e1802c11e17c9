import type { Dialect } from "../../dialect.ts"
import { isList, isObject, type Json, type JsonObject } from "../../json.ts"
import { type Applicator, applicators } from "../../keywords.ts"
import { isSame } from "../clauses/kinds.ts"
import type { Node } from "../clauses/node.ts"

/** Whether two schemas say the same in the same words, apart from what they tell people. Nothing is known of others. */
export function isSameSchema(left: Node, right: Node): boolean {
  if (left === right) return true
  if (left.source === undefined || right.source === undefined) return false
  const { schema, dialect } = left.source
  return dialect === right.source.dialect && areSame(schema, right.source.schema, dialect)
}

/** What no validator looks at. */
const annotations: ReadonlySet<string> = new Set(
  (
    "$comment title description default examples deprecated readOnly writeOnly " +
    "contentEncoding contentMediaType contentSchema"
  ).split(" "),
)

/** Their meaning depends on the document around them. */
const references: ReadonlySet<string> = new Set(
  "$ref $dynamicRef $recursiveRef $id $anchor $dynamicAnchor $recursiveAnchor".split(" "),
)

function areSame(left: Json, right: Json, dialect: Dialect): boolean {
  if (!isObject(left) || !isObject(right)) return left === right
  const keywords = assertionsOf(left)
  if (keywords.length !== assertionsOf(right).length) return false
  return keywords.every((keyword) => {
    if (!Object.hasOwn(right, keyword) || references.has(keyword)) return false
    const [one = null, other = null] = [left[keyword], right[keyword]]
    const applicator = applicators[dialect].get(keyword)
    if (applicator === undefined) return isSame(one, other)
    return areSameUnder(one, other, applicator.shape, dialect)
  })
}

const assertionsOf = (schema: JsonObject) =>
  Object.keys(schema).filter((keyword) => !annotations.has(keyword))

function areSameUnder(
  left: Json,
  right: Json,
  shape: Applicator["shape"],
  dialect: Dialect,
): boolean {
  if (isList(left))
    return (
      isList(right) &&
      left.length === right.length &&
      left.every((item, index) => areSame(item, right[index] ?? null, dialect))
    )
  if (shape !== "map" || !isObject(left) || !isObject(right)) return areSame(left, right, dialect)
  const names = Object.keys(left)
  return (
    names.length === Object.keys(right).length &&
    names.every(
      (name) =>
        Object.hasOwn(right, name) &&
        areSameUnder(left[name] ?? null, right[name] ?? null, "one", dialect),
    )
  )
}
