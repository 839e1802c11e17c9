import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { BackendReply } from "../../../src/call/backends.ts"
import { type HiddenTextMode, lookForHidden } from "../../../src/call/results/hidden-text.ts"
import { eachHidden, hiddenRanges } from "../../../src/registry/pins/each-hidden.ts"
import { hiddenIn, hiddenText, withoutHidden } from "../../../src/registry/pins/hidden-text.ts"
import type { JsonObject } from "../../../src/schema/json.ts"

const limit = { tool: "tool", charsMax: 1_000_000 }
const look = (result: JsonObject, mode: HiddenTextMode) =>
  lookForHidden({ kind: "result", result }, mode, limit)
const said = (text: string): JsonObject => ({ content: [{ type: "text", text }] })

/** Of each family one, and what is left of the text around it. */
const families = [
  ["zero width", "in\u200bvisible", "invisible"],
  ["bidi", "a\u202eb\u2066c", "abc"],
  ["tag characters", "hi\u{e0041}\u{e0042}", "hi"],
  ["a colour for a terminal", "\u001b[31mred\u001b[0m", "red"],
  ["a link for a terminal", "\u001b]8;;http://evil\u0007click\u001b]8;;\u001b\\", "click"],
  ["C1 controls", "a\u009b1mb\u0085c", "abc"],
  ["a byte order mark", "\ufeffa", "a"],
  ["variation selectors", "a\ufe01\ufe02", "a"],
] as const

describe("row 20: hidden text in a result", () => {
  test.each(families)("%s: flagged by default, and the result goes on as it came", (_, text) => {
    const result = { ...said(text), _meta: { a: 1 } }
    const looked = look(result, "flag")
    expect(looked).toMatchObject({
      ok: true,
      value: {
        warnings: ["hidden_text"],
        reply: {
          result: {
            ...said(text),
            _meta: {
              a: 1,
              "dev.postern/hiddenText": {
                at: "/content/0/text",
                what: expect.stringMatching(/^U\+/),
                action: "flagged",
              },
            },
          },
        },
      },
    })
  })

  test.each(families)("%s: stripped, where configuration says so", (_, text, left) => {
    expect(look(said(text), "strip")).toMatchObject({
      value: { warnings: ["hidden_text"], reply: { result: said(left) } },
    })
  })

  test.each(families)("%s: denied, and the words say no more than that", (_, text) => {
    expect(look(said(text), "deny")).toMatchObject({
      ok: false,
      refusal: {
        code: "withheld_output",
        words: "it holds, or may hold, characters that nobody sees",
        reason: expect.stringContaining("/content/0/text"),
      },
    })
  })

  test("is found in resources, in structured content and in names of members, and not in bytes", () => {
    const places = [
      { content: [{ type: "resource", resource: { uri: "a:b", text: "x\u200b" } }] },
      { content: [], structuredContent: { deep: [{ text: "x\u200b" }] } },
      { content: [], structuredContent: { "ke\u200by": 1 } },
    ]
    for (const result of places) {
      expect(look(result, "flag")).toMatchObject({ value: { warnings: ["hidden_text"] } })
      expect(JSON.stringify(look(result, "strip"))).not.toContain("\u200b")
    }
  })

  test("is not looked for with `allow`, and what holds none is the very same reply", () => {
    const reply: BackendReply & { kind: "result" } = { kind: "result", result: said("a\u200b") }
    expect(lookForHidden(reply, "allow", limit)).toEqual({
      ok: true,
      value: { reply, warnings: [] },
    })
    for (const text of ["plain", "naïve – Ünïcode", "你好", "שלום", "👩‍👩‍👧 ❤️ 1️⃣", "a\r\n\tb"]) {
      const clean: typeof reply = { kind: "result", result: said(text) }
      for (const mode of ["flag", "strip", "deny"] as const) {
        const looked = lookForHidden(clean, mode, limit)
        expect(looked.ok && looked.value.reply).toBe(clean)
      }
    }
  })

  test("of a long result the beginning is looked at where it is only flagged; else it is withheld", () => {
    const long = said(`${"x".repeat(1_000_000)}\u200b`)
    expect(look(long, "flag")).toMatchObject({ value: { warnings: [] } })
    for (const mode of ["deny", "strip"] as const)
      expect(look(long, mode)).toMatchObject({
        refusal: { code: "withheld_output", reason: expect.stringContaining("limit resultText") },
      })
  })

  const units = fc.constantFrom(
    "a",
    "é",
    "👍",
    "❤️",
    "\u200d",
    "\u200b",
    "\ufe0f",
    "\u001b[",
    "\u001b]",
    "m",
    "1",
    "\u{e0041}",
    "\u{1f3fd}",
    "👩",
    "#",
    "\u20e3",
    "\ud83d",
    "\udb40",
    "\udc41",
    "©",
  )
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(units).map((all) => all.join("")),
  )

  test("is what the definition says, which takes longer", () => {
    const emoji =
      /\p{Extended_Pictographic}[\ufe0f\u{1f3fb}-\u{1f3ff}]*(?:\u200d\p{Extended_Pictographic}[\ufe0f\u{1f3fb}-\u{1f3ff}]*)*|[0-9#*]\ufe0f?\u20e3/gu
    const classOf = hiddenRanges.map(
      ({ from, to }) => `\\u{${from.toString(16)}}-\\u{${to.toString(16)}}`,
    )
    const emojiOrHidden = new RegExp(`(${emoji.source})|[${classOf.join("")}]`, "gu")
    fc.assert(
      fc.property(texts, (text) => {
        const found = [...text.matchAll(emojiOrHidden)].filter(
          ({ 1: shown }) => shown === undefined,
        )
        const told: [number, number][] = []
        eachHidden(text, (at, length) => void told.push([at, length]))
        expect(told).toEqual(found.map(({ 0: one, index }) => [index, one.length]))
      }),
    )
  })

  test("halves of a character that was kept apart stay apart", () => {
    expect(withoutHidden("\udb40\u200b\udc41")).toBe("\udb40\ufffd\udc41")
  })

  test("nothing hidden is left of any text, what shows stays, and once is enough", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const left = withoutHidden(text)
        expect(hiddenText(left)).toBeUndefined()
        expect(withoutHidden(left)).toBe(left)
        if (hiddenIn(text).length === 0) expect(left).toBe(text)
      }),
    )
  })

  test("any text is done with: what an author would repeat to make it slow", () => {
    for (const unit of [
      "\u001b[",
      "\u001b[1",
      "\u001b]",
      "\u001b]a",
      "👩\u200d",
      "👩\u{1f3fd}",
      "\u{1f3fd}\ufe0f",
      "1\ufe0f",
      "\u200b",
      "é",
    ]) {
      const text = unit.repeat(1_000_000 / unit.length)
      expect(hiddenText(withoutHidden(text))).toBeUndefined()
    }
  })
})
