import type { Json } from "../../json.ts"
import { narrow } from "../cases/cases.ts"
import { oppositeNode } from "../cases/complement.ts"
import type { Case } from "../cases/facts.ts"
import type { BranchClause, Clause } from "../clauses/clause.ts"
import { negationOf, requiredNode } from "../clauses/derived.ts"
import type { Node } from "../clauses/node.ts"
import { againstContains, againstItems } from "./against-items.ts"
import { againstMembers, againstNames } from "./against-members.ts"
import type { Search } from "./search.ts"

/** Values of the case that may not fit `node`: for each of its clauses those that may not keep it. */
export function* againstCase(search: Search, whole: Case, node: Node): Generator<Json> {
  for (const clause of node.clauses)
    if ((clause.on & whole.kind) !== 0 && !search.isProved(whole, clause))
      yield* againstClause(search, whole, clause)
}

function againstClause(search: Search, whole: Case, clause: Clause): Iterable<Json> {
  switch (clause.rule) {
    case "all":
    case "any":
    case "one":
    case "not":
    case "when":
    case "depends":
      return againstBranches(search, whole, clause)
    case "members":
      return againstMembers(search, whole, clause)
    case "names":
      return againstNames(search, whole, clause)
    case "items":
      return againstItems(search, whole, clause)
    case "contains":
      return againstContains(search, whole, clause)
    default:
      return againstFact(search, whole, clause)
  }
}

/** Where the opposite of a clause is a fact, its values are at the limit; else any value will do to begin with. */
function* againstFact(search: Search, whole: Case, clause: Clause): Generator<Json> {
  // Where the opposite is no fact but one more negation, its samples would be looked for here again.
  for (const part of narrow(whole, [oppositeNode(clause)]))
    if (part.nots.length === whole.nots.length) yield* search.samplesOf(part)
  yield* search.samplesOf(whole)
}

function* againstBranches(search: Search, whole: Case, clause: BranchClause): Generator<Json> {
  switch (clause.rule) {
    case "all":
      for (const node of clause.of) yield* search.againstCase(whole, node)
      return
    case "any":
    case "one":
      yield* againstChoice(search, whole, clause.rule, clause.of)
      return
    case "not":
      yield* search.samplesWhere(whole, [clause.node])
      return
    case "when":
      yield* againstWhere(search, whole, clause.test, clause.consequent)
      yield* againstWhere(search, whole, negationOf(clause.test), clause.alternative)
      return
    case "depends":
      yield* againstWhere(search, whole, requiredNode(clause.name), clause.consequent)
  }
}

function* againstWhere(
  search: Search,
  whole: Case,
  given: Node,
  asked: Node | undefined,
): Generator<Json> {
  if (asked === undefined) return
  for (const part of narrow(whole, [given])) yield* search.againstCase(part, asked)
}

/** Alternatives are tried one by one, and two by two, up to this many. */
const alternativesMax = 6

function* againstChoice(
  search: Search,
  whole: Case,
  rule: "any" | "one",
  nodes: readonly Node[],
): Generator<Json> {
  yield* search.samplesWhere(whole, nodes.map(negationOf))
  const few = nodes.slice(0, alternativesMax)
  for (const node of few) yield* search.againstCase(whole, node)
  if (rule === "any") return
  for (const [index, one] of few.entries())
    for (const other of few.slice(index + 1)) yield* search.samplesWhere(whole, [one, other])
}
