import { admitsKind, casesOf, narrow } from "../cases/cases.ts"
import type { Case } from "../cases/facts.ts"
import { finiteValues } from "../cases/finite.ts"
import { type Kind, kindList } from "../clauses/kinds.ts"
import { isAnything, type Node } from "../clauses/node.ts"
import type { Judge } from "../judge/judge.ts"
import type { Matches } from "../judge/matcher.ts"
import type { Meter } from "../judge/meter.ts"
import { proveClause } from "./clause.ts"
import { hasNoValue } from "./empty.ts"
import { firstGap, type Proof } from "./gap.ts"
import { createGoals, outOfSteps } from "./goals.ts"
import { isSameSchema } from "./same-schema.ts"

export interface Workbench {
  readonly meter: Meter
  readonly matches: Matches
  readonly judge: Judge
}

/** What the rules for single clauses prove with. */
export interface Prover extends Workbench {
  /** Every value that fits all `nodes` fits `node`. To be asked of parts of a value only. */
  implies(nodes: readonly Node[], node: Node): Proof
  /** Every value of the case fits `node`. */
  implied(whole: Case, node: Node): Proof
  /** No value fits all `nodes`. To be asked of parts of a value only. */
  isEmpty(nodes: readonly Node[]): boolean
  /** There is no value of the case. */
  isEmptyCase(whole: Case): boolean
  casesOf(kind: Kind, nodes: readonly Node[]): readonly Case[]
  /** Every value of the case fits `node`, as can be seen when alternatives are told apart that were not. */
  isDivided(whole: Case, node: Node): boolean
}

/** A case is divided at most this often, at one of so many splits each time. */
const divisionsMax = 3
const splitsMax = 4

export function createProver(bench: Workbench): Prover {
  const goals = createGoals(bench.meter)
  const cases = new Map<string, readonly Case[]>()
  const numbers = new Map<Case, number>()
  const numberOf = (whole: Case) => {
    const number = numbers.get(whole) ?? numbers.size
    numbers.set(whole, number)
    return number
  }

  let divisions = 0
  const prover: Prover = {
    ...bench,
    implies(nodes, node) {
      const given = tidy(nodes)
      if (isAnything(node) || given.includes(node)) return
      return goals.reach(`${keyOf(given)}>${node.id}`, () =>
        firstGap(kindList, (kind) => {
          const isAsked = node.clauses.some((clause) => (clause.on & kind) !== 0)
          if (!isAsked) return
          return firstGap(prover.casesOf(kind, given), (whole) => prover.implied(whole, node))
        }),
      )
    },
    implied(whole, node) {
      if (isAnything(node) || whole.nodes.includes(node)) return
      if (hasChoice(node) && isKnown(whole, node)) return
      return bench.meter.nest(() => {
        const isListed = whole.values !== undefined
        const gapOfValue = isListed ? proveOneByOne(prover, whole, node) : undefined
        if (isListed && gapOfValue === undefined) return
        const gap = proveClauses(prover, whole, node)
        return gap && rescue(prover, whole, node, gapOfValue ?? gap)
      }, outOfSteps)
    },
    isEmpty(nodes) {
      const given = tidy(nodes)
      if (given.length === 0) return false
      const gap = goals.reach(`${keyOf(given)}>`, () =>
        firstGap(kindList, (kind) =>
          firstGap(prover.casesOf(kind, given), (whole) =>
            prover.isEmptyCase(whole) ? undefined : inhabited,
          ),
        ),
      )
      return gap === undefined
    },
    isEmptyCase(whole) {
      const key = `#${numberOf(whole)}`
      return (
        goals.reach(key, () => (hasNoValue(prover, whole) ? undefined : inhabited)) === undefined
      )
    },
    isDivided(whole, node) {
      if (divisions >= divisionsMax) return false
      divisions++
      const isProved = whole.splits.slice(0, splitsMax).some((split) => {
        const rest = { ...whole, splits: whole.splits.filter((other) => other !== split) }
        const parts = split.ways.flatMap((way) => narrow(rest, way))
        return firstGap(parts, (part) => prover.implied(part, node)) === undefined
      })
      divisions--
      return isProved
    },
    casesOf(kind, nodes) {
      if (!nodes.every((node) => admitsKind(node, kind))) return []
      const key = `${kind}:${keyOf(nodes)}`
      const known = cases.get(key)
      if (known !== undefined) return known
      const made = casesOf(kind, nodes)
      cases.set(key, made)
      return made
    },
  }
  return prover
}

/** Proofs of choices are costly, so that it is worth to look first whether there is anything to prove. */
const hasChoice = (node: Node) =>
  node.clauses.some(({ rule }) => rule === "any" || rule === "one" || rule === "when")

const isKnown = (whole: Case, node: Node) => whole.nodes.some((known) => isSameSchema(known, node))

const inhabited: Proof = { at: "", why: "there may be values" }

const tidy = (nodes: readonly Node[]): readonly Node[] =>
  [...new Set(nodes)].filter((node) => !isAnything(node)).sort((one, other) => one.id - other.id)

const keyOf = (nodes: readonly Node[]) => nodes.map(({ id }) => id).join()

const proveClauses = (prover: Prover, whole: Case, node: Node): Proof =>
  firstGap(node.clauses, (clause) =>
    (clause.on & whole.kind) === 0 ? undefined : proveClause(prover, whole, clause),
  )

/** By judging each of the values that there are. */
function proveOneByOne(prover: Prover, whole: Case, node: Node): Proof {
  return firstGap(finiteValues(whole, prover.judge) ?? [], (value) => {
    const verdict = prover.judge(node, value)
    if (verdict.says === "fits") return
    const at = verdict.says === "misfit" ? verdict.at : node.at
    return { at, why: `not known to allow ${shorten(JSON.stringify(value))}` }
  })
}

const shorten = (text: string) => (text.length > 64 ? `${text.slice(0, 64)}…` : text)

/** Other ways to the proof, when that by clauses has a gap. */
function rescue(prover: Prover, whole: Case, node: Node, gap: NonNullable<Proof>): Proof {
  if (isKnown(whole, node)) return
  if (finiteValues(whole, prover.judge) !== undefined)
    return proveOneByOne(prover, whole, node) && gap
  return prover.isEmptyCase(whole) || prover.isDivided(whole, node) ? undefined : gap
}
