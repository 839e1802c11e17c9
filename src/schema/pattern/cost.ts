import type { Pattern } from "./syntax.ts"

/** How the time of a backtracking matcher grows: about `2^bits × length^degree` steps. */
export interface Cost {
  readonly degree: number
  readonly bits: number
}

/** A quantifier that leaves more than this many choices counts as one without bound. */
const choicesMax = 16
/** A group whose content may match in several ways may be repeated this often before it counts as exponential. */
const repeatsMax = 16

interface Part extends Cost {
  readonly isVariable: boolean
  /** Characters that it may compare before it fails. */
  readonly width: number
}

/** What a search for the pattern costs in the worst case. */
export function costOf(pattern: Pattern): Cost {
  const { degree, bits, width } = partOf(pattern)
  const restarts = isAnchored(pattern) ? 0 : 1
  return { degree: degree + restarts, bits: bits + Math.log2(1 + width / 64) }
}

/** The longest text that a backtracking matcher is done with in about a million steps. */
export function lengthLimit({ degree, bits }: Cost): number {
  if (bits > stepBits) return 0
  return degree === 0 ? Number.POSITIVE_INFINITY : 2 ** ((stepBits - bits) / degree)
}
const stepBits = 20

function isAnchored(pattern: Pattern): boolean {
  const [first] = pattern.kind === "sequence" ? pattern.items : [pattern]
  return first?.kind === "atom" && first.isStart === true
}

function partOf(pattern: Pattern): Part {
  switch (pattern.kind) {
    case "atom":
      return { degree: 0, bits: 0, isVariable: false, width: 1 }
    case "backReference":
      return { degree: 1, bits: 0, isVariable: true, width: 1 }
    case "foreign":
      return partOf(pattern.body)
    case "sequence":
      return pattern.items.map(partOf).reduce(add, none)
    case "choice":
      return {
        ...pattern.branches.map(partOf).reduce(add, { ...none, bits: pattern.branches.length - 1 }),
        isVariable: true,
      }
    case "repeat":
      return repeated(partOf(pattern.body), pattern.min, pattern.max)
  }
}

const none: Part = { degree: 0, bits: 0, isVariable: false, width: 0 }

const add = (left: Part, right: Part): Part => ({
  degree: left.degree + right.degree,
  bits: left.bits + right.bits,
  isVariable: left.isVariable || right.isVariable,
  width: left.width + right.width,
})

function repeated(body: Part, min: number, max: number): Part {
  const isWide = max - min >= choicesMax
  // Every way through the content multiplies with every other: `(a+)+`, `(a|aa)*`.
  const isExponential = body.isVariable && max > repeatsMax
  const times = Number.isFinite(max) ? max : 1
  const ways = body.isVariable ? times : 1
  return {
    degree: isExponential ? Number.POSITIVE_INFINITY : body.degree * ways + (isWide ? 1 : 0),
    bits: body.bits * ways + (isWide || min === max ? 0 : Math.log2(max - min + 1)),
    isVariable: body.isVariable || min !== max,
    width: body.width * times,
  }
}
