import type { Case } from "../cases/facts.ts"
import { maxItems, nodesAt, prefixLength } from "../cases/positions.ts"
import type { ContainsClause, ItemsClause } from "../clauses/clause.ts"
import { firstGap, type Proof } from "./gap.ts"
import type { Prover } from "./prove.ts"

/** Position by position as far as any schema tells positions apart, then the rest at once. */
export function proveItems(prover: Prover, whole: Case, clause: ItemsClause): Proof {
  const alike = prefixLength([...whole.items, clause])
  const last = Math.min(alike + 1, maxItems(whole, prover.isEmpty))
  return firstGap(Array(last).keys(), (index) => {
    const node = index < clause.prefix.length ? clause.prefix[index] : clause.rest
    return node && prover.implies(nodesAt(whole, index), node)
  })
}

export function proveContains(prover: Prover, whole: Case, clause: ContainsClause): Proof {
  if (clause.min > 0 && !containsEnough(prover, whole, clause))
    return { at: clause.at, why: "too few items may fit" }
  if (clause.max < Infinity && !containsFew(prover, whole, clause))
    return { at: clause.at, why: "too many items may fit" }
  return
}

/** Either an array of the case contains them anyway, or enough of its first items all fit. */
function containsEnough(prover: Prover, whole: Case, { some, min }: ContainsClause): boolean {
  const alike = prefixLength(whole.items)
  const anywhere = alike === 0 ? nodesAt(whole, 0) : []
  const isGiven = whole.contains.some(
    (given) => given.min >= min && prover.implies([given.some, ...anywhere], some) === undefined,
  )
  if (isGiven) return true
  const fitting = countPositions(
    whole.min,
    alike,
    (index) => prover.implies(nodesAt(whole, index), some) === undefined,
  )
  return fitting >= min
}

/** Either whatever fits here is counted by the case already, or few positions can hold it. */
function containsFew(prover: Prover, whole: Case, { some, max }: ContainsClause): boolean {
  const isGiven = whole.contains.some(
    (given) => given.max <= max && prover.implies([some], given.some) === undefined,
  )
  if (isGiven) return true
  const possible = countPositions(
    maxItems(whole, prover.isEmpty),
    prefixLength(whole.items),
    (index) => !prover.isEmpty([some, ...nodesAt(whole, index)]),
  )
  return possible <= max
}

/** How many of the first `length` positions are as asked; from `alike` on they are all the same. */
function countPositions(length: number, alike: number, isCounted: (index: number) => boolean) {
  let count = 0
  for (let index = 0; index < Math.min(length, alike); index++) if (isCounted(index)) count++
  return length > alike && isCounted(alike) ? count + length - alike : count
}
