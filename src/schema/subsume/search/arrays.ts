import type { Json } from "../../json.ts"
import type { Case } from "../cases/facts.ts"
import { nodesAt } from "../cases/positions.ts"
import { isSame } from "../clauses/kinds.ts"
import type { Node } from "../clauses/node.ts"
import type { Search } from "./search.ts"

/** Longer arrays are not made. */
const lengthMax = 64

/** Arrays of the case: as short as can be, a little longer, and with each of several items in the first place. */
export function* sampleArrays(search: Search, whole: Case): Generator<Json> {
  const least = Math.max(whole.min, ...whole.contains.map(({ min }) => min))
  const lengths = [least, least + 1, least + 2, wantedItems(whole).length]
  for (const length of new Set(lengths.filter((length) => length >= least)))
    yield* present(buildArray(search, whole, new Map(), length))
  for (const item of search.samples(nodesAt(whole, 0)))
    yield* present(buildArray(search, whole, new Map([[0, item]]), Math.max(least, 1)))
}

const present = (array: Json | undefined) => (array === undefined ? [] : [array])

/** An array of the case with the items that are given, or undefined where no others were found to complete it. */
export function buildArray(
  search: Search,
  whole: Case,
  given: ReadonlyMap<number, Json>,
  length: number,
): readonly Json[] | undefined {
  if (length > lengthMax || length > whole.max) return
  const wanted = wantedItems(whole)
  const items: Json[] = []
  for (let index = 0; index < length; index++) {
    const own = given.get(index)
    const item = own === undefined ? findItem(search, whole, index, wanted, items) : own
    if (item === undefined) return
    items.push(item)
  }
  return items
}

/** What must occur in the array, as often as it must. */
const wantedItems = ({ contains }: Case): Node[] =>
  contains.flatMap(({ some, min }) => Array<Node>(Math.min(min, lengthMax)).fill(some))

function findItem(
  search: Search,
  whole: Case,
  index: number,
  wanted: Node[],
  items: readonly Json[],
): Json | undefined {
  const nodes = nodesAt(whole, index)
  const isNew = (item: Json) => !whole.isUnique || !items.some((other) => isSame(item, other))
  const next = wanted.findIndex((node) => search.samples([...nodes, node]).some(isNew))
  const [want] = next < 0 ? [] : wanted.splice(next, 1)
  const asked = want === undefined ? nodes : [...nodes, want]
  const item = search.samples(asked).find(isNew)
  if (item !== undefined || !whole.isUnique) return item
  for (const other of search.moreSamples(asked)) if (isNew(other)) return other
  return
}
