import { compileNative } from "../../pattern/native.ts"
import { parsePattern } from "../../pattern/parse.ts"
import type { Pattern } from "../../pattern/syntax.ts"
import { formatSizes } from "../clauses/formats.ts"
import type { Case } from "./facts.ts"

/** Characters that every text has that matches the patterns and formats of the case. */
export const leastLength = (whole: Case): number => Math.max(0, ...sizes(whole).map(([min]) => min))

/** Characters that no text exceeds that does. */
export const mostLength = (whole: Case): number =>
  Math.min(Infinity, ...sizes(whole).map(([, max]) => max))

type Size = readonly [min: number, max: number]

const sizes = ({ patterns, formats }: Case): readonly Size[] => [
  ...patterns.map(sizeOfPattern),
  ...formats.map((format) => formatSizes.get(format) ?? anySize),
]

const anySize: Size = [0, Infinity]
const empty: Size = [0, 0]
const character: Size = [1, 1]

function sizeOfPattern(source: string): Size {
  // Without the `u` flag a pattern counts halves of surrogate pairs, not characters.
  const isUnicode = compileNative(source)?.unicode === true
  const pattern = isUnicode ? parsePattern(source, isUnicode) : undefined
  if (pattern === undefined) return anySize
  const [min, max] = sizeOfPart(pattern)
  return [min, isWhole(pattern) ? max : Infinity]
}

/** Whether it matches a text as a whole or not at all. */
function isWhole(pattern: Pattern): boolean {
  if (pattern.kind !== "sequence") return false
  const last = pattern.items.at(-1)
  return (
    pattern.items[0]?.kind === "atom" &&
    pattern.items[0].isStart === true &&
    last?.kind === "atom" &&
    last.re2 === "\\z"
  )
}

/** Assertions as the parser writes them: they match between characters. */
const assertions: ReadonlySet<string | undefined> = new Set(["\\A", "\\z", "\\b", "\\B"])

function sizeOfPart(pattern: Pattern): Size {
  switch (pattern.kind) {
    case "atom":
      return assertions.has(pattern.re2) ? empty : character
    case "foreign":
    case "backReference":
      return anySize
    case "sequence":
      return pattern.items
        .map(sizeOfPart)
        .reduce(([min, max], [more, most]) => [min + more, max + most], empty)
    case "choice": {
      const branches = pattern.branches.map(sizeOfPart)
      return [
        Math.min(...branches.map(([min]) => min)),
        Math.max(...branches.map(([, max]) => max)),
      ]
    }
    case "repeat": {
      const [min, max] = sizeOfPart(pattern.body)
      return [min * pattern.min, max === 0 ? 0 : max * pattern.max]
    }
  }
}
