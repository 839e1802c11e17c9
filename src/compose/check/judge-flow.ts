import { isObject } from "../../schema/json.ts"
import { requiredNode } from "../../schema/subsume/clauses/derived.ts"
import { kinds } from "../../schema/subsume/clauses/kinds.ts"
import { compare } from "../../schema/subsume/compare.ts"
import type { Anatomy } from "../../schema/types/anatomy.ts"
import { bothOf, type Type, typeOf, unknown } from "../../schema/types/type.ts"
import { sentTo } from "./contracts.ts"
import type { Flow } from "./flow.ts"
import type { Refutation, Refuter } from "./refute/refute.ts"

/** What can be said of a flow before anything runs. */
export interface Verdict {
  /** Proved: whatever comes is taken. */
  readonly isProven: boolean
  /** Members that the taker requires. */
  readonly missing: Missing
  /** A run in which it is refused, for another reason than a member that may be missing. */
  readonly refutation: Refutation | undefined
  /** What could not be decided; undefined where nothing is left open. */
  readonly open: string | undefined
}

interface Missing {
  /** Never there. */
  readonly always: readonly string[]
  /** Spoken of, but not promised. */
  readonly perhaps: readonly string[]
}

const proven: Verdict = {
  isProven: true,
  missing: { always: [], perhaps: [] },
  refutation: undefined,
  open: undefined,
}

/** Steps of one proof. */
const stepsMax = 2_000

export function judgeFlow(flow: Flow, refuter: Refuter, anatomy: Anatomy): Verdict {
  const { part, into } = flow
  if (part.presence === "never") return { ...proven, isProven: false }
  const sent = sentTo(into, part.type, anatomy)
  const asked = typeOf(into.schema)
  const options = { stepsMax, matches: anatomy.matches }
  const comparison = compare(sent, asked, options)
  if (comparison.gap === undefined) return proven
  const missing = missingIn(sent, asked, anatomy)
  // What may be missing is said apart: is there anything besides?
  const also = missing.perhaps.map(requiredNode)
  const rest = also.length === 0 ? comparison : compare(bothOf([sent, ...also]), asked, options)
  const { gap } = rest
  const isRefutable = gap !== undefined && missing.always.length === 0 && flow.at.isChosen !== true
  const refutations = isRefutable ? refuter.refutations(flow, sent, rest, also) : []
  const refutation = worst(refutations)
  const perhaps = isMissed(flow) ? missing.perhaps : []
  const isHidden = perhaps.length < missing.perhaps.length
  const isOpen = missing.always.length === 0 && (isHidden || (gap !== undefined && !isIdle(flow)))
  const why = gap ?? comparison.gap
  const open = isOpen && refutation === undefined ? `${why.at}: ${why.why}` : undefined
  return { isProven: false, missing: { ...missing, perhaps }, refutation, open }

  /** Under a condition, only a run can show that a member is missing although the condition holds. */
  function isMissed({ at: { route, isChosen } }: Flow): boolean {
    if (isChosen) return false
    const hasCondition = route.some(({ step }) => step?.policies.when !== undefined)
    if (!hasCondition || missing.perhaps.length === 0) return true
    const found = refuter.refutations(flow, sent, comparison, [])
    return [...found].some(isAboutMissing)
  }
}

/** Nothing is known of what comes, and nothing is asked of it but what every call asks. */
const isIdle = ({ part, into: { schema } }: Flow): boolean =>
  part.type === unknown && isObject(schema) && Object.keys(schema).join() === "type"

/** The first that is not only about what is missing, if there is one. */
function worst(refutations: Iterable<Refutation>): Refutation | undefined {
  let first: Refutation | undefined
  for (const refutation of refutations) {
    if (!isAboutMissing(refutation)) return refutation
    first ??= refutation
  }
  return first
}

export const isAboutMissing = ({ faults }: Refutation): boolean =>
  faults.every(({ keyword }) => keyword === "required" || keyword === "dependentRequired")

function missingIn(sent: Type, asked: Type, anatomy: Anatomy): Missing {
  const always: string[] = []
  const perhaps: string[] = []
  if ((anatomy.kindsOf(sent) & kinds.object) === 0) return { always, perhaps }
  for (const name of anatomy.names(asked)) {
    if (anatomy.member(asked, name).presence !== "always") continue
    const { type, presence } = anatomy.member(sent, name)
    if (presence === "never") always.push(name)
    if (presence === "maybe" && type !== unknown) perhaps.push(name)
  }
  return { always, perhaps }
}
