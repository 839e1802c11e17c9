import type { Json } from "../../json.ts"
import type { Case } from "../cases/facts.ts"
import { nodesAt, prefixLength } from "../cases/positions.ts"
import type { ContainsClause, ItemsClause } from "../clauses/clause.ts"
import { negationOf } from "../clauses/derived.ts"
import { kinds } from "../clauses/kinds.ts"
import { createNode, type Node } from "../clauses/node.ts"
import { buildArray } from "./arrays.ts"
import type { Search } from "./search.ts"
import { take } from "./take.ts"

/** Positions that are tried one by one. */
const positionsMax = 8
const itemsMax = 6

export function* againstItems(search: Search, whole: Case, clause: ItemsClause): Generator<Json> {
  const alike = prefixLength([...whole.items, clause])
  const last = Math.min(alike, positionsMax, whole.max - 1)
  for (let index = 0; index <= last; index++) {
    const node = index < clause.prefix.length ? clause.prefix[index] : clause.rest
    if (node === undefined) continue
    for (const item of take(search.against(nodesAt(whole, index), node), itemsMax)) {
      const length = Math.max(whole.min, index + 1)
      const array = buildArray(search, whole, new Map([[index, item]]), length)
      if (array !== undefined) yield array
    }
  }
}

/** Arrays of which no item fits, and arrays of which too many do. */
export function* againstContains(
  search: Search,
  whole: Case,
  { some, min, max, at }: ContainsClause,
): Generator<Json> {
  if (min > 0) yield* search.samplesWhere(whole, [everyItem(at, negationOf(some))])
  if (min > 1) yield* search.samplesOf(whole)
  if (max === Infinity) return
  const more = createNode(at, [{ rule: "atLeast", on: kinds.array, at, size: max + 1 }])
  yield* search.samplesWhere(whole, [everyItem(at, some), more])
}

const everyItem = (at: string, node: Node) =>
  createNode(at, [{ rule: "items", on: kinds.array, at, prefix: [], rest: node }])
