import { describe, expect, test } from "vitest"
import { parseExact } from "../../src/schema/parse-exact.ts"

describe("a JSON text", () => {
  test.each([
    '{"id":12345678901234567890}',
    '{"a":[1, 12345678901234567890]}',
    '{"a": -9007199254740993}',
    '{"a":0.1234567890123456789}',
    '{"a":1e400}',
    "[-1E-400]",
    '{"a":123.456e+20}',
  ])("keeps every digit of %s", (text) => {
    const { value, exact } = parseExact(text)
    expect(exact).not.toBe(value)
    expect(JSON.stringify(exact)).toBe(text.replaceAll(", ", ",").replaceAll(": ", ":"))
  })

  test.each([
    '{"a":1,"b":[2.5,-3]}',
    '{"id":"12345678901234567890","x":"3e12"}',
    '{"id":"7e11a0"}',
    '{"a":1234567890123456,"b":"sixteen digits fit"}',
  ])("is one value where a double carries all numbers of it: %s", (text) => {
    const { value, exact } = parseExact(text)
    expect(exact).toBe(value)
    expect(JSON.stringify(exact)).toBe(text)
  })

  test("that is none is a SyntaxError", () => {
    expect(() => parseExact('{"a":')).toThrow(SyntaxError)
  })
})

test("a text with escapes in its names keeps every digit, too", () => {
  const { value, exact } = parseExact('{"\\u0061":12345678901234567890,"b":[1,"x"]}')
  expect(value).toEqual({ a: Number("12345678901234567890"), b: [1, "x"] })
  expect(JSON.stringify(exact)).toBe('{"a":12345678901234567890,"b":[1,"x"]}')
})
