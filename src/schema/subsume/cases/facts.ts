import type { Json } from "../../json.ts"
import type { ContainsClause, ItemsClause, MembersClause } from "../clauses/clause.ts"
import { isSame, type Kind, kinds } from "../clauses/kinds.ts"
import { isNothing, type Node } from "../clauses/node.ts"

export interface Bound {
  readonly limit: number
  readonly isOpen: boolean
}

/**
 * Values of one kind of which all these facts hold: one of the cases that a set of schemas has when all its
 * alternatives are told apart. A fact that is not known is left out, so that a case is never too small.
 */
export interface Case {
  readonly kind: Kind
  /** What holds of the values, alternatives that were chosen included. */
  readonly premises: readonly Node[]
  /** All that the facts were taken from: the premises, and the schemas that they apply to the same value. */
  readonly nodes: readonly Node[]
  /** The values there are at most, where they were listed. */
  readonly values: readonly Json[] | undefined
  readonly low: Bound
  readonly high: Bound
  readonly multiples: readonly number[]
  /** Characters, items or members. */
  readonly min: number
  readonly max: number
  readonly patterns: readonly string[]
  readonly formats: readonly string[]
  readonly isUnique: boolean
  readonly items: readonly ItemsClause[]
  readonly contains: readonly ContainsClause[]
  readonly members: readonly MembersClause[]
  readonly required: readonly string[]
  readonly names: readonly Node[]
  /** What does not hold of any of the values. */
  readonly nots: readonly Node[]
  /** Alternatives that are not told apart: of each split, one holds at least. */
  readonly splits: readonly Split[]
}

export interface Split {
  /** Each way is a list of nodes that hold together. */
  readonly ways: readonly (readonly Node[])[]
  /** Told apart only when something depends on it. */
  readonly isLazy: boolean
}

export const anyOfKind = (kind: Kind): Case => ({
  kind,
  premises: [],
  nodes: [],
  values: undefined,
  low: { limit: -Infinity, isOpen: false },
  high: { limit: Infinity, isOpen: false },
  multiples: [],
  min: 0,
  max: Infinity,
  patterns: [],
  formats: [],
  isUnique: false,
  items: [],
  contains: [],
  members: [],
  required: [],
  names: [],
  nots: [],
  splits: [],
})

/** A case that is being put together. */
export type Draft = { -readonly [Fact in keyof Case]: Case[Fact] }

/** Only values in both lists. */
export function keepValues(draft: Draft, values: readonly Json[]): void {
  const known = draft.values
  draft.values =
    known === undefined ? values : known.filter((one) => values.some((other) => isSame(one, other)))
}

export function raiseLow(draft: Draft, { limit, isOpen }: Bound): void {
  const { low } = draft
  if (limit > low.limit || (limit === low.limit && isOpen)) draft.low = { limit, isOpen }
}

export function lowerHigh(draft: Draft, { limit, isOpen }: Bound): void {
  const { high } = draft
  if (limit < high.limit || (limit === high.limit && isOpen)) draft.high = { limit, isOpen }
}

/** Draws what follows from the facts at sight. Returns false when nothing can have them all. */
export function settle(draft: Draft): boolean {
  if (draft.kind === kinds.integer) roundBounds(draft)
  if (draft.kind === kinds.object) draft.min = Math.max(draft.min, draft.required.length)
  const { low, high } = draft
  const isPoint = low.limit === high.limit
  if (low.limit > high.limit || (isPoint && (low.isOpen || high.isOpen))) return false
  if (draft.kind === kinds.fraction && isPoint && Number.isInteger(low.limit)) return false
  return draft.min <= draft.max && draft.values?.length !== 0 && !lacksRequired(draft)
}

/** Whether a member is required that nothing fits. */
const lacksRequired = ({ required, members }: Draft): boolean =>
  required.some((name) => members.some(({ properties }) => isNothing(properties.get(name))))

/** Integers above 1.5, or above 1 without it, are those from 2; and those of them that are multiples of 5, from 5. */
function roundBounds(draft: Draft): void {
  draft.low = wholeBound(draft.low, Math.ceil, 1)
  draft.high = wholeBound(draft.high, Math.floor, -1)
  for (const multiple of draft.multiples) {
    if (!Number.isInteger(multiple) || multiple > multipleMax) continue
    draft.low = multipleBound(draft.low, Math.ceil, multiple)
    draft.high = multipleBound(draft.high, Math.floor, multiple)
  }
}

/** Up to here a number and its quotient are so exact that no other number passes for a multiple. */
const multipleMax = 1e6
const exactMax = 1e9

function multipleBound(bound: Bound, round: (limit: number) => number, multiple: number): Bound {
  if (bound.isOpen || Math.abs(bound.limit) > exactMax) return bound
  return { limit: round(bound.limit / multiple) * multiple, isOpen: false }
}

function wholeBound(bound: Bound, round: (limit: number) => number, step: 1 | -1): Bound {
  if (!Number.isFinite(bound.limit)) return bound
  const whole = round(bound.limit)
  if (!bound.isOpen || whole !== bound.limit) return { limit: whole, isOpen: false }
  // Beyond 2^53 there is no next integer to name, so the bound stays as it is.
  return whole + step === whole ? bound : { limit: whole + step, isOpen: false }
}
