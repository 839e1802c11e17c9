import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { EventParser } from "../../../src/store/http/event-parser.ts"
import { monitorLink } from "../../../src/store/http/monitor-link.ts"
import { isOlder } from "../../../src/store/http/published.ts"

function read(chunks: readonly Uint8Array[]) {
  let events = 0
  const parser = new EventParser(() => events++, undefined)
  for (const chunk of chunks) parser.push(chunk)
  return { events, id: parser.lastEventId, retryMs: parser.retryMs }
}

const bytes = (text: string) => [new TextEncoder().encode(text)]

describe("a stream of events", () => {
  test.each([
    ["data: x\n\n", { events: 1 }],
    ["data\r\rdata:\r\n\r\n", { events: 2 }],
    [": alive\n\n", { events: 0 }],
    ["event: changed\n\n", { events: 0 }], // HTML: without data there is no event
    ["data: unfinished\n", { events: 0 }],
    ["id: 1\ndata: x\n\nid: 2\ndata: y\n\n", { events: 2, id: "2" }],
    ["retry: 5000\nretry: soon\n", { events: 0, retryMs: 5_000 }],
    [`id: ${"x".repeat(2_000)}\nid: a\u0000b\nid: é\n`, { events: 0, id: undefined }],
  ])("%j says what it says", (text, said) => {
    expect(read(bytes(text))).toMatchObject(said)
  })

  test("says the same however it is cut", () => {
    const line = fc.constantFrom("data: é", "data", "id: 1", "id: 2", ": x", "", "retry: 7", "?")
    const end = fc.constantFrom("\n", "\r\n", "\r")
    const stream = fc.array(fc.tuple(line, end).map((pair) => pair.join("")))
    fc.assert(
      fc.property(stream, fc.array(fc.nat(200)), (lines, cuts) => {
        const whole = Buffer.from(lines.join(""))
        const at = [...new Set([0, ...cuts.map((cut) => cut % (whole.length + 1)), whole.length])]
        at.sort((a, b) => a - b)
        const chunks = at.slice(1).map((to, index) => whole.subarray(at[index], to))
        expect(read(chunks)).toEqual(read([whole]))
      }),
    )
  })

  test("has no line without end", () => {
    expect(() => read(bytes("x".repeat(70_000)))).toThrow("a line of more than")
  })
})

describe("the link to a stream of changes", () => {
  test.each([
    ['</events>; rel="monitor"', "https://a.example/events"],
    ["<events?x=1>; rel=monitor", "https://a.example/r/events?x=1"],
    ['</a>; rel="next", </b>; title="a, b"; rel="other MONITOR"', "https://a.example/b"],
    ["<https://b.example/events>; rel=monitor", undefined],
    ["<https://u:p@a.example/events>; rel=monitor", undefined],
    ["<http://a.example/events>; rel=monitor", undefined],
    ["<http://[>; rel=monitor", undefined],
    ['</events>; rel="monitored"', undefined],
    [undefined, undefined],
  ])("%s is %s", (header, url) => {
    expect(monitorLink(header, "https://a.example/r/registry.json")).toBe(url)
  })
})

describe("a document is older than another", () => {
  const time = fc.option(fc.nat(5), { nil: undefined })
  const published = fc.record({ signedAtMs: time, modifiedAtMs: time })

  test("never while that is older than it", () => {
    fc.assert(
      fc.property(published, published, (a, b) => {
        expect(isOlder(a, b) && isOlder(b, a)).toBe(false)
      }),
    )
  })

  test("by its signature, whatever the source says", () => {
    expect(isOlder({ signedAtMs: 1, modifiedAtMs: 9 }, { signedAtMs: 2, modifiedAtMs: 3 })).toBe(
      true,
    )
    expect(isOlder({ signedAtMs: 2, modifiedAtMs: 1 }, { signedAtMs: 1, modifiedAtMs: 3 })).toBe(
      false,
    )
    expect(isOlder({ modifiedAtMs: 1 }, { signedAtMs: 1, modifiedAtMs: 3 })).toBe(true)
    expect(isOlder({}, { signedAtMs: 1, modifiedAtMs: 3 })).toBe(false)
  })
})
