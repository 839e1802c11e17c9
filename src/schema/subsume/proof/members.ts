import type { Case } from "../cases/facts.ts"
import {
  type NameGroup,
  namesOf,
  nodesFor,
  nodesForGroup,
  nodesOf,
  nodesOfGroup,
} from "../cases/names.ts"
import type { MembersClause, NamesClause } from "../clauses/clause.ts"
import { kindNode, patternNode } from "../clauses/derived.ts"
import { kinds } from "../clauses/kinds.ts"
import { isImpossible } from "./empty.ts"
import { firstGap, type Proof } from "./gap.ts"
import type { Prover } from "./prove.ts"

/** Name by name, and group by group for the names that nobody lists. */
export function proveMembers(prover: Prover, whole: Case, clause: MembersClause): Proof {
  const { properties, patterns, additional } = clause
  const isOpen = patterns.length === 0 && additional === undefined
  if (isOpen) return firstGap(properties.keys(), (name) => proveMember(prover, whole, clause, name))
  const { listed, groups } = namesOf(whole, [clause])
  return (
    firstGap(listed, (name) => proveMember(prover, whole, clause, name)) ??
    (groups === undefined
      ? { at: `${clause.at}/patternProperties`, why: "there are too many patterns to compare" }
      : firstGap(groups, (group) => proveGroup(prover, whole, clause, group)))
  )
}

function proveMember(prover: Prover, whole: Case, clause: MembersClause, name: string): Proof {
  if (whole.names.some((node) => prover.judge(node, name).says === "misfit")) return
  const asked = nodesFor(clause, name, prover.matches)
  if (asked === undefined)
    return { at: `${clause.at}/patternProperties`, why: "the pattern cannot be matched in time" }
  const given = nodesOf(whole, name, prover.matches)
  return firstGap(asked, (node) => prover.implies(given, node))
}

function proveGroup(prover: Prover, whole: Case, clause: MembersClause, group: NameGroup): Proof {
  const given = nodesOfGroup(whole, group)
  return firstGap(nodesForGroup(clause, group), (node) => prover.implies(given, node))
}

export function proveNames(prover: Prover, whole: Case, clause: NamesClause): Proof {
  const { listed, groups } = namesOf(whole, [])
  const tooMany = { at: clause.at, why: "there are too many patterns to compare" }
  if (groups === undefined) return tooMany
  return (
    firstGap(listed, (name) => {
      if (prover.judge(clause.name, name).says === "fits") return
      if (isImpossible(prover, whole, name)) return
      return { at: clause.name.at, why: `a member may be called ${JSON.stringify(name)}` }
    }) ??
    firstGap(groups, (group) => {
      if (prover.isEmpty(nodesOfGroup(whole, group))) return
      const name = [kindNode(kinds.string), ...whole.names, ...[...group].map(patternNode)]
      return prover.implies(name, clause.name)
    })
  )
}
