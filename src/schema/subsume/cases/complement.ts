import type { Clause, WhenClause } from "../clauses/clause.ts"
import { absentNode, negationOf, nodeOf } from "../clauses/derived.ts"
import type { Node } from "../clauses/node.ts"
import { lowerHigh, raiseLow } from "./facts.ts"
import { eager, type Work } from "./work.ts"

/** A negation of more alternatives than these stays a negation. */
const alternativesMax = 8

/**
 * Reads into a case that `node` does not hold: as facts where its opposite can be said, else as a negation to be
 * reckoned with when it comes to whether the case has any values. False when it holds of all values of the kind.
 */
export function complement(work: Work, node: Node): boolean {
  const { draft } = work
  const clauses = node.clauses.filter(
    (clause) =>
      (clause.on & draft.kind) !== 0 &&
      (clause.rule !== "types" || (clause.mask & draft.kind) === 0),
  )
  if (clauses.some((clause) => clause.rule === "never" || clause.rule === "types")) return true
  const [clause] = clauses
  if (clause === undefined) return false
  if (clauses.length > 1 || !readOpposite(work, clause)) draft.nots = [...draft.nots, node]
  return true
}

/** Whether the opposite of the clause could be said. */
function readOpposite({ draft, agenda, splits }: Work, clause: Clause): boolean {
  switch (clause.rule) {
    case "low":
      lowerHigh(draft, { limit: clause.limit, isOpen: !clause.isOpen })
      return true
    case "high":
      raiseLow(draft, { limit: clause.limit, isOpen: !clause.isOpen })
      return true
    case "atLeast":
      draft.max = Math.min(draft.max, clause.size - 1)
      return true
    case "atMost":
      draft.min = Math.max(draft.min, clause.size + 1)
      return true
    case "required":
      return readAlternatives(splits, clause.names.map(absentNode))
    case "all":
      return readAlternatives(splits, clause.of.map(negationOf))
    case "any":
      agenda.push(...clause.of.map(negationOf))
      return true
    case "not":
      agenda.push(clause.node)
      return true
    case "when":
      return readAlternatives(splits, oppositeOf(clause))
    default:
      return false
  }
}

/** Either way of the condition with the opposite of what it asks for. */
function oppositeOf({ test, consequent, alternative }: WhenClause) {
  const ways = [
    consequent === undefined ? [] : [test, negationOf(consequent)],
    alternative === undefined ? [] : [negationOf(test), negationOf(alternative)],
  ]
  return ways.filter((way) => way.length > 0)
}

function readAlternatives(
  splits: Work["splits"],
  alternatives: readonly (Node | readonly Node[])[],
): boolean {
  if (alternatives.length > alternativesMax) return false
  splits.push(eager(alternatives.map((nodes) => [nodes].flat())))
  return true
}

/** Everything that one clause excludes. */
export const oppositeNode = (clause: Clause): Node => negationOf(nodeOf(clause))
