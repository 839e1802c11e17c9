import { compareText } from "../graph/graph.ts"
import { type Bom, type Entry, keyOf } from "./read/bom.ts"

/** What is different from one SBOM to another, by kind, name and version; the formats may be different ones. */
export interface BomDiff {
  readonly added: readonly string[]
  readonly removed: readonly string[]
  readonly changed: readonly Changed[]
  readonly edgesAdded: readonly BomEdge[]
  readonly edgesRemoved: readonly BomEdge[]
}

/** The same name and version, and another content. */
export interface Changed {
  readonly what: string
  readonly before: string | undefined
  readonly after: string | undefined
}

export interface BomEdge {
  readonly from: string
  readonly to: string
}

/** Everything is in the order of its words. That the digest of the registry follows those of its parts is not said. */
export function diffBoms(before: Bom, after: Bom): BomDiff {
  const old = entriesOf(before)
  const now = entriesOf(after)
  const kept = [...old].filter(([key]) => now.has(key) && key !== "registry")
  const oldEdges = edgesOf(before)
  const newEdges = edgesOf(after)
  return {
    added: [...now.keys()].filter((key) => !old.has(key)).sort(),
    removed: [...old.keys()].filter((key) => !now.has(key)).sort(),
    changed: kept
      .map(([what, { digest }]) => ({ what, before: digest, after: now.get(what)?.digest }))
      .filter(({ before: left, after: right }) => left !== right)
      .sort((left, right) => compareText(left.what, right.what)),
    edgesAdded: missing(newEdges, oldEdges),
    edgesRemoved: missing(oldEdges, newEdges),
  }
}

export const isEmpty = (diff: BomDiff): boolean =>
  Object.values(diff).every((list: readonly unknown[]) => list.length === 0)

const entriesOf = ({ entries }: Bom): ReadonlyMap<string, Entry> =>
  new Map(entries.map((entry) => [keyOf(entry), entry]))

function edgesOf({ entries, links }: Bom): ReadonlyMap<string, BomEdge> {
  const keys = new Map(entries.map((entry) => [entry.id, keyOf(entry)]))
  return new Map(
    links.map(({ from, to }) => {
      const edge = { from: keys.get(from) ?? from, to: keys.get(to) ?? to }
      return [`${edge.from} → ${edge.to}`, edge]
    }),
  )
}

const missing = (
  here: ReadonlyMap<string, BomEdge>,
  there: ReadonlyMap<string, BomEdge>,
): readonly BomEdge[] =>
  [...here]
    .filter(([key]) => !there.has(key))
    .sort(([left], [right]) => compareText(left, right))
    .map(([, edge]) => edge)
