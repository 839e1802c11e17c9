import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { toEnd } from "../../../src/registry/load.ts"
import type { Problem } from "../../../src/registry/problem.ts"
import { locate } from "../../../src/registry/read/locate.ts"
import { placeProblems } from "../../../src/registry/read/position.ts"
import { isObject, type Json, segment } from "../../../src/schema/json.ts"
import { parseJson } from "../../../src/schema/parse-json.ts"

const text = `{
  "tools": [
    { "name": "a", "x/y": [1, "]}", { "~": null }] },
    {
      "name": "b" }
  ],\r
  "é": true
}`

const positionOf = (pointer: string) => {
  const { line, column } = toEnd(locate(text, [pointer])).get(pointer) ?? { line: 0, column: 0 }
  return `${line}:${column}`
}

const problem = (code: string, pointer: string): Problem => ({
  code,
  severity: "warn",
  pointer,
  message: "…",
})

describe("the place of a pointer", () => {
  test.each([
    ["", "1:1"],
    ["/tools", "2:3"],
    ["/tools/0", "3:5"],
    ["/tools/0/name", "3:7"],
    ["/tools/0/x~1y", "3:20"],
    ["/tools/0/x~1y/1", "3:31"],
    ["/tools/0/x~1y/2/~0", "3:39"],
    ["/tools/1/name", "5:7"],
    ["/é", "7:3"],
  ])("%j is %s", (pointer, place) => {
    expect(positionOf(pointer)).toBe(place)
  })

  test.each([
    ["/tools/1/source/server", "4:5"],
    ["/tools/7", "2:3"],
    ["/agents", "1:1"],
    ["/tools/0/name/inside", "3:7"],
  ])("%j, which is not there, is that of its nearest ancestor: %s", (pointer, place) => {
    expect(positionOf(pointer)).toBe(place)
  })

  test("is found for every part of any document", () => {
    const key = fc.oneof(fc.string(), fc.constantFrom("a/b", "~", "__proto__", "0", '"', "\\"))
    const { json } = fc.letrec((tie) => ({
      json: fc.oneof(
        { depthSize: "small" },
        fc.string(),
        fc.integer(),
        fc.constant(null),
        fc.array(tie("json"), { maxLength: 4 }),
        fc.dictionary(key, tie("json"), { maxKeys: 4 }),
      ),
    }))
    fc.assert(
      fc.property(json, fc.constantFrom(0, 2), (value, indent) => {
        const written = JSON.stringify(value, null, indent)
        const lines = written.split("\n")
        const parts = [...partsOf(parseJson(written) as Json)]
        const places = toEnd(
          locate(
            written,
            parts.map(({ pointer }) => pointer),
          ),
        )
        for (const { pointer, begins } of parts) {
          const { line, column } = places.get(pointer) ?? { line: 0, column: 0 }
          expect(lines[line - 1]?.slice(column - 1).startsWith(begins)).toBe(true)
        }
      }),
    )
  })
})

/** Every part of a value with the text that it must begin with: its key, or for elements its own. */
function* partsOf(
  value: Json,
  pointer = "",
  begins = JSON.stringify(value).slice(0, 1),
): Generator<{ pointer: string; begins: string }> {
  yield { pointer, begins }
  if (isObject(value))
    for (const [key, item] of Object.entries(value))
      yield* partsOf(item, pointer + segment(key), `${JSON.stringify(key)}:`)
  if (Array.isArray(value))
    for (const [index, item] of value.entries()) yield* partsOf(item, `${pointer}/${index}`)
}

describe("placed problems", () => {
  test("stand in the order of the document, then of their codes", () => {
    const problems = [
      problem("b", "/tools/1/name"),
      problem("b", "/tools/0"),
      problem("z", ""),
      problem("a", "/tools/0"),
    ]
    const placed = toEnd(placeProblems(problems, text, { file: "r.json" }))
    expect(placed.map(({ code, line }) => `${code}${line}`)).toEqual(["z1", "a3", "b3", "b5"])
    expect(placed[0]).toMatchObject({ file: "r.json", line: 1, column: 1 })
  })

  test("keep the line they know, in a text that is no JSON", () => {
    const known = { ...problem("json_syntax", ""), line: 7, column: 2 }
    expect(toEnd(placeProblems([known], "{"))).toEqual([known])
  })
})
