import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { canonical, digest } from "../../src/schema/canonical.ts"
import type { Json } from "../../src/schema/json.ts"
import { parseJson } from "../../src/schema/parse-json.ts"

/** A value that the type does not allow, as a careless caller would pass it. */
const smuggle = (value: unknown): Json => value as Json

describe("canonical JSON", () => {
  test("the example of RFC 8785 §3.2.2 comes out byte for byte", () => {
    const value = {
      numbers: [Number("333333333.33333329"), 1e30, 4.5, 2e-3, 0.000000000000000000000000001],
      string: '€$\u000f\nA\'B"\\\\"/',
      literals: [null, true, false],
    }
    expect(canonical(value)).toBe(
      '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
    )
  })

  test("keys are sorted by UTF-16 code units, not by code points (RFC 8785 §3.2.3)", () => {
    const keys = ["\u20ac", "\r", "\ufb33", "1", "\u{1f600}", "\u0080", "\u00f6"]
    const text = canonical(Object.fromEntries(keys.map((key) => [key, 0])))
    const order = Object.keys(JSON.parse(text.replace('"1"', '"one"')))
    expect(order).toEqual(["\r", "one", "\u0080", "\u00f6", "\u20ac", "\u{1f600}", "\ufb33"])
  })

  test("negative zero is zero, and a key named __proto__ is data", () => {
    expect(canonical(-0)).toBe("0")
    expect(canonical(JSON.parse('{"b":1,"__proto__":{"a":2}}'))).toBe('{"__proto__":{"a":2},"b":1}')
  })

  test.each([
    ["NaN", Number.NaN],
    ["infinity", Number.POSITIVE_INFINITY],
    ["undefined", { a: undefined }],
    ["a hole", new Array(2)],
    ["a bigint", 1n],
    ["a function", () => 1],
    ["a lone surrogate", ["\ud800"]],
    ["a lone surrogate in a key", { "\udc00": 1 }],
  ])("%s is refused", (_, value) => {
    expect(() => canonical(smuggle(value))).toThrow(RangeError)
  })

  test("a value without end, or a million levels deep, is refused and does not exhaust the stack", () => {
    const cycle: Record<string, unknown> = {}
    cycle["self"] = cycle
    expect(() => canonical(smuggle(cycle))).toThrow("nested deeper than 1000")
    expect(() => canonical(JSON.parse("[".repeat(1e5) + "]".repeat(1e5)))).toThrow(RangeError)
  })

  test("spelling does not change the text, which says the same value", { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (value) => {
        const text = canonical(smuggle(parseJson(JSON.stringify(value)) as Json))
        const spelled = JSON.stringify(parseJson(text), null, 3)
        expect(canonical(parseJson(spelled) as Json)).toBe(text)
        expect(parseJson(text)).toEqual(parseJson(JSON.stringify(value)))
      }),
    )
  })
})

test("a digest is sha256 and 64 hex digits over the canonical text", () => {
  expect(digest({})).toBe("sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a")
  expect(digest({ a: 1, b: [2] })).toBe(digest(JSON.parse('{"b":[2.0],"a":1e0}')))
})
