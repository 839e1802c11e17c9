import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { editText, type TextEdit } from "../../../src/registry/write/edit-text.ts"
import { segment } from "../../../src/schema/json.ts"

const document = `{
  // not JSON, and not looked at: see below
  "tools": [
    { "name": "a", "tags": ["x", "y"] },   
    { "name": "b" }
  ],
  "agents": []
}
`.replace(/ {2}\/\/.*\n/, "")

describe("editing the text of a document", () => {
  test("leaves every byte that is not concerned", () => {
    const edited = editText(document, [
      { op: "append", pointer: "/agents", value: { name: "one" } },
      { op: "append", pointer: "/agents", value: { name: "two" } },
      { op: "set", pointer: "/tools/0/name", value: "c" },
      { op: "remove", pointer: "/tools/0/tags/0" },
      { op: "append", pointer: "/servers", value: 1 },
      { op: "append", pointer: "/servers", value: 2 },
    ])
    expect(edited).toBe(`{
  "tools": [
    { "name": "c", "tags": ["y"] },   
    { "name": "b" }
  ],
  "agents": [
    { "name": "one" },
    { "name": "two" }
  ],
  "servers": [1, 2]
}
`)
  })

  test("keeps tabs, carriage returns and what stands beside what goes", () => {
    const text = '{\r\n\t"a": 1, "b": 2,\r\n\t"c": [1, 2, 3]\r\n}'
    expect(editText(text, [{ op: "remove", pointer: "/a" }])).toBe(
      '{\r\n\t"b": 2,\r\n\t"c": [1, 2, 3]\r\n}',
    )
    expect(editText(text, [{ op: "remove", pointer: "/c" }])).toBe('{\r\n\t"a": 1, "b": 2\r\n}')
    expect(editText(text, [{ op: "append", pointer: "/c", value: { d: 4 } }])).toBe(
      '{\r\n\t"a": 1, "b": 2,\r\n\t"c": [1, 2, 3,\n\t\t{ "d": 4 }]\r\n}',
    )
  })

  test("knows a place that is not there for the mistake of its caller that it is", () => {
    expect(() => editText("{}", [{ op: "remove", pointer: "/a" }])).toThrow(RangeError)
    expect(() => editText("{}", [{ op: "set", pointer: "/a/b", value: 1 }])).toThrow(RangeError)
    expect(() => editText("{}", [{ op: "set", pointer: "", value: 1 }])).toThrow(RangeError)
  })

  /** What becomes of one item of a list. */
  const fate = fc.constantFrom("kept", "set", "removed")
  const list = fc.record({
    items: fc.array(fc.tuple(fc.jsonValue({ maxDepth: 2 }), fate), { maxLength: 5 }),
    added: fc.array(fc.integer(), { maxLength: 3 }),
  })
  const key = fc.constantFrom("a", "b", "__proto__", "c/d", "e~f", '"')
  const lists = fc.uniqueArray(fc.tuple(key, list), { selector: ([name]) => name })

  test("makes what the same edits of the value make, however it is indented", () => {
    fc.assert(
      fc.property(lists, fc.constantFrom("", "  ", "\t"), (all, indent) => {
        const before = all.map(([name, { items }]) => [name, items.map(([value]) => value)])
        const after = all.map(([name, { added, items }]) => {
          const kept = items.filter(([, what]) => what !== "removed")
          return [name, [...kept.map(([value, what]) => (what === "set" ? name : value)), ...added]]
        })
        const edits = all.flatMap(([name, { added, items }]): TextEdit[] => {
          const at = segment(name)
          return [
            ...added.map((value) => ({ op: "append", pointer: at, value }) as const),
            ...items.flatMap(([, what], index): TextEdit[] => {
              const pointer = `${at}/${index}`
              if (what === "kept") return []
              return [
                what === "set" ? { op: "set", pointer, value: name } : { op: "remove", pointer },
              ]
            }),
          ]
        })
        const text = JSON.stringify(Object.fromEntries(before), null, indent)
        expect(JSON.parse(editText(text, edits))).toEqual(Object.fromEntries(after))
      }),
    )
  })
})
