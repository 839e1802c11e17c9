import { isObject, type Json } from "../../json.ts"
import { casesOf, narrow } from "../cases/cases.ts"
import type { Case } from "../cases/facts.ts"
import { finiteValues } from "../cases/finite.ts"
import type { Clause } from "../clauses/clause.ts"
import { type Kind, kindList, kinds } from "../clauses/kinds.ts"
import { isAnything, type Node } from "../clauses/node.ts"
import { proveClause } from "../proof/clause.ts"
import type { Prover, Workbench } from "../proof/prove.ts"
import { againstCase } from "./against.ts"
import { sampleArrays } from "./arrays.ts"
import { sampleNumbers } from "./numbers.ts"
import { sampleObjects } from "./objects.ts"
import { take } from "./take.ts"
import { sampleTexts } from "./texts.ts"

/** Looks for values, in a fixed order and without chance. What it finds is as good as the judge, no better. */
export interface Search extends Workbench {
  /** There is nothing to be found against what is proved. */
  isProved(whole: Case, clause: Clause): boolean
  /** A few values that fit all `nodes`, simple ones first; none does not mean that there are none. */
  samples(nodes: readonly Node[]): readonly Json[]
  /** Many values that fit all `nodes`, for where a few that differ are not enough. */
  moreSamples(nodes: readonly Node[]): Iterable<Json>
  samplesOf(whole: Case): Iterable<Json>
  /** Samples of the parts of the case in which all `nodes` hold, too. */
  samplesWhere(whole: Case, nodes: readonly Node[]): Iterable<Json>
  /** Values that fit all `nodes` and, unless it cannot be told, not `node`. */
  against(nodes: readonly Node[], node: Node): Iterable<Json>
  againstCase(whole: Case, node: Node): Iterable<Json>
}

const samplesMax = 12
const samplesOfCaseMax = 24
const casesMax = 16

/** `depthMax` is how deep the search looks for values within values: about twice as deep as what it finds. */
export function createSearch(bench: Workbench, prover: Prover, depthMax: number): Search {
  const known = new Map<string, Json[]>()
  let depth = 0

  function collect(nodes: readonly Node[], found: Json[]): void {
    for (const kind of simplestFirst)
      for (const whole of casesOf(kind, nodes).slice(0, casesMax)) {
        if (found.length >= samplesMax) return
        found.push(...take(search.samplesOf(whole), 3))
      }
  }

  /** What `look` finds, one level deeper, as long as there are levels and steps. */
  function* deeper(look: () => Iterable<Json>): Generator<Json> {
    if (depth >= depthMax || !bench.meter.spend()) return
    depth++
    try {
      yield* look()
    } finally {
      depth-- // even when nobody asks for more
    }
  }

  /** Those of which the premises of the case hold, as far as can be told. */
  function* filtered(values: Iterable<Json>, whole: Case): Generator<Json> {
    for (const value of values) {
      if (!bench.meter.spend()) return
      if (whole.premises.every((one) => bench.judge(one, value).says !== "misfit")) yield value
    }
  }

  const search: Search = {
    ...bench,
    isProved: (whole, clause) => proveClause(prover, whole, clause) === undefined,
    samples(nodes) {
      const given = nodes.filter((node) => !isAnything(node))
      const key = [...new Set(given.map(({ id }) => id))].sort((one, other) => one - other).join()
      const found = known.get(key)
      // While the same is being looked for further out, this is what was found up to here.
      if (found !== undefined) return found
      if (depth >= depthMax || !bench.meter.spend()) return []
      const fresh: Json[] = []
      known.set(key, fresh)
      depth++
      collect(given, fresh)
      depth--
      // Found nothing for want of depth, perhaps, or of what was still being looked for.
      if (fresh.length === 0) known.delete(key)
      return fresh
    },
    *moreSamples(nodes) {
      for (const kind of simplestFirst)
        for (const whole of casesOf(kind, nodes).slice(0, casesMax)) yield* search.samplesOf(whole)
    },
    *samplesOf(whole) {
      const values = finiteValues(whole, bench.judge)
      if (values !== undefined) return yield* values
      const proposed = deeper(() => propose(search, whole))
      yield* take(filtered(proposed, whole), samplesOfCaseMax)
    },
    *samplesWhere(whole, nodes) {
      for (const part of narrow(whole, nodes).slice(0, casesMax)) yield* search.samplesOf(part)
    },
    *against(nodes, node) {
      for (const kind of kindList)
        for (const whole of casesOf(kind, nodes).slice(0, casesMax))
          yield* deeper(() => search.againstCase(whole, node))
    },
    *againstCase(whole, node) {
      const values = finiteValues(whole, bench.judge) ?? againstCase(search, whole, node)
      for (const value of filtered(values, whole))
        if (bench.judge(node, value).says !== "fits") yield value
    },
  }
  return search
}

const simplestFirst: readonly Kind[] = [
  kinds.string,
  kinds.integer,
  kinds.boolean,
  kinds.null,
  kinds.fraction,
  kinds.array,
  kinds.object,
]

/** Values that differ from what the case must not be: one difference at a time, and all that members can make at once. */
function proposeUnlike(search: Search, whole: Case): readonly Json[] {
  const bare = { ...whole, premises: [], nots: [] }
  const different = whole.nots.map((not) => [
    ...take(search.againstCase(bare, not), differencesMax),
  ])
  const objects = different.flatMap(([first]) =>
    first !== undefined && isObject(first) ? [first] : [],
  )
  return [
    ...different.flat(),
    ...(objects.length > 1 ? [Object.fromEntries(objects.flatMap(Object.entries))] : []),
  ]
}
const differencesMax = 4

function* propose(search: Search, whole: Case): Generator<Json> {
  yield* proposeByKind(search, whole)
  yield* proposeUnlike(search, whole)
}

function proposeByKind(search: Search, whole: Case): Iterable<Json> {
  switch (whole.kind) {
    case kinds.string:
      return sampleTexts(whole)
    case kinds.array:
      return sampleArrays(search, whole)
    case kinds.object:
      return sampleObjects(search, whole)
    default:
      return sampleNumbers(whole)
  }
}
