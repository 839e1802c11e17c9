import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { parseJson } from "../../src/schema/parse-json.ts"

/** A name with every character of it as an escape. */
const escaped = (name: string) =>
  `"${[...name].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`).join("")}"`

describe("a member name with escapes", () => {
  test("is what it says, whatever was read before", () => {
    for (let i = 0; i < 50; i++) parseJson('{"a":0,"\\\\":1}')
    expect(parseJson('{"a":0,"\\"":1}')).toEqual({ a: 0, '"': 1 })
    for (let i = 0; i < 50; i++) parseJson('{"zzq":1,"\\u006de":1}')
    expect(parseJson('{"zzq":1,"\\u006dessage":"evil"}')).toEqual({ zzq: 1, message: "evil" })
  })

  test("is right in any order of shapes (property)", () => {
    const name = fc.string({
      unit: fc.constantFrom("a", "m", "e", '"', "\\", "\n", "/", "é"),
      minLength: 1,
      maxLength: 3,
    })
    const object = fc.uniqueArray(fc.tuple(name, fc.boolean()), {
      selector: ([one]) => one,
      maxLength: 4,
    })
    fc.assert(
      fc.property(fc.array(object, { maxLength: 12 }), (objects) => {
        const text = `[${objects.map((members) => `{${members.map(([key, isEscaped], n) => `${isEscaped ? escaped(key) : JSON.stringify(key)}: ${n}`).join(",")}}`).join(",")}]`
        const wanted = objects.map((members) => members.map(([key], n) => [key, n]))
        const read = parseJson(text) as Record<string, number>[]
        expect(read.map((one) => Object.entries(one))).toEqual(wanted)
      }),
      { numRuns: 2_000 },
    )
  })

  test("is found without losing time over a long text of escapes", () => {
    const text = JSON.stringify({ long: '\\"'.repeat(500_000), a: ["\\".repeat(500_000)] })
    expect(parseJson(text)).toEqual(JSON.parse(text))
    const named = `{"\\u0061":${text}}`
    expect(parseJson(named)).toEqual({ a: JSON.parse(text) })
  })

  test("may be __proto__ and stays data", () => {
    const read = parseJson('{"__proto\\u005f_":{"x":1}}')
    expect(Object.keys(read as object)).toEqual(["__proto__"])
    expect(Object.getPrototypeOf(read)).toBe(Object.prototype)
  })
})

test("any JSON is read as JSON.parse reads it, with or without such a name beside it (property)", () => {
  fc.assert(
    fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
      const text = JSON.stringify(value)
      expect(parseJson(text)).toEqual(JSON.parse(text))
      expect(parseJson(`{"\\u0061b": ${text} , "t":[ ]}`)).toEqual({ ab: JSON.parse(text), t: [] })
    }),
  )
})

test.each(["", "{", '{"\\u0061":', '{"\\u0061" 1}', '{"\\u0061":1,}', "[1,]", '{"\\u00":1}'])(
  "%j is no JSON",
  (text) => {
    expect(() => parseJson(text)).toThrow(SyntaxError)
  },
)
