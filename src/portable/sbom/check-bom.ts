import type { Graph } from "../graph/graph.ts"
import { readPurl } from "../graph/purl.ts"
import { type Bom, type Entry, keyOf } from "./read/bom.ts"

/** Something that no format's schema sees, and that makes an SBOM say less than it seems to. */
export interface BomProblem {
  readonly code:
    | "root_missing"
    | "kind_missing"
    | "duplicate_id"
    | "dangling_reference"
    | "self_reference"
    | "unreachable"
    | "dependencies_incomplete"
    | "hash_wrong"
    | "purl_invalid"
    | "unknown_member"
    | "registry_differs"
  /** An id of the document, or the name of a member. */
  readonly at: string
  readonly message: string
}

/** What is wrong with an SBOM in itself and, with a graph, as an account of that registry. */
export function checkBom(bom: Bom, registry?: Graph): readonly BomProblem[] {
  return [
    ...bom.unknown.map((at) => problem("unknown_member", at, "the format has no such member")),
    ...identities(bom),
    ...references(bom),
    ...listing(bom),
    ...reachability(bom),
    ...bom.entries.flatMap((entry) => [...ofEntry(entry)]),
    ...(registry === undefined ? [] : differences(bom, registry)),
  ]
}

const problem = (code: BomProblem["code"], at: string, message: string): BomProblem => ({
  code,
  at,
  message,
})

function* identities({ entries, others, root }: Bom): Generator<BomProblem> {
  const known = new Set<string>()
  for (const id of [...entries.map((entry) => entry.id), ...others]) {
    if (known.has(id)) yield problem("duplicate_id", id, "two things have this id")
    known.add(id)
  }
  if (!entries.some(({ id }) => id === root && id !== ""))
    yield problem("root_missing", root, "the document does not say what it is about")
}

function* references({ entries, others, links, mentions }: Bom): Generator<BomProblem> {
  const ids = new Set(entries.map(({ id }) => id))
  const all = ids.union(new Set(others))
  for (const { from, to } of links) {
    if (from === to) yield problem("self_reference", from, "it is said to need itself")
    for (const end of [from, to])
      if (!ids.has(end)) yield problem("dangling_reference", end, "nothing has this id")
  }
  for (const { where, id } of mentions)
    if (!all.has(id)) yield problem("dangling_reference", id, `nothing has this id of ${where}`)
}

/** CycloneDX: what has no entry in `dependencies` says nothing about what it needs, not even that it needs nothing. */
function* listing({ entries, listed }: Bom): Generator<BomProblem> {
  if (listed === undefined) return
  const ids = new Set(entries.map(({ id }) => id))
  const counts = new Map<string, number>()
  for (const ref of listed) {
    counts.set(ref, (counts.get(ref) ?? 0) + 1)
    if (!ids.has(ref)) yield problem("dangling_reference", ref, "nothing has this id")
  }
  for (const id of ids)
    if (counts.get(id) !== 1)
      yield problem("dependencies_incomplete", id, "it has not exactly one entry in dependencies")
}

function* reachability({ entries, links, root }: Bom): Generator<BomProblem> {
  const next = Map.groupBy(links, ({ from }) => from)
  const reached = new Set([root])
  for (const id of reached) for (const { to } of next.get(id) ?? []) reached.add(to)
  for (const { id } of entries)
    if (!reached.has(id)) yield problem("unreachable", id, "nothing leads to it from the root")
}

function* ofEntry({ id, kind, digest, hashes, purl }: Entry): Generator<BomProblem> {
  if (kind === "") yield problem("kind_missing", id, "it has no postern:kind")
  for (const hash of hashes)
    if (!/^[0-9a-f]{64}$/.test(hash) || (digest !== undefined && digest !== `sha256:${hash}`))
      yield problem("hash_wrong", id, "its hash is no SHA-256, or not that of postern:digest")
  if (purl !== undefined && readPurl(purl) === undefined)
    yield problem("purl_invalid", id, "its purl is no package URL")
}

function* differences({ entries }: Bom, { nodes }: Graph): Generator<BomProblem> {
  const digests = new Map(
    nodes.map((node) => {
      const purl = node.kind === "package" || node.kind === "model" ? node.purl : undefined
      const version = node.version ?? (node.kind === "model" ? "unknown" : undefined)
      return [keyOf({ ...node, version, hashes: [], purl }), node.digest] as const
    }),
  )
  const found = new Set(entries.map(keyOf))
  for (const entry of entries) {
    const key = keyOf(entry)
    if (!digests.has(key)) yield problem("registry_differs", entry.id, "the registry has no such")
    else if (digests.get(key) !== entry.digest)
      yield problem("registry_differs", entry.id, "the registry has another digest")
  }
  for (const key of digests.keys())
    if (!found.has(key)) yield problem("registry_differs", key, "the document does not have it")
}
