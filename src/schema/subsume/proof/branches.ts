import { narrow } from "../cases/cases.ts"
import type { Case } from "../cases/facts.ts"
import type { BranchClause, ChoiceClause, WhenClause } from "../clauses/clause.ts"
import { negationOf, requiredNode } from "../clauses/derived.ts"
import type { Node } from "../clauses/node.ts"
import { firstGap, type Proof } from "./gap.ts"
import type { Prover } from "./prove.ts"
import { splitsFor } from "./splits.ts"

/** Proofs of clauses that apply schemas to the same value. */
export function proveBranches(prover: Prover, whole: Case, clause: BranchClause): Proof {
  switch (clause.rule) {
    case "all":
      return firstGap(clause.of, (node) => prover.implied(whole, node))
    case "any":
    case "one":
      return proveChoice(prover, whole, clause, splitsMax)
    case "not":
      return isDisjoint(prover, whole, clause.node)
        ? undefined
        : { at: clause.at, why: "a value may fit what must not fit" }
    case "when":
      return proveCondition(prover, whole, clause)
    case "depends":
      return firstGap(narrow(whole, [requiredNode(clause.name)]), (part) =>
        prover.implied(part, clause.consequent),
      )
  }
}

/** A case is divided at most this often for one choice. */
const splitsMax = 3

function proveChoice(prover: Prover, whole: Case, clause: ChoiceClause, splits: number): Proof {
  const gap = { at: clause.at, why: "a value may fit none of the alternatives" }
  const isFitting = (node: Node) => prover.implied(whole, node) === undefined
  if (clause.rule === "any" && clause.of.some(isFitting)) return
  const chosen = clause.rule === "any" ? [] : clause.of.filter(isFitting)
  if (chosen.some((one) => isOnly(prover, whole, clause.of, one))) return
  if (prover.isEmptyCase(whole)) return
  if (splits === 0 || chosen.length > 0) return chosen.length > 0 ? twofold(clause) : gap
  for (const split of splitsFor(prover, whole, clause.of)) {
    const parts = split.flatMap((nodes) => narrow(whole, nodes))
    const rest = firstGap(parts, (part) => proveChoice(prover, part, clause, splits - 1))
    if (rest === undefined) return
  }
  return gap
}

const twofold = ({ at }: ChoiceClause): Proof => ({
  at,
  why: "a value may fit more than one of the alternatives",
})

const isOnly = (prover: Prover, whole: Case, nodes: readonly Node[], one: Node): boolean =>
  nodes.every((other) => other === one || isDisjoint(prover, whole, other))

/** Whether no value of the case fits `node`. */
const isDisjoint = (prover: Prover, whole: Case, node: Node): boolean =>
  narrow(whole, [node]).every((part) => prover.isEmptyCase(part))

function proveCondition(
  prover: Prover,
  whole: Case,
  { test, consequent, alternative }: WhenClause,
): Proof {
  const ways: readonly (readonly [Node, Node | undefined])[] = [
    [test, consequent],
    [negationOf(test), alternative],
  ]
  return firstGap(ways, ([given, asked]) => {
    if (asked === undefined) return
    return firstGap(narrow(whole, [given]), (part) => prover.implied(part, asked))
  })
}
