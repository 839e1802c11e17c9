import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { costOf, lengthLimit } from "../../src/schema/pattern/cost.ts"
import { compileNative } from "../../src/schema/pattern/native.ts"
import { parsePattern } from "../../src/schema/pattern/parse.ts"
import { compileRe2 } from "../../src/schema/pattern/re2.ts"
import { safePattern } from "../../src/schema/safe-pattern.ts"
import { BudgetError } from "../../src/schema/time-box.ts"

const read = (source: string) => {
  const pattern = parsePattern(source, compileNative(source)?.unicode ?? false)
  if (pattern === undefined) throw new Error(`not read: ${source}`)
  return pattern
}
const limit = (source: string) => lengthLimit(costOf(read(source)))
const linear = (source: string) => compileRe2(read(source))

describe("the cost of a pattern", () => {
  test.each([
    ["^abc$", Number.POSITIVE_INFINITY],
    ["^[0-9]{5}$", Number.POSITIVE_INFINITY],
    ["^(?:a|b)c?$", Number.POSITIVE_INFINITY],
    ["^(?:[a-z]{2}|x){0,3}$", Number.POSITIVE_INFINITY],
  ])("%s has no limit", (source, expected) => {
    expect(limit(source)).toBe(expected)
  })

  test.each([
    ["^(a+)+$", 1],
    ["(a|aa)+$", 1],
    ["^(?=(a+)+b)", 1],
    ["^(?:.*)*x$", 1],
    [`${"a?".repeat(30)}${"a".repeat(30)}`, 0],
  ])("%s is exponential", (source, most) => {
    expect(limit(source)).toBeLessThanOrEqual(most)
  })

  test("every unbounded quantifier, and a search from everywhere, is a factor", () => {
    expect(limit("^a*$")).toBeGreaterThan(500_000)
    expect(limit("a*")).toBeLessThan(1_100)
    expect(limit("^a*b*c*$")).toBeLessThan(110)
    expect(limit("^a*|b")).toBeLessThan(1_100)
    expect(limit("a{1000}b")).toBeLessThan(limit("ab"))
  })
})

describe("answers", () => {
  const hostile = [
    "^(a+)+$",
    "(a|aa)+$",
    "^(?:.*)*x$",
    "(.*a){12}$",
    "^(([a-z])+.)+[A-Z]([a-z])+$",
    `${"a?".repeat(30)}${"a".repeat(30)}`,
  ]
  test.each(hostile)("%s comes to an end on a text made for it", (source) => {
    expect(safePattern(source).test(`${"a".repeat(30_000)}!`)).toBe(source.startsWith("a?"))
  })

  const foreign = [
    "^(?=(a+)+$)b",
    "^(?!(a|aa)+$)b",
    "(a*)*\\1!b",
    "^(?<x>a+)+\\k<x>$",
    "(?<=(a+)+)!$b",
  ]
  test.each(foreign)("%s, which has no linear form, is stopped or answered", (source) => {
    const ask = () => safePattern(source).test(`${"a".repeat(40)}!`)
    let answer: unknown
    try {
      answer = ask()
    } catch (error) {
      answer = error
    }
    expect(answer === false || answer instanceof BudgetError).toBe(true)
  })

  test("a text that takes too long throws, so that no `not` takes it for a match that failed", () => {
    expect(() => safePattern("^(?=(a+)+$)b").test(`${"a".repeat(40)}!`)).toThrow(BudgetError)
  })

  test("what is no regular expression throws a SyntaxError", () => {
    expect(() => safePattern("(")).toThrow(SyntaxError)
  })

  test("two patterns never have one text: Ajv would take the one for the other", () => {
    expect(`${safePattern("a")}`).not.toBe(`${safePattern("b")}`)
  })

  test("patterns that the u flag refuses are read without it", () => {
    expect(safePattern("^[\\w-.]+$").test("a-b.c")).toBe(true)
    expect(safePattern("a\\-b").test("a-b")).toBe(true)
  })

  test("with the u flag a character is a code point, without it half of one", () => {
    const long = "😀".repeat(2_000)
    expect(safePattern("^(?:.)(.*)*$").test(long)).toBe(true)
    expect(safePattern("^(?:(?:[\\w-.]|..)*)*$").test(long)).toBe(true)
  })
})

describe("the linear-time form", () => {
  const edges: readonly (readonly [string, readonly string[]])[] = [
    ["^.$", ["a", "\n", "\r", "\u2028", "\u0085", "😀", ""]],
    ["^\\s$", [" ", "\u00a0", "\ufeff", "\u180e", "\u0085", "\v", "\u3000", "a"]],
    ["^\\S$", [" ", "\u00a0", "\ufeff", "\u180e", "a", "😀"]],
    ["^[\\s\\S]$", ["\n", "a", "\ufeff"]],
    ["^[^\\s]$", ["\u00a0", "a"]],
    ["^\\w\\W\\d\\D$", ["a-1b", "é-1b", "aé1é", "a-١b"]],
    ["\\bfoo\\b", ["foo", "xfoo", "éfoo", "foo-"]],
    ["\\Boo", ["oo", "foo"]],
    ["^a$", ["a", "a\n", "b\na"]],
    ["^[[:alpha:]]$", ["a", ":]", "a]", "[]"]],
    ["^\\u0041\\x42\\cJ\\v\\0$", ["AB\n\v\0"]],
    ["^\\u{1f600}[\\u{1f600}-\\u{1f602}]$", ["😀😁", "😀x"]],
    ["^\\ud83d\\ude00$", ["😀", "😁"]],
    ["^[^]$", ["\n", "", "ab"]],
    ["[]", ["", "a"]],
    ["^a{2}{$", ["aa{", "aa"]],
    ["^{}$", ["{}"]],
    ["^]$", ["]"]],
    ["^[\\b]$", ["\b", "b"]],
    ["^[-a][a-][\\w-.]$", ["--.", "aa-", "--!"]],
    ["^[\\d-z]$", ["-", "z", "5", "a"]],
    ["^(?<year>\\d{4})-(?:\\d\\d)$", ["2026-01", "x"]],
    ["^a{0}b{1,}c{2,3}?$", ["bcc", "abcc", "bbccc"]],
    ["^(?:)*$", ["", "a"]],
    ["^\\p{L}\\p{Lu}\\P{N}$", ["éÄ-", "aa1"]],
    ["^\\p{Letter}\\p{Script=Greek}$", ["aα", "ab"]],
    ["^[\\p{Nd}_]+$", ["1_", "a"]],
    ["^\\/\\^\\$\\.$", ["/^$."]],
    ["^\\Q.\\E$", ["Q.E", "QxE"]],
    ["(?:a|b|)c|^$", ["c", "", "x"]],
  ]
  test.each(edges)("%s agrees with JavaScript", (source, texts) => {
    const native = compileNative(source)
    const re2 = linear(source)
    expect(texts.map((text) => re2?.test(text))).toEqual(texts.map((text) => native?.test(text)))
  })

  test.each(["(?=a)", "(?!a)", "(?<=a)", "(?<!a)", "(a)\\1", "(?<n>a)\\k<n>", "a{1001}", "(?i:a)"])(
    "%s has none",
    (source) => {
      expect(linear(source)).toBeUndefined()
    },
  )

  test("groups nested without end are given up, not followed", () => {
    const source = `${"(?:".repeat(1_000)}a${")".repeat(1_000)}`
    expect(parsePattern(source, true)).toBeUndefined()
    expect(safePattern(source).test("a")).toBe(true)
  })

  const atom = fc.constantFrom(
    "a", "b", "é", "😀", ".", "\\s", "\\S", "\\d", "\\w", "\\W", "\\b", "^", "$", "[a-c]", "[^ab]", "[\\s😀]",
    "[^\\S]", "\\n", "\\u00a0", "\\u{1f600}", "\\-", "\\/", "[-a]", "{", "]", "\\p{L}",
  ) // biome-ignore format: one list
  const quantifier = fc.constantFrom("", "", "", "*", "+", "?", "{2}", "{0,2}", "{1,}", "*?")
  const { pattern } = fc.letrec<{ pattern: string; term: string; group: string }>((tie) => ({
    group: fc
      .tuple(fc.constantFrom("(", "(?:", "(?<n>"), tie("pattern"))
      .map(([open, body]) => `${open}${body})`),
    term: fc
      .tuple(fc.oneof({ maxDepth: 3 }, atom, tie("group")), quantifier)
      .map((parts) => parts.join("")),
    pattern: fc
      .array(fc.array(tie("term"), { maxLength: 4 }), { minLength: 1, maxLength: 2 })
      .map((branches) => branches.map((terms) => terms.join("")).join("|")),
  }))
  const text = fc
    .array(fc.constantFrom("a", "b", "c", "é", "😀", " ", "\u00a0", "\n", "\r", "1", "-", "{"), {
      maxLength: 8,
    })
    .map((parts) => parts.join(""))

  test("random patterns agree with JavaScript on random texts", { timeout: 60_000 }, () => {
    let compared = 0
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 5, maxLength: 5 }), (source, texts) => {
        const native = compileNative(source)
        if (native === undefined) return
        const re2 = linear(source)
        for (const each of texts) {
          if (re2 === undefined || (!native.unicode && each.includes("😀"))) continue
          compared++
          expect([source, each, re2.test(each)]).toEqual([source, each, native.test(each)])
        }
      }),
      { numRuns: 2_000 },
    )
    expect(compared).toBeGreaterThan(2_000)
  })
})
