import type { Case } from "../cases/facts.ts"
import { kinds } from "../clauses/kinds.ts"

/** Numbers near the limits of the case and, where it has none, near zero. */
export function sampleNumbers({ kind, low, high, multiples }: Case): readonly number[] {
  const ends = [low.limit, high.limit].filter(Number.isFinite)
  const middle = ends.length === 2 ? [((ends[0] ?? 0) + (ends[1] ?? 0)) / 2] : []
  const anchors = [...ends, 0, ...middle]
  const near = anchors.flatMap((anchor) => [
    ...multiples.flatMap((multiple) => multiplesNear(anchor, multiple)),
    ...steps.map((step) => anchor + step),
  ])
  const isOfKind = (number: number) => Number.isInteger(number) === (kind === kinds.integer)
  const isWithin = (number: number) =>
    (low.isOpen ? number > low.limit : number >= low.limit) &&
    (high.isOpen ? number < high.limit : number <= high.limit)
  return [...new Set(near)].filter((number) => isOfKind(number) && isWithin(number))
}

const steps = [0, 1, -1, 0.5, -0.5, 2, -2, 3, 0.25, -0.25, 7, 1e3, -1e3, 0.001, -0.001, 1e10, -1e10]

/** The powers of ten make it likely that a multiple of several numbers is among them. */
function multiplesNear(anchor: number, multiple: number): readonly number[] {
  const first = Math.ceil(anchor / multiple)
  return [0, 1, -1, 2, 3, 5, 10, 100].map((step) => (first + step) * multiple)
}
