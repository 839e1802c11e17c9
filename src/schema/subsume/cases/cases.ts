import type { BranchClause, Clause } from "../clauses/clause.ts"
import { absentNode, negationOf, requiredNode } from "../clauses/derived.ts"
import type { Kind } from "../clauses/kinds.ts"
import { isNothing, type Node } from "../clauses/node.ts"
import { complement } from "./complement.ts"
import { entail } from "./entail.ts"
import { anyOfKind, type Case, type Split, settle } from "./facts.ts"
import { eager, lazy, type Work } from "./work.ts"

/**
 * Beyond this many cases further alternatives are not told apart: their facts are left out at first, and the cases are
 * larger than they had to be, which makes less provable and nothing wrongly so.
 */
const casesMax = 48

/** The cases of one kind that a value fits that fits all `nodes`; every such value is of one of them. */
export const casesOf = (kind: Kind, nodes: readonly Node[]): readonly Case[] =>
  narrow(anyOfKind(kind), nodes)

/** The cases that `whole` falls into when all `nodes` hold, too. */
export function narrow(whole: Case, nodes: readonly Node[]): readonly Case[] {
  const cases: Case[] = []
  const stack: Work[] = [begin(whole, nodes, whole.splits)]
  for (let work = stack.pop(); work !== undefined; work = stack.pop()) {
    if (!settleAll(work)) continue
    const { draft, splits } = work
    const next = splits.find(({ isLazy }) => !isLazy)
    const room = casesMax - cases.length - stack.length
    if (next === undefined || next.ways.length > room)
      cases.push({ ...draft, splits: splits.map(({ ways }) => lazy(ways)) })
    else {
      const others = splits.filter((split) => split !== next)
      for (const way of next.ways.toReversed()) stack.push(begin(draft, way, others))
    }
  }
  return cases
}

const begin = (whole: Case, nodes: readonly Node[], splits: readonly Split[]): Work => ({
  draft: { ...whole, premises: [...whole.premises, ...nodes] },
  agenda: [...nodes],
  splits: [...splits],
})

/** Reads all that holds, a split with one way left included; false when nothing is of this case. */
function settleAll(work: Work): boolean {
  do {
    if (!readAll(work) || !settle(work.draft)) return false
    if (!chooseForced(work)) return false
  } while (work.agenda.length > 0)
  return true
}

/** Leaves out the ways that are not open; what is then left of a split without choice holds. */
function chooseForced({ draft, agenda, splits }: Work): boolean {
  for (const split of splits.splice(0)) {
    const ways = split.ways.filter((way) => way.every((node) => admits(draft, node)))
    const [only, ...others] = ways
    if (only === undefined) return false
    if (others.length > 0) splits.push({ ...split, ways })
    else {
      agenda.push(...only)
      draft.premises = [...draft.premises, ...only]
    }
  }
  return true
}

/** Whether values of the case may fit, as far as the node itself tells. */
const admits = (draft: Case, node: Node): boolean =>
  admitsKind(node, draft.kind) &&
  node.clauses.every(
    (clause) =>
      clause.rule !== "members" ||
      !draft.required.some((name) => isNothing(clause.properties.get(name))),
  )

/** Whether values of this kind may fit, as far as the node itself tells. */
export const admitsKind = (node: Node, kind: Kind): boolean =>
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
  const { agenda, splits } = work
  switch (clause.rule) {
    case "all":
      agenda.push(...clause.of)
      return true
    case "any":
      splits.push(eager(clause.of.map((node) => [node])))
      return true
    case "one":
      splits.push(
        eager(clause.of.map((node) => [node, ...clause.of.filter(isNot(node)).map(negationOf)])),
      )
      return true
    case "not":
      return complement(work, clause.node)
    case "when":
      splits.push(
        eager([
          [clause.test, ...present(clause.consequent)],
          [negationOf(clause.test), ...present(clause.alternative)],
        ]),
      )
      return true
    case "depends":
      splits.push(lazy([[absentNode(clause.name)], [requiredNode(clause.name), clause.consequent]]))
      return true
  }
}

const isNot = (one: Node) => (other: Node) => other !== one
const present = (node: Node | undefined) => (node === undefined ? [] : [node])
