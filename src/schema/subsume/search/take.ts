/** The first `count` of what `source` yields, and no more is asked of it. */
export function* take<Item>(source: Iterable<Item>, count: number): Generator<Item> {
  let taken = 0
  for (const item of source) {
    yield item
    taken++
    if (taken >= count) return
  }
}
