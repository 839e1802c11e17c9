import type { Json } from "../../json.ts"
import { oppositeNode } from "../cases/complement.ts"
import type { Case } from "../cases/facts.ts"
import { finiteValues } from "../cases/finite.ts"
import { nodesOf } from "../cases/names.ts"
import type { Clause } from "../clauses/clause.ts"
import {
  absentNode,
  constantNode,
  kindNode,
  memberNode,
  nodeOf,
  requiredNode,
} from "../clauses/derived.ts"
import { kindList, kinds, numberKinds } from "../clauses/kinds.ts"
import { createNode, type Node } from "../clauses/node.ts"
import type { Prover } from "./prove.ts"

/** Alternatives of which every value of the case keeps at least one. */
export type Split = readonly (readonly Node[])[]

/** Members that are tried as the one that tells the alternatives apart. */
const namesMax = 6
/** Values of such a member. */
const valuesMax = 24

/**
 * Ways to divide a case so that each part may fit one of `branches`: by the values or types of a member that branches
 * speak of, by its presence, or at a limit that one of them sets.
 */
export function* splitsFor(
  prover: Prover,
  whole: Case,
  branches: readonly Node[],
): Generator<Split> {
  const clauses = branches.flatMap((branch) => clausesOf(branch, 3))
  for (const clause of clauses.filter((one) => isLimit(one, whole.kind)))
    yield [[nodeOf(clause)], [oppositeNode(clause)]]
  if (whole.kind !== kinds.object) return
  const names = new Set(clauses.flatMap(namesIn))
  for (const name of [...names].slice(0, namesMax)) {
    const split = splitByMember(prover, whole, name)
    if (split.length > 1) yield split
  }
}

const limits: readonly Clause["rule"][] = ["low", "high", "atLeast", "atMost"]
const isLimit = (clause: Clause, kind: number) =>
  limits.includes(clause.rule) && (clause.on & kind) !== 0

/** What a schema says itself, and by what it refers to. */
function clausesOf(node: Node, depth: number): readonly Clause[] {
  return node.clauses.flatMap((clause) =>
    clause.rule === "all" && depth > 0
      ? clause.of.flatMap((one) => clausesOf(one, depth - 1))
      : [clause],
  )
}

function namesIn(clause: Clause): readonly string[] {
  if (clause.rule === "members") return [...clause.properties.keys()]
  return clause.rule === "required" ? clause.names : []
}

function splitByMember(prover: Prover, whole: Case, name: string): Split {
  const present = partsOf(prover, whole, name).map((node) => [
    requiredNode(name),
    memberNode(name, node),
  ])
  return whole.required.includes(name) ? present : [...present, [absentNode(name)]]
}

/** What the member may be: its values where they can be listed, else its types. */
function partsOf(prover: Prover, whole: Case, name: string): readonly Node[] {
  const nodes = nodesOf(whole, name, prover.matches)
  const cases = kindList.flatMap((kind) => prover.casesOf(kind, nodes))
  const values = cases.map((one) => finiteValues(one, prover.judge))
  const isListed = values.every((list) => list !== undefined)
  const listed: readonly Json[] = values.flatMap((list) => list ?? [])
  if (isListed && listed.length <= valuesMax) return listed.map(constantNode)
  const kindsThere = new Set<number>(
    cases.map(({ kind }) => ((kind & numberKinds) !== 0 ? numberKinds : kind)),
  )
  return kindsThere.size > 1 ? [...kindsThere].map(kindNode) : [anything]
}

const anything = createNode("", [])
