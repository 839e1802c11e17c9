import type { Case } from "../cases/facts.ts"
import { finiteValues } from "../cases/finite.ts"
import { namesOf, nodesOf, nodesOfGroup } from "../cases/names.ts"
import { maxItems, nodesAt, prefixLength } from "../cases/positions.ts"
import { kinds } from "../clauses/kinds.ts"
import type { Prover } from "./prove.ts"

/** Whether it can be proved that nothing is of this case. */
export function hasNoValue(prover: Prover, whole: Case): boolean {
  const values = finiteValues(whole, prover.judge)
  if (values !== undefined) return values.length === 0
  if (whole.kind === kinds.object && hasNoObject(prover, whole)) return true
  if (whole.kind === kinds.array && hasNoArray(prover, whole)) return true
  return isExcluded(prover, whole)
}

/** Whether all of the case is what it must not be. The negations themselves are left aside, or this would not end. */
function isExcluded(prover: Prover, whole: Case): boolean {
  const bare = { ...whole, nots: [] }
  return whole.nots.some((not) => prover.implied(bare, not) === undefined)
}

function hasNoObject(prover: Prover, whole: Case): boolean {
  if (whole.required.some((name) => isImpossible(prover, whole, name))) return true
  return whole.min > whole.required.length && whole.min > maxMembers(prover, whole)
}

/** Whether no object of the case can have a member of this name. */
export function isImpossible(prover: Prover, whole: Case, name: string): boolean {
  if (whole.names.some((node) => prover.judge(node, name).says === "misfit")) return true
  return prover.isEmpty(nodesOf(whole, name, prover.matches))
}

/** How many members objects of the case have at most. */
export function maxMembers(prover: Prover, whole: Case): number {
  const { listed, groups } = namesOf(whole, [])
  const isClosed = groups?.every((group) => prover.isEmpty(nodesOfGroup(whole, group)))
  if (!isClosed) return whole.max
  const possible = listed.filter((name) => !isImpossible(prover, whole, name))
  return Math.min(whole.max, possible.length)
}

function hasNoArray(prover: Prover, whole: Case): boolean {
  if (whole.min > maxItems(whole, prover.isEmpty)) return true
  const anywhere = prefixLength(whole.items) === 0 ? nodesAt(whole, 0) : []
  return whole.contains.some(({ some, min }) => min > 0 && prover.isEmpty([some, ...anywhere]))
}
