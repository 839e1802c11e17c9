import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { defaultLoadLimits, type LoadLimits } from "../../../src/registry/limits.ts"
import { toEnd } from "../../../src/registry/load.ts"
import { readDocument } from "../../../src/registry/read/read-document.ts"

const read = (text: string, limits: Partial<LoadLimits> = {}) =>
  toEnd(readDocument(text, { ...defaultLoadLimits, ...limits }))

const codes = (text: string, limits: Partial<LoadLimits> = {}) =>
  read(text, limits).problems.map(({ code }) => code)

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}

/** Keys that need no escape and are no sections, sections, and the keys that bite. */
const key = fc.oneof(
  fc.string(),
  fc.constantFrom("tools", "schemas", "servers", "agents", "__proto__", "constructor", "é\u0000\\"),
)
const { json, object } = fc.letrec((tie) => ({
  json: fc.oneof(
    { depthSize: "small" },
    fc.string({ unit: "binary" }),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie("json"), { maxLength: 4 }),
    tie("object"),
  ),
  object: fc.dictionary(key, tie("json"), { maxKeys: 5 }),
}))

describe("reading a document", () => {
  test("yields what JSON.parse yields for every object", () => {
    fc.assert(
      fc.property(object, fc.constantFrom(0, 1, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        const { tree, problems } = read(text)
        expect(problems).toEqual([])
        expect(JSON.stringify(tree)).toBe(JSON.stringify(JSON.parse(text)))
      }),
    )
  })

  test("agrees with JSON.parse about what is JSON, whatever is cut out of it or put into it", () => {
    const noise = fc.oneof(
      fc.constantFrom(..."{}[],:\"\\'/ \n\t\u0000\ufeff0123456789-+.eEtfnu", "\\u00", "1e5", "-0"),
      fc.string({ maxLength: 2 }),
    )
    const change = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      cut: fc.nat(3),
      put: noise,
    })
    fc.assert(
      fc.property(json, fc.array(change, { maxLength: 3 }), (value, changes) => {
        const text = changes.reduce((before, { at, cut, put }) => {
          const from = Math.floor(at * before.length)
          return before.slice(0, from) + put + before.slice(from + cut)
        }, JSON.stringify(value))
        fc.pre(!text.startsWith("\ufeff") && text.isWellFormed())
        expect(codes(text).includes("json_syntax")).toBe(!parses(text))
      }),
      { numRuns: 2_000 },
    )
  })

  test("finds every key that stands twice, and no other", () => {
    const pairs = fc.array(
      fc.tuple(fc.constantFrom("a", "b", "ab", "Aa", "BB", "__proto__"), fc.nat(9)),
      {
        maxLength: 40,
      },
    )
    fc.assert(
      fc.property(pairs, (members) => {
        const text = `{${members.map(([name, n]) => `${JSON.stringify(name)}:${n}`).join()}}`
        const repeated = members.length - new Set(members.map(([name]) => name)).size
        expect(codes(text).filter((code) => code === "json_duplicate_key")).toHaveLength(repeated)
      }),
    )
  })

  test("compares keys as they are meant, beyond any number of them", () => {
    const many = Array.from({ length: 50 }, (_, n) => `"k${n}":0`).join()
    expect(codes(`{${many}}`)).toEqual([])
    expect(codes(`{${many},"\\u006b7":1}`)).toEqual(["json_duplicate_key"])
    expect(codes('{"a":1,"\\u0061":2}')).toEqual(["json_duplicate_key"])
    expect(codes('{"a":{"a":1},"b":{"a":1}}')).toEqual([])
  })

  test("rejects a second depends that would undo the first, at its place", () => {
    const { tree, problems } = read('{"agents":[\n {"depends":[],\n  "depends":[1]}]}')
    expect(tree).toBeUndefined()
    expect(problems).toMatchObject([
      { code: "json_duplicate_key", pointer: "/agents/0/depends", line: 3, column: 3 },
    ])
  })

  test("keeps __proto__ a member like any other", () => {
    const { tree } = read('{"__proto__":{"x":1},"tools":[{"__proto__":{"y":2}}]}')
    expect(Object.keys(tree ?? {})).toEqual(["__proto__", "tools"])
    expect(JSON.stringify(tree)).toBe('{"__proto__":{"x":1},"tools":[{"__proto__":{"y":2}}]}')
    expect(({} as { x?: number }).x).toBeUndefined()
  })

  test("skips a byte order mark at the beginning and nowhere else", () => {
    expect(read('\ufeff{"tools":[]}').tree).toEqual({ tools: [] })
    expect(read('\ufeff{"tools":}').problems).toMatchObject([{ line: 1, column: 10 }])
    expect(codes('{\ufeff"tools":[]}')).toEqual(["json_syntax"])
  })

  test("accepts the depth of the limit and no deeper", () => {
    const nested = (depth: number) => `{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`
    expect(codes(nested(128))).toEqual([])
    expect(codes(nested(129))).toEqual(["document_too_deep"])
    expect(codes("[".repeat(200_000))).toEqual(["document_too_deep"])
    expect(codes(`${'{"a":'.repeat(200_000)}1${"}".repeat(200_000)}`)).toEqual([
      "document_too_deep",
    ])
  })

  test("counts the document's size in bytes", () => {
    const text = '{"a":"ééé"}'
    expect(codes(text, { documentBytesMax: 14 })).toEqual([])
    expect(codes(text, { documentBytesMax: 13 })).toEqual(["document_too_large"])
    expect(codes(" ".repeat(50 * 1024 * 1024))).toEqual(["document_too_large"])
  })

  test("counts the elements of the four sections together", () => {
    const text = '{"tools":[1,2],"agents":[3],"metadata":[1,2,3,4,5]}'
    expect(codes(text, { entitiesMax: 3 })).toEqual([])
    expect(codes(text, { entitiesMax: 2 })).toEqual(["document_too_large"])
  })

  test.each(["[]", "1", "null", '"tools"'])("is no object: %s", (text) => {
    expect(codes(text)).toEqual(["document_not_object"])
  })

  test("refuses halves of surrogate pairs, written out or escaped", () => {
    expect(codes('{"a":"\ud800"}')).toEqual(["document_unreadable"])
    expect(read('{"a":["\\ud800"]}').problems).toMatchObject([
      { code: "invalid_value", pointer: "/a/0" },
    ])
    expect(codes('{"\\udc00":1}')).toEqual(["invalid_value"])
    expect(codes('{"a":"\\ud83d\\ude00"}')).toEqual([])
  })

  test("refuses numbers that would become infinite, and carries those beyond 2^53 as doubles", () => {
    expect(read('{"a":1e999}').problems).toMatchObject([{ code: "invalid_value", pointer: "/a" }])
    expect(codes(`{"a":-${"9".repeat(400)}}`)).toEqual(["invalid_value"])
    expect(read('{"a":9007199254740993}').tree).toEqual({ a: 9007199254740992 })
  })

  test("refuses NUL and other control characters inside strings", () => {
    expect(codes('{"a":"\u0000"}')).toEqual(["json_syntax"])
    expect(codes('{"a":1}\u0000')).toEqual(["json_syntax"])
    expect(read('{"a":"\\u0000"}').tree).toEqual({ a: "\u0000" })
  })

  test("pauses often while it reads a large document", () => {
    const tool = { name: "t", description: "x".repeat(1_000) }
    const text = JSON.stringify({ tools: Array.from({ length: 2_000 }, () => tool) })
    let pauses = 0
    const reading = readDocument(text, defaultLoadLimits)
    while (!reading.next().done) pauses++
    expect(pauses).toBeGreaterThan(text.length / (64 * 1024))
  })
})
