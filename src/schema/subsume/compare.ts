import type { Json } from "../json.ts"
import type { Node } from "./clauses/node.ts"
import { createJudge, type Judge } from "./judge/judge.ts"
import { createMatcher, type Matches } from "./judge/matcher.ts"
import { createMeter } from "./judge/meter.ts"
import type { Gap } from "./proof/gap.ts"
import { createProver, type Prover, type Workbench } from "./proof/prove.ts"
import { createSearch } from "./search/search.ts"
import { take } from "./search/take.ts"

export interface CompareOptions {
  /** Steps of proof; the search for values takes some times as many. Default 5,000. */
  readonly stepsMax?: number
  /** Keeps compiled patterns. Default: one for this comparison. */
  readonly matches?: Matches
}

/** Two sets of values beside each other. */
export interface Comparison {
  /** Undefined: it is proved that every value of the one is one of the other. Else what could not be proved. */
  readonly gap: Gap | undefined
  /** Values that may be of the first and not of the second, simple ones first; `also` must hold of them, too. */
  candidates(also?: readonly Node[]): Iterable<Json>
  /** Whether a value fits, without a validator; beyond the limit of steps it is unsure. */
  readonly judge: Judge
}

const stepsMaxDefault = 5_000
/** How deep values are looked for: shallow ones first, or one recursion would use up all steps. */
const depths = [6, 12, 24]
/** A search may take so many times the steps of a proof, at each depth. */
const searchFactor = 2
/** Candidates at each depth. */
const candidatesMax = 32

/** Compares without compiling anything; what `candidates` finds is as good as our judge, no better. */
export function compare(from: Node, to: Node, options: CompareOptions = {}): Comparison {
  const prover = proverOf(options)
  return {
    gap: prover.implies([from], to),
    *candidates(also = []) {
      for (const search of searches(prover, options))
        yield* take(search.against([from, ...also], to), candidatesMax)
    },
    judge: benchOf(options, searchFactor).judge,
  }
}

/** Values of all the sets, simple ones first, as good as our judge. */
export function* samples(nodes: readonly Node[], options: CompareOptions = {}): Generator<Json> {
  for (const search of searches(proverOf(options), options)) yield* search.samples(nodes)
}

function* searches(prover: Prover, options: CompareOptions) {
  for (const depthMax of depths)
    yield createSearch(benchOf(options, searchFactor), prover, depthMax)
}

const proverOf = (options: CompareOptions) => createProver(benchOf(options, 1))

function benchOf(options: CompareOptions, factor: number): Workbench {
  const { stepsMax = stepsMaxDefault, matches = createMatcher() } = options
  const meter = createMeter(stepsMax * factor)
  return { meter, matches, judge: createJudge(meter, matches) }
}
