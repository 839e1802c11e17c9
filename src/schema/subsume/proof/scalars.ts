import type { Bound, Case } from "../cases/facts.ts"
import { areMultiples } from "../cases/multiples.ts"
import { maxItems } from "../cases/positions.ts"
import { isUniversal } from "../cases/prefixes.ts"
import { leastLength, mostLength } from "../cases/text-sizes.ts"
import type { ScalarClause } from "../clauses/clause.ts"
import { kinds } from "../clauses/kinds.ts"
import { maxMembers } from "./empty.ts"
import type { Prover } from "./prove.ts"

/** Whether the facts of the case entail a clause that holds no schemas. */
export function keepsScalar(prover: Prover, whole: Case, clause: ScalarClause): boolean {
  switch (clause.rule) {
    case "never":
    case "values": // but one by one: `finiteValues`
    case "opaque":
      return false
    case "types":
      return (clause.mask & whole.kind) !== 0
    case "low":
      return isWithin(whole.low, clause, whole.low.limit - clause.limit)
    case "high":
      return isWithin(whole.high, clause, clause.limit - whole.high.limit)
    case "multiple":
      return isMultipleCase(whole, clause.of)
    case "atLeast":
      return least(whole) >= clause.size
    case "atMost":
      return most(prover, whole) <= clause.size
    case "pattern":
      return isUniversal(clause.source) || whole.patterns.includes(clause.source)
    case "format":
      return whole.formats.includes(clause.name)
    case "required":
      return clause.names.every((name) => whole.required.includes(name))
    case "unique":
      return whole.isUnique || most(prover, whole) <= 1
  }
}

/** Whether a bound entails another, given how much further in its limit is. */
const isWithin = (bound: Bound, asked: Bound, distance: number) =>
  distance > 0 || (distance === 0 && (bound.isOpen || !asked.isOpen))

function isMultipleCase(whole: Case, of: number): boolean {
  if (whole.kind === kinds.integer) return areMultiples(whole, of)
  return whole.multiples.includes(of) // by any other divisor, fractions differ by the tolerance
}

const least = (whole: Case) =>
  whole.kind === kinds.string ? Math.max(whole.min, leastLength(whole)) : whole.min

function most(prover: Prover, whole: Case): number {
  if (whole.kind === kinds.string) return Math.min(whole.max, mostLength(whole))
  if (whole.kind === kinds.array) return maxItems(whole, prover.isEmpty)
  return maxMembers(prover, whole)
}
