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
  samplesOf(whole: Case): readonly Json[]
  /** Samples of the parts of the case in which all `nodes` hold, too. */
  samplesWhere(whole: Case, nodes: readonly Node[]): readonly Json[]
  /** Values that fit all `nodes` and, unless it cannot be told, not `node`. */
  against(nodes: readonly Node[], node: Node): Iterable<Json>
  againstCase(whole: Case, node: Node): Iterable<Json>
}

/** Values within values. */
const depthMax = 20
const samplesMax = 12
const samplesOfCaseMax = 24
const casesMax = 16

export function createSearch(bench: Workbench, prover: Prover): Search {
  const known = new Map<string, Json[]>()
  let depth = 0

  function collect(nodes: readonly Node[], found: Json[]): void {
    for (const kind of simplestFirst)
      for (const whole of casesOf(kind, nodes).slice(0, casesMax)) {
        if (found.length >= samplesMax) return
        found.push(...search.samplesOf(whole).slice(0, 3))
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
    samplesOf(whole) {
      const isValid = (value: Json) =>
        whole.premises.every((premise) => bench.judge(premise, value).says !== "misfit")
      const values = finiteValues(whole, bench.judge)
      if (values !== undefined) return values
      if (depth >= depthMax || !bench.meter.spend()) return []
      depth++
      const proposed = [...propose(search, whole), ...proposeUnlike(search, whole)]
      depth--
      return proposed.filter(isValid).slice(0, samplesOfCaseMax)
    },
    samplesWhere: (whole, nodes) =>
      narrow(whole, nodes).slice(0, casesMax).flatMap(search.samplesOf),
    *against(nodes, node) {
      if (depth >= depthMax || !bench.meter.spend()) return
      depth++
      try {
        for (const kind of kindList)
          for (const whole of casesOf(kind, nodes).slice(0, casesMax))
            yield* search.againstCase(whole, node)
      } finally {
        depth-- // even when nobody asks for more
      }
    },
    *againstCase(whole, node) {
      const values = finiteValues(whole, bench.judge) ?? againstCase(search, whole, node)
      for (const value of values) {
        if (!bench.meter.spend()) return
        const isGiven = whole.premises.every((one) => bench.judge(one, value).says !== "misfit")
        if (isGiven && bench.judge(node, value).says !== "fits") yield value
      }
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
  const different = whole.nots.map((not) => take(search.againstCase(bare, not), differencesMax))
  const objects = different.flatMap(([first]) =>
    first !== undefined && isObject(first) ? [first] : [],
  )
  return [
    ...different.flat(),
    ...(objects.length > 1 ? [Object.fromEntries(objects.flatMap(Object.entries))] : []),
  ]
}
const differencesMax = 4

function propose(search: Search, whole: Case): readonly Json[] {
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
