import { hasEscapedNames, parseJson } from "./parse-json.ts"

/** Lets a number keep its digits: `JSON.stringify` prints a raw JSON text as it is (ECMAScript proposal JSON.rawJSON). */
interface ExactJson {
  parse(
    text: string,
    reviver: (key: string, value: unknown, at: { source?: string }) => unknown,
  ): unknown
  rawJSON(text: string): unknown
}
const exactJson = JSON as unknown as ExactJson // TypeScript's es2025 library does not have them yet; Node 24 does

/** A number that a double may not carry: 16 digits or more, or an exponent. Digits in a text come after its quote. */
const longNumber = /[[:,]\s*-?\d(?:[\d.]{15}|[\d.]*[eE])/

/**
 * A JSON text as a value to look at, and as a value to carry on. The two differ only where the text may hold numbers a
 * double cannot carry: there `exact` prints those digit for digit. Throws a SyntaxError for what is not JSON.
 */
export function parseExact(text: string): { value: unknown; exact: unknown } {
  const value = parseJson(text)
  if (!longNumber.test(text)) return { value, exact: value }
  if (hasEscapedNames(text)) return { value, exact: parseJson(text, exactNumber) }
  let isLonger = false
  const exact = exactJson.parse(text, (_, part, { source }) => {
    if (typeof part !== "number" || source === undefined || String(part) === source) return part
    isLonger = true
    return exactJson.rawJSON(source)
  })
  return { value, exact: isLonger ? exact : value }
}

const exactNumber = (source: string): unknown =>
  String(Number(source)) === source ? Number(source) : exactJson.rawJSON(source)
