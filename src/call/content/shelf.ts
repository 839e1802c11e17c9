import type { CatalogServer } from "../../registry/catalog.ts"
import type { JsonObject } from "../../schema/json.ts"
import { mayGet, mayRead, type Reach } from "../permit.ts"

/** One server that a caller reaches, and what it lists of one kind. */
export interface Shelf {
  readonly reach: Reach
  readonly entries: readonly JsonObject[]
}

/** Where a name leads, or why it leads nowhere: for the audit, never for the caller. */
export type Found =
  | {
      readonly ok: true
      readonly reach: Reach
      /** As the server itself calls it. */
      readonly own: string
    }
  | { readonly ok: false; readonly reason: string }

/** What the entries of a kind are told apart by, and whether a caller may have one. */
interface Kind {
  readonly key: "uri" | "uriTemplate" | "name"
  may(reach: Reach, own: string): boolean
}

export const resources: Kind = { key: "uri", may: mayRead }
export const templates: Kind = { key: "uriTemplate", may: mayRead }
export const prompts: Kind = { key: "name", may: mayGet }

export function permitted({ may }: Kind, reach: Reach, own: string): Found {
  if (may(reach, own)) return { ok: true, reach, own }
  return { ok: false, reason: `configuration does not let it through from ${reach.server.name}` }
}

/** Leads somewhere if exactly one server can be meant. */
export function onlyOf(holding: readonly Reach[] | undefined, own: string): Found {
  const [reach, ...others] = holding ?? []
  if (reach === undefined) return unlisted
  if (others.length === 0) return { ok: true, reach, own }
  const names = [reach, ...others].map(({ server }) => server.name).join(", ")
  return { ok: false, reason: `${names} have it: it must be asked for with its server in front` }
}

/** It may be there all the same, when the servers are asked again. */
export const unlisted: Found = { ok: false, reason: "no server of this caller is known to have it" }

/** Which servers list a name, as far as this caller may have it there. */
export function holders(
  shelves: readonly Shelf[],
  { key, may }: Kind,
): ReadonlyMap<string, readonly Reach[]> {
  const index = new Map<string, Reach[]>()
  for (const { reach, entries } of shelves) {
    for (const own of new Set(entries.map((entry) => entry[key]))) {
      if (typeof own !== "string" || !may(reach, own)) continue
      const known = index.get(own)
      if (known === undefined) index.set(own, [reach])
      else known.push(reach)
    }
  }
  return index
}

/** The entries that this caller may have, under its names for them and in the order of these. */
export function shown(
  shelves: readonly Shelf[],
  { key, may }: Kind,
  nameOf: (server: CatalogServer, own: string) => string,
): readonly JsonObject[] {
  const named = shelves.flatMap(({ reach, entries }) =>
    entries.flatMap((entry) => {
      const own = entry[key]
      if (typeof own !== "string" || !may(reach, own)) return []
      const name = nameOf(reach.server, own)
      return [{ name, entry: name === own ? entry : { ...entry, [key]: name } }]
    }),
  )
  return named.sort((a, b) => compare(a.name, b.name)).map(({ entry }) => entry)
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
