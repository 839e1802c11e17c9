/** The first `count` of what `source` yields. */
export function take<Item>(source: Iterable<Item>, count: number): Item[] {
  const taken: Item[] = []
  for (const item of source) {
    taken.push(item)
    if (taken.length >= count) break
  }
  return taken
}
