import type { RE2JS } from "re2js"
import { type Cost, costOf, lengthLimit } from "./pattern/cost.ts"
import { compileNative } from "./pattern/native.ts"
import { parsePattern } from "./pattern/parse.ts"
import { compileRe2 } from "./pattern/re2.ts"
import { withinTimeBox } from "./time-box.ts"

/**
 * Patterns come from strangers, and the engine of JavaScript can take a lifetime over a short text. So there are three
 * ways to an answer, all of which agree: the native engine, up to the length at which it could need a million steps;
 * a linear-time engine beyond; and where that cannot say the pattern (lookaround, back-references) the native one again,
 * in a time box.
 */
export interface SafePattern {
  readonly source: string
  /** Its time is all but linear in the length of the text, so that no amount of texts is a burden. */
  readonly isCheap: boolean
  /** Needs the time box for long texts. */
  readonly isBoxed: boolean
  /** Whether the pattern occurs in `text`. Throws a BudgetError when that cannot be told in 50 ms. */
  test(text: string): boolean
  /** Differs for patterns that differ: Ajv keeps compiled patterns by this text. */
  toString(): string
}

const timeoutMs = 50
/** Characters that the linear-time engine reads without a time box: some 5 ms. */
const unboxedCharsMax = 32 * 1024
/** Up to this many choices multiply the time by no more than a short pattern's own length. */
const cheapBits = 3

/** Throws a SyntaxError for what is no regular expression of ECMAScript, with the `u` flag or without. */
export function safePattern(source: string): SafePattern {
  const native = compileNative(source)
  if (native === undefined) throw new SyntaxError(`no regular expression: ${source}`)
  const pattern = parsePattern(source, native.unicode)
  const cost: Cost = pattern ? costOf(pattern) : { degree: Number.POSITIVE_INFINITY, bits: 0 }
  const limit = lengthLimit(cost)
  let re2: RE2JS | undefined | null = null // not tried yet
  const linear = () => {
    if (re2 === null) re2 = pattern && compileRe2(pattern)
    return re2
  }

  function testLong(text: string): boolean {
    const matcher = canRead(text) ? linear() : undefined
    if (matcher !== undefined && text.length <= unboxedCharsMax) return matcher.test(text)
    return withinTimeBox(() => (matcher ?? regExp).test(text), timeoutMs)
  }
  const regExp = native
  // Without the `u` flag JavaScript sees the halves of a surrogate pair, RE2 always the whole.
  const canRead = (text: string) =>
    regExp.unicode ? text.isWellFormed() : !/[\ud800-\udfff]/.test(text)

  return {
    source,
    isCheap: cost.degree === 0 || (cost.degree === 1 && cost.bits <= cheapBits),
    get isBoxed() {
      return limit < unboxedCharsMax && linear() === undefined
    },
    test: (text) => (text.length <= limit ? regExp.test(text) : testLong(text)),
    toString: () => `/${source}/${regExp.flags} within limits`,
  }
}
