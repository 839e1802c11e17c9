import type { Bound } from "./facts.ts"

/** As our validators compute it: in doubles, with a tolerance, so that 19.99 is a multiple of 0.01. */
export function isMultiple(value: number, of: number): boolean {
  const quotient = value / of
  return !(Math.abs(Math.round(quotient) - quotient) > tolerance)
}
const tolerance = 1e-8

/** Up to here doubles hold every integer, and above 2^52 no fraction. */
const exactMax = 2 ** 53
const wholeBits = 52

/** Divisors up to here cannot be mistaken within the tolerance. */
const divisorMax = 4e7

export interface IntegerRange {
  readonly low: Bound
  readonly high: Bound
  readonly multiples: readonly number[]
}

/** Whether every integer of the range that is a multiple of all `multiples` is one of `of`, to our validators. */
export function areMultiples({ low, high, multiples }: IntegerRange, of: number): boolean {
  if (multiples.includes(of)) return true
  if (isPowerOfTwo(1 / of)) return true
  const isExact = low.limit >= -exactMax && high.limit <= exactMax
  return multiples.some(
    (multiple) =>
      Number.isInteger(of) &&
      Number.isInteger(multiple / of) &&
      multiple % of === 0 &&
      multiple <= divisorMax &&
      (isExact || isSafeBeyondExact(multiple, multiple / of)),
  )
}

/** Up to 2^30: there, 32-bit arithmetic tells. */
const isPowerOfTwo = (number: number) =>
  Number.isInteger(number) && number > 0 && number <= 2 ** 30 && (number & (number - 1)) === 0

/**
 * Beyond 2^53 quotients are rounded, and a number that is no multiple of `multiple` can be taken for one and then be
 * seen to be no multiple of the smaller divisor: 21 × (2^50 + 2) + 2 passes for a multiple of 21 and not for one of 7.
 * Safe is a divisor for which no remainder is both small enough to be lost and possible for a double of that size.
 */
function isSafeBeyondExact(multiple: number, factor: number): boolean {
  if (isPowerOfTwo(factor)) return true // scales the quotient, its rounding included
  const bits = Math.log2(multiple)
  // Below, values are exact; above, the quotient by the smaller divisor is a whole number whatever the value.
  const first = Math.max(0, Math.floor(wholeBits + 1 - bits) - 1)
  const last = Math.floor(wholeBits - Math.log2(factor))
  for (let exponent = first; exponent <= last; exponent++) {
    const lost = Math.floor((multiple * 2 ** (exponent - wholeBits)) / 2)
    const step = 2 ** Math.max(0, Math.floor(bits + exponent) - wholeBits)
    if (lost >= greatestCommonDivisor(step, multiple)) return false
  }
  return true
}

const greatestCommonDivisor = (left: number, right: number): number =>
  right === 0 ? left : greatestCommonDivisor(right, left % right)
