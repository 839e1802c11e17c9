import type { Pair } from "./pair.ts"

export interface Renamed<T> {
  readonly fate: "renamed"
  readonly old: T
  readonly next: T
}

/**
 * The pairs, with what went under one name and came under another made one where it is evident: nothing else that went or
 * came says the same as the two do.
 */
export function withRenames<T>(
  pairs: readonly Pair<T>[],
  text: (one: T) => string,
): readonly (Pair<T> | Renamed<T>)[] {
  const gone = only(
    pairs.flatMap((pair) => (pair.fate === "removed" ? [pair.old] : [])),
    text,
  )
  const came = only(
    pairs.flatMap((pair) => (pair.fate === "added" ? [pair.next] : [])),
    text,
  )
  const renamed = [...gone].flatMap(([said, old]): Renamed<T>[] => {
    const next = came.get(said)
    return next === undefined ? [] : [{ fate: "renamed", old, next }]
  })
  const taken = new Set(renamed.flatMap(({ old, next }) => [old, next]))
  const rest = pairs.filter((pair) => {
    if (pair.fate === "removed") return !taken.has(pair.old)
    return pair.fate !== "added" || !taken.has(pair.next)
  })
  return [...rest, ...renamed]
}

/** By what they say, those that nobody else says. */
function only<T>(all: readonly T[], text: (one: T) => string): ReadonlyMap<string, T> {
  const found = Map.groupBy(all, text)
  return new Map(
    [...found].flatMap(([said, [one, ...others]]) => {
      return one === undefined || others.length > 0 ? [] : [[said, one] as const]
    }),
  )
}
