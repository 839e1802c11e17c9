/**
 * A regular expression of ECMAScript as far as its cost and its RE2 form are concerned. Captures are not kept: a
 * pattern is only ever asked whether it matches.
 */
export type Pattern =
  /** One character of a set, or an assertion without content; `re2` is undefined where RE2 cannot say it. */
  | { readonly kind: "atom"; readonly re2: string | undefined; readonly isStart?: true }
  | { readonly kind: "sequence"; readonly items: readonly Pattern[] }
  | { readonly kind: "choice"; readonly branches: readonly Pattern[] }
  | {
      readonly kind: "repeat"
      readonly body: Pattern
      readonly min: number
      /** Infinity for `*`, `+` and `{n,}`. */
      readonly max: number
    }
  /** Lookahead, lookbehind or flags of its own: nothing that RE2 has. */
  | { readonly kind: "foreign"; readonly body: Pattern }
  /** Its length is decided while matching, as that of a quantifier is. */
  | { readonly kind: "backReference" }

/** Where a parser stands in a source that is known to be a regular expression. */
export interface Reader {
  readonly source: string
  readonly isUnicode: boolean
  readonly hasNamedGroups: boolean
  at: number
}

/** Sets of ECMAScript as the inside of a RE2 class (ECMA-262 §12.2, §12.3): RE2's own `.` and `\s` differ. */
export const lineEnds = "\\n\\r\\x{2028}\\x{2029}"
export const whiteSpace =
  "\\x{9}-\\x{d}\\x{20}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}\\x{feff}"
export const noWhiteSpace =
  "\\x{0}-\\x{8}\\x{e}-\\x{1f}\\x{21}-\\x{9f}\\x{a1}-\\x{167f}\\x{1681}-\\x{1fff}\\x{200b}-\\x{2027}\\x{202a}-\\x{202e}" +
  "\\x{2030}-\\x{205e}\\x{2060}-\\x{2fff}\\x{3001}-\\x{fefe}\\x{ff00}-\\x{10ffff}"
export const anything = "[\\x{0}-\\x{10ffff}]"
export const nothing = "[^\\x{0}-\\x{10ffff}]"

/** Takes what a sticky expression matches here, if it matches. */
export function take(reader: Reader, expression: RegExp): RegExpExecArray | undefined {
  expression.lastIndex = reader.at
  const match = expression.exec(reader.source)
  if (match === null) return
  reader.at += match[0].length
  return match
}

/** The RE2 form of one literal character. Halves of surrogate pairs have none: RE2 reads whole code points. */
export function literal(codePoint: number): string | undefined {
  if (codePoint >= 0xd800 && codePoint <= 0xdfff) return
  return `\\x{${codePoint.toString(16)}}`
}
