/** Texts that can be asked for how they begin, in steps that grow with the logarithm of their number. */
export interface Starts {
  /** Whether one of them begins like this. */
  some(start: string): boolean
  /** The same, or whether this begins with one of them. */
  share(start: string): boolean
}

export function createStarts(texts: readonly string[]): Starts {
  const sorted = [...texts].sort()
  const shortest = withoutLonger(sorted)
  return {
    some: (start) => sorted[placeOf(start, sorted)]?.startsWith(start) === true,
    share(start) {
      const place = placeOf(start, shortest)
      const before = shortest[place - 1]
      // Only the one before can be a beginning of it: whatever is between the two begins like that one, too.
      return (
        shortest[place]?.startsWith(start) === true ||
        (before !== undefined && start.startsWith(before))
      )
    },
  }
}

/** Of sorted texts those that begin with no other: what begins with one of the rest begins with one of these. */
function withoutLonger(sorted: readonly string[]): string[] {
  const kept: string[] = []
  for (const text of sorted) {
    const last = kept.at(-1)
    if (last === undefined || !text.startsWith(last)) kept.push(text)
  }
  return kept
}

/** How many of the sorted texts come before this one. */
function placeOf(text: string, sorted: readonly string[]): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((sorted[middle] ?? "") < text) low = middle + 1
    else high = middle
  }
  return low
}
