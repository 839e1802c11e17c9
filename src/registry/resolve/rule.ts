import type { Ref } from "../model.ts"
import { isExact } from "../version.ts"
import type { Named } from "./named.ts"

/** What a reference means. One rule for all kinds of entities. */
export type Outcome<T> =
  | {
      readonly kind: "found"
      readonly entity: T
      /** Worth a warning: the version was chosen for the author, or is one the entity does not state. */
      readonly note: "reference_unpinned" | "unversioned_match" | undefined
    }
  /** No entity, or several and no version to choose by; `versions` are the first hundred there are of that name. */
  | { readonly kind: "missing" | "ambiguous"; readonly versions: readonly string[] }
  /** Its version is no version: reported where it is written, and never looked up. */
  | { readonly kind: "broken" }

/** Versions are compared byte for byte: nothing is a range, and no neighbour stands in. */
export function lookUp<T extends Ref>(
  entities: Named<T>,
  name: string,
  version: string | undefined,
): Outcome<T> {
  if (version !== undefined && !isExact(version)) return { kind: "broken" }
  return version === undefined ? anyOf(entities.of(name)) : exactly(entities, name, version)
}

function exactly<T extends Ref>(entities: Named<T>, name: string, version: string): Outcome<T> {
  const exact = entities.get(name, version)
  if (exact !== undefined) return { kind: "found", entity: exact, note: undefined }
  const unversioned = entities.get(name, undefined)
  if (unversioned === undefined) return { kind: "missing", versions: versionsOf(entities.of(name)) }
  return { kind: "found", entity: unversioned, note: "unversioned_match" }
}

function anyOf<T extends Ref>(candidates: readonly T[]): Outcome<T> {
  const [only] = candidates
  if (only === undefined) return { kind: "missing", versions: [] }
  if (candidates.length > 1) return { kind: "ambiguous", versions: versionsOf(candidates) }
  const note = only.version === undefined ? undefined : "reference_unpinned"
  return { kind: "found", entity: only, note }
}

/** A problem lists them; one list of them all for each of many problems would fill the memory. */
const versionsMax = 100

const versionsOf = (candidates: readonly Ref[]): readonly string[] =>
  candidates
    .slice(0, versionsMax)
    .flatMap(({ version }) => (version === undefined ? [] : [version]))
