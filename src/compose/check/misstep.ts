import { nearest } from "../../schema/nearest.ts"
import type { Anatomy } from "../../schema/types/anatomy.ts"
import { type Part, type Type, unknown } from "../../schema/types/type.ts"
import { hitsOf, type Key, partAt, readQuery } from "./infer-query.ts"

/** Where a path goes into what is not there. */
export interface Misstep {
  readonly key: Key
  /** Of what the key was looked for in. */
  readonly whole: Type
  /** It cannot be there; otherwise nothing is said of it, and another name is near. */
  readonly isCertain: boolean
  readonly near: string | undefined
}

/** The first step of a path that leads nowhere in any value of `root`. */
export function misstepIn(path: string, root: Part, anatomy: Anatomy): Misstep | undefined {
  const query = path === "$" ? undefined : readQuery(path)
  if (query === undefined) return
  if (query.kind === "singular") return misstepAlong(query.keys, root, anatomy)
  if (root.presence === "never") return
  let hits = { type: root.type, min: 1, max: 1 }
  for (const segment of query.segments) {
    const whole = hits.type
    hits = hitsOf(segment, hits, anatomy)
    if (hits.max > 0 || segment.isDescent) continue
    const key = segment.key ?? "*"
    return { key, whole, isCertain: true, near: nearName(key, whole, anatomy) }
  }
  return
}

export function misstepAlong(
  keys: readonly Key[],
  root: Part,
  anatomy: Anatomy,
): Misstep | undefined {
  if (root.presence === "never") return
  let part = root
  for (const key of keys) {
    const whole = part.type
    part = partAt(part, key, anatomy)
    const isCertain = part.presence === "never"
    if (!isCertain && part.type !== unknown) continue
    const near = nearName(key, whole, anatomy)
    return isCertain || near !== undefined ? { key, whole, isCertain, near } : undefined
  }
  return
}

const nearName = (key: Key, whole: Type, anatomy: Anatomy): string | undefined =>
  typeof key === "string" ? nearest(key, anatomy.names(whole)) : undefined
