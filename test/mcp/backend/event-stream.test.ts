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

  test("is the same however it is cut into chunks, whatever ends its lines", () => {
    const value = fc.string({ unit: fc.constantFrom(...'a1:{" ä€😀\ufeff\t') })
    const field = fc.constantFrom("data", "data", "data", "event", "id", "retry", "", "datab")
    const line = fc.tuple(field, fc.constantFrom(":", ": ", ":  "), value)
    const end = fc.constantFrom("\n", "\r\n", "\r")
    const event = fc.record({ lines: fc.array(line, { maxLength: 5 }), end })
    const cuts = fc.array(fc.nat(400), { maxLength: 12 })
    fc.assert(
      fc.property(fc.array(event), fc.boolean(), cuts, (events, hasBom, cut) => {
        const body = events.map(({ lines, end }) =>
          [...lines.map((parts) => parts.join("")), ""].map((text) => text + end).join(""),
        )
        const text = `${hasBom ? "\ufeff" : ""}${body.join("")}`
        const bytes = Buffer.from(text)
        const at = [0, ...cut.filter((n) => n < bytes.length).sort((a, b) => a - b), bytes.length]
        const chunks = at.slice(1).map((to, index) => bytes.subarray(at[index], to))
        expect(all(...chunks)).toEqual(bySpecification(text))
      }),
      { numRuns: 500 },
    )
  })

  test("tells the id and the wait of events that have no data, too", () => {
    const stream = new EventStream(() => {})
    stream.push(Buffer.from("id: a\nretry: 500\ndata:\n\nid: b\n"))
    expect([stream.lastEventId, stream.retryMs]).toEqual(["a", 500])
    stream.push(Buffer.from("retry: soon\nretry: -1\nretry: 1.5\n\nid: c\0\n\nid\n\n"))
    expect([stream.lastEventId, stream.retryMs]).toEqual(["", 500])
  })

  test("says how much it holds of an event that does not end", () => {
    const stream = new EventStream(() => {})
    stream.push(Buffer.from(`data: ${"x".repeat(1_000)}\ndata: ${"y".repeat(500)}`))
    expect(stream.held).toBeGreaterThanOrEqual(1_500)
    stream.push(Buffer.from("\n\n"))
    expect(stream.held).toBe(0)
  })
})

interface Event {
  readonly data: string
  readonly type: string
}

function all(...chunks: Uint8Array[]) {
  const events: Event[] = []
  const stream = new EventStream((data, type) => events.push({ data, type }))
  for (const chunk of chunks) stream.push(chunk)
  return { events, lastEventId: stream.lastEventId, retryMs: stream.retryMs }
}

/** The same by the letter of WHATWG HTML §9.2.6, from the whole text at once: block by block. */
function bySpecification(text: string): ReturnType<typeof all> {
  const ended = text.replace(/^\ufeff/, "").split(/\r\n|\n|\r/)
  const lines = ended.slice(0, -1).map((line) => {
    const [, name = "", value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? []
    return { isBlank: line === "", name, value }
  })
  const of = (some: typeof lines, wanted: string) =>
    some.filter(({ name }) => name === wanted).map(({ value }) => value)
  const blanks = lines.flatMap(({ isBlank }, index) => (isBlank ? [index] : []))
  const blocks = blanks.map((end, nth) => lines.slice((blanks[nth - 1] ?? -1) + 1, end))
  const events = blocks.flatMap((block) => {
    const data = of(block, "data").join("\n")
    const type = of(block, "event").at(-1) ?? ""
    return data === "" ? [] : [{ data, type: type === "message" ? "" : type }]
  })
  const retry = of(lines, "retry").findLast((value) => /^\d{1,15}$/.test(value))
  return {
    events,
    lastEventId: of(blocks.flat(), "id").at(-1) ?? "",
    retryMs: retry === undefined ? undefined : Number(retry),
  }
}
