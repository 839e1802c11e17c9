import { highestFirst } from "../compile/highest.ts"
import { type Ref, refKey } from "../model.ts"

/**
 * What became of an entity. `kept`: it is in both under one version. `upgraded`: its version is gone, a higher one came.
 * `beside`: a new version of a name, next to the version that `old` is, which stays.
 */
export type Pair<T> =
  | { readonly fate: "kept" | "upgraded" | "beside"; readonly old: T; readonly next: T }
  | { readonly fate: "added"; readonly next: T }
  | { readonly fate: "removed"; readonly old: T }

/**
 * Which entities of two documents are to be compared: those of one name and version; then a version that is gone with the
 * nearest higher one that came; then any other version that came with the nearest lower one there is.
 */
export function pairUp<T extends Ref>(old: readonly T[], next: readonly T[]): readonly Pair<T>[] {
  const before = new Map(old.map((one) => [keyOf(one), one]))
  const after = new Map(next.map((one) => [keyOf(one), one]))
  const kept = next.flatMap((one): Pair<T>[] => {
    const same = before.get(keyOf(one))
    return same === undefined ? [] : [{ fate: "kept", old: same, next: one }]
  })
  const came = Map.groupBy(
    next.filter((one) => !before.has(keyOf(one))),
    ({ name }) => name,
  )
  const gone = Map.groupBy(
    old.filter((one) => !after.has(keyOf(one))),
    ({ name }) => name,
  )
  const there = Map.groupBy(next, ({ name }) => name)
  const moved = [...new Set([...gone.keys(), ...came.keys()])].flatMap((name) =>
    pairVersions(gone.get(name) ?? [], came.get(name) ?? [], there.get(name) ?? []),
  )
  return [...kept, ...moved]
}

const keyOf = ({ name, version }: Ref) => refKey(name, version)

/** Of one name: versions that are gone, that came, and that are there now. */
function pairVersions<T extends Ref>(
  gone: readonly T[],
  came: readonly T[],
  there: readonly T[],
): readonly Pair<T>[] {
  const free = new Set(came.toSorted((a, b) => -highestFirst(a, b)))
  const pairs: Pair<T>[] = []
  for (const old of gone.toSorted(highestFirst)) {
    const higher = [...free].find((one) => highestFirst(one, old) < 0)
    if (higher === undefined) pairs.push({ fate: "removed", old })
    else {
      free.delete(higher)
      pairs.push({ fate: "upgraded", old, next: higher })
    }
  }
  for (const one of free) {
    const lower = there.filter((other) => highestFirst(other, one) > 0)
    const [nearest] = lower.sort(highestFirst)
    pairs.push(
      nearest === undefined
        ? { fate: "added", next: one }
        : { fate: "beside", old: nearest, next: one },
    )
  }
  return pairs
}
