import addFormats from "ajv-formats"
import { describe, expect, test } from "vitest"
import { formatExamples, formatSizes } from "../../../src/schema/subsume/clauses/formats.ts"
import { subsume } from "../../../src/schema/subsume/subsume.ts"
import { validatorOf } from "./tried.ts"

/** All that the library knows, and two that nobody does. */
const names = [
  "date", "time", "date-time", "iso-time", "iso-date-time", "duration", "uri", "uri-reference", "uri-template", "url",
  "email", "hostname", "ipv4", "ipv6", "regex", "uuid", "json-pointer", "json-pointer-uri-fragment",
  "relative-json-pointer", "byte", "int32", "int64", "float", "double", "password", "binary", "phone", "toString",
] // biome-ignore format: one list

const texts = ["", "a", "(", " ", "\\", "{", "%", "2026-01-31", "1.5", "[", "a b", "\u0000"]
const numbers = [0, 0.5, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), -(2 ** 31) - 1, 2 ** 53]

describe("formats", () => {
  test.each(names)("as %s mean to the comparison what they mean to the validators", (format) => {
    const fits = validatorOf({ format })
    for (const value of [...texts, ...numbers, ...(formatExamples.get(format) ?? [])]) {
      const { answer } = subsume({ const: value }, { format })
      expect([value, answer]).toEqual([value, fits(value) === true ? "yes" : "no"])
    }
  })

  test.each(names)("as %s are asserted by both or by neither", (format) => {
    const isAsserted = [...texts, ...numbers].some(
      (value) => validatorOf({ format })(value) !== true,
    )
    expect(subsume({ type: ["string", "number"] }, { format }).answer).toBe(
      isAsserted ? "no" : "yes",
    )
  })

  test("that assert something about texts have examples, all of them good", () => {
    for (const [format, examples] of formatExamples) {
      expect([format, examples.length > 0]).toEqual([format, true])
      expect(addFormats.default.get(format as "date")).toBeDefined()
      for (const example of examples)
        expect([format, example, validatorOf({ format })(example)]).toEqual([format, example, true])
    }
  })

  test("of which lengths are known have no text of another length", () => {
    for (const [format, [min, max]] of formatSizes) {
      const fits = validatorOf({ format })
      const shorter = [...Array(Math.min(min, 12)).keys()].flatMap((length) => texts.concat(["1:", "P1", "::"]).map((text) => text.repeat(length).slice(0, length)))
      const known = [...(formatExamples.get(format) ?? []), ...shorter].filter((text) => fits(text) === true)
      for (const text of known) {
        expect([format, text, [...text].length >= min]).toEqual([format, text, true])
        expect([format, text, [...text].length <= max]).toEqual([format, text, true])
      }
    }
  }) // biome-ignore format: one line each
})
