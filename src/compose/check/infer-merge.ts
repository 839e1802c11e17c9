import type { Anatomy } from "../../schema/types/anatomy.ts"
import { notThere, objectOf, type Part, type Type, unionOf } from "../../schema/types/type.ts"
import { within } from "./infer-query.ts"

/** The shallow union of objects: later ones win, and what is no object is passed over. */
export function inferMerged(parts: readonly Part[], anatomy: Anatomy): Type {
  const names = new Set(parts.flatMap(({ type }) => anatomy.names(type)))
  const fields = [...names].map((name) => {
    const candidates = parts.map((part) => memberOf(part, name, anatomy))
    return [name, candidates.reduce(overridden, notThere)] as const
  })
  return objectOf(new Map(fields), unionOf(parts.map(({ type }) => anatomy.others(type))))
}

function memberOf({ type, presence }: Part, name: string, anatomy: Anatomy): Part {
  const member = anatomy.member(type, name)
  return { type: member.type, presence: within(presence, member.presence) }
}

/** The later where it is there, else the earlier. */
function overridden(earlier: Part, later: Part): Part {
  if (later.presence === "always") return later
  if (later.presence === "never") return earlier
  const type = unionOf([earlier.type, later.type])
  return { type, presence: earlier.presence === "always" ? "always" : "maybe" }
}
