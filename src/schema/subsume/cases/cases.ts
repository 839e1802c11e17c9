import type { BranchClause, Clause } from "../clauses/clause.ts"
import { absentNode, negationOf, requiredNode } from "../clauses/derived.ts"
import type { Kind } from "../clauses/kinds.ts"
import type { Node } from "../clauses/node.ts"
import { complement } from "./complement.ts"
import { entail } from "./entail.ts"
import { anyOfKind, type Case, settle } from "./facts.ts"
import type { Work } from "./work.ts"

/**
 * Beyond this many cases further alternatives are not told apart: their facts are left out, and the cases are larger
 * than they had to be, which makes less provable and nothing wrongly so.
 */
const casesMax = 48

/** The cases of one kind that a value fits that fits all `nodes`; every such value is of one of them. */
export const casesOf = (kind: Kind, nodes: readonly Node[]): readonly Case[] =>
  narrow(anyOfKind(kind), nodes)

/** The cases that `whole` falls into when all `nodes` hold, too. */
export function narrow(whole: Case, nodes: readonly Node[]): readonly Case[] {
  const cases: Case[] = []
  const stack: Work[] = [begin(whole, nodes, [])]
  for (let work = stack.pop(); work !== undefined; work = stack.pop()) {
    if (!readAll(work) || !settle(work.draft)) continue
    const { draft, splits } = work
    const split = splits.shift()?.filter((nodes) => nodes.every((node) => admits(node, draft.kind)))
    if (split === undefined || cases.length + stack.length + split.length > casesMax)
      cases.push(draft)
    else for (const nodes of split.toReversed()) stack.push(begin(draft, nodes, splits))
  }
  return cases
}

const begin = (whole: Case, nodes: readonly Node[], splits: Work["splits"]): Work => ({
  draft: { ...whole, premises: [...whole.premises, ...nodes] },
  agenda: [...nodes],
  splits: [...splits],
})

/** Whether values of this kind may fit, as far as the node itself tells. */
export const admits = (node: Node, kind: Kind): boolean =>
  node.clauses.every(
    (clause) =>
      (clause.on & kind) === 0 ||
      (clause.rule !== "never" && (clause.rule !== "types" || (clause.mask & kind) !== 0)),
  )

/** Reads the agenda to its end; false when something in it holds of no value. */
function readAll(work: Work): boolean {
  const { draft, agenda } = work
  for (let node = agenda.pop(); node !== undefined; node = agenda.pop()) {
    if (draft.nodes.includes(node)) continue
    draft.nodes = [...draft.nodes, node]
    for (const clause of node.clauses)
      if ((clause.on & draft.kind) !== 0 && !readClause(work, clause)) return false
  }
  return true
}

function readClause(work: Work, clause: Clause): boolean {
  switch (clause.rule) {
    case "all":
    case "any":
    case "one":
    case "not":
    case "when":
    case "depends":
      return readBranches(work, clause)
    default:
      return entail(work.draft, clause)
  }
}

function readBranches(work: Work, clause: BranchClause): boolean {
  const { draft, agenda, splits } = work
  switch (clause.rule) {
    case "all":
      agenda.push(...clause.of)
      return true
    case "any":
      splits.push(clause.of.map((node) => [node]))
      return true
    case "one":
      splits.push(clause.of.map((node) => [node, ...clause.of.filter(isNot(node)).map(negationOf)]))
      return true
    case "not":
      return complement(work, clause.node)
    case "when":
      splits.push([
        [clause.test, ...present(clause.consequent)],
        [negationOf(clause.test), ...present(clause.alternative)],
      ])
      return true
    case "depends":
      if (draft.required.includes(clause.name)) agenda.push(clause.consequent)
      else splits.push([[absentNode(clause.name)], [requiredNode(clause.name), clause.consequent]])
      return true
  }
}

const isNot = (one: Node) => (other: Node) => other !== one
const present = (node: Node | undefined) => (node === undefined ? [] : [node])
