import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { EventStream } from "../../../src/mcp/backend/http/event-stream.ts"

function read(...chunks: (string | Uint8Array)[]): string[] {
  const got: string[] = []
  const stream = new EventStream((text) => got.push(text))
  for (const chunk of chunks) stream.push(typeof chunk === "string" ? Buffer.from(chunk) : chunk)
  return got
}

describe("an event stream", () => {
  const cases: [string, string, string[]][] = [
    ["LF", "data: a\n\ndata: b\n\n", ["a", "b"]],
    ["CRLF", "data: a\r\n\r\ndata: b\r\n\r\n", ["a", "b"]],
    ["CR", "data: a\r\rdata: b\r\r", ["a", "b"]],
    ["a BOM", "\ufeffdata: a\n\n", ["a"]],
    ["no space after the colon", "data:a\n\n", ["a"]],
    ["two spaces after the colon", "data:  a\n\n", [" a"]],
    ["data of several lines", "data: a\ndata\ndata: b\n\n", ["a\n\nb"]],
    [
      "comments, other fields and events without data",
      ": ka\n\nevent: x\nid: 1\nretry: 5\ndata:\n\ndata: a\n\n",
      ["a"],
    ],
    ["fields that begin with data", "dataset: a\ndatab\n\ndata: b\n\n", ["b"]],
    ["an event that is not finished", "data: a\n", []],
  ]
  test.each(cases)("is read with %s", (_, text, expected) => {
    expect(read(text)).toEqual(expected)
  })

  test("is the same however it is cut into chunks", () => {
    const text = "\ufeffdata: ä€😀\r\n\r\n: x\ndata: a\rdata: b\n\r\ndata: c\r\r\ndata: d\n\n"
    const bytes = Buffer.from(text)
    const whole = read(bytes)
    expect(whole).toEqual(["ä€😀", "a\nb", "c", "d"])
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length)), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), bytes.length]
        const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end))
        expect(read(...chunks)).toEqual(whole)
      }),
    )
  })
})
