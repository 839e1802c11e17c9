import type { Json } from "../../json.ts"
import type { Case } from "../cases/facts.ts"
import { namesOf, nodesFor, nodesOf } from "../cases/names.ts"
import type { MembersClause, NamesClause } from "../clauses/clause.ts"
import { kindNode } from "../clauses/derived.ts"
import { kinds } from "../clauses/kinds.ts"
import { buildObject, freshNames } from "./objects.ts"
import type { Search } from "./search.ts"
import { take } from "./take.ts"

/** Values that are tried for one member. */
const valuesMax = 6
const freshMax = 6

export function* againstMembers(
  search: Search,
  whole: Case,
  clause: MembersClause,
): Generator<Json> {
  const { listed } = namesOf(whole, [clause])
  const sources = clause.patterns.map(([source]) => source)
  const fresh = freshNames(search, whole, sources).filter((name) => !listed.includes(name))
  for (const name of [...listed, ...fresh.slice(0, freshMax)]) {
    const given = nodesOf(whole, name, search.matches)
    for (const node of nodesFor(clause, name, search.matches) ?? [])
      for (const value of take(search.against(given, node), valuesMax)) {
        const object = buildObject(search, whole, new Map([[name, value]]))
        if (object !== undefined) yield object
      }
  }
}

export function* againstNames(search: Search, whole: Case, clause: NamesClause): Generator<Json> {
  const { listed } = namesOf(whole, [])
  const anyName = [kindNode(kinds.string), ...whole.names]
  const others = [...take(search.against(anyName, clause.name), freshMax)].map(String)
  const known = [...listed, ...freshNames(search, whole)]
  const wrong = known.filter((name) => search.judge(clause.name, name).says !== "fits")
  for (const name of new Set([...wrong, ...others])) {
    const [value] = search.samples(nodesOf(whole, name, search.matches))
    const object =
      value === undefined ? undefined : buildObject(search, whole, new Map([[name, value]]))
    if (object !== undefined) yield object
  }
}
