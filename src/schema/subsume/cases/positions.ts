import { isAnything, type Node } from "../clauses/node.ts"
import type { Case } from "./facts.ts"

/** What holds of the item at `index` in every array of the case. */
export const nodesAt = ({ items }: Case, index: number): readonly Node[] =>
  items.flatMap(({ prefix, rest }) => {
    const node = index < prefix.length ? prefix[index] : rest
    return node === undefined || isAnything(node) ? [] : [node]
  })

/** From this index on all items are alike. */
export const prefixLength = (items: Case["items"]): number =>
  items.reduce((length, { prefix }) => Math.max(length, prefix.length), 0)

/** How many items the arrays of the case have at most, given that tuples end where nothing fits. */
export function maxItems(whole: Case, isEmpty: (nodes: readonly Node[]) => boolean): number {
  const last = Math.min(whole.max, prefixLength(whole.items) + 1)
  for (let index = 0; index < last; index++) {
    const nodes = nodesAt(whole, index)
    if (nodes.length > 0 && isEmpty(nodes)) return index
  }
  return whole.max
}
