import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { BackendReply } from "../../../src/call/backends.ts"
import { redact } from "../../../src/call/results/redact.ts"
import { isList, isObject, type JsonObject } from "../../../src/schema/json.ts"
import { parseExact } from "../../../src/schema/parse-exact.ts"
import { sketchCatalog } from "../../support/catalog.ts"
import { resultsOf } from "../../support/rules.ts"

const { tools } = sketchCatalog({
  tools: { "person@1": { server: "crm@1.0.0" }, "other@1": { server: "web@1.0.0" } },
})
type Sketch = NonNullable<NonNullable<Parameters<typeof resultsOf>[0]>["redact"]>[number]

function under(answer: BackendReply, ...redactions: readonly Omit<Sketch, "id">[]) {
  const rules = resultsOf({ redact: redactions.map((one, index) => ({ id: `r${index}`, ...one })) })
  const [person] = tools
  if (person === undefined) throw new Error("there is a tool")
  return redact(answer, rules.about(person).redactions, {
    tool: "person",
    charsMax: rules.textCharsMax,
  })
}
const reply = (result: JsonObject): BackendReply => ({ kind: "result", result })
const text = (words: string) => reply({ content: [{ type: "text", text: words }] })
const wordsOf = ({ answer }: ReturnType<typeof under>): unknown => {
  const content = answer.kind === "result" ? answer.result["content"] : undefined
  const [block] = isList(content) ? content : []
  return isObject(block) ? block["text"] : undefined
}

describe("a redaction by path", () => {
  const person = { name: "Ann", mail: "ann@example.org", cards: [{ no: 4111 }, { no: 5500 }] }

  test("takes values out of structured content, and of texts that say the same", () => {
    const answer = reply({
      content: [
        { type: "text", text: JSON.stringify(person) },
        { type: "text", text: "Ann is ann@example.org, and her card is 4111." },
      ],
      structuredContent: person,
    })
    const { answer: left, warnings } = under(answer, { path: "$.mail" }, { path: "$.cards[*].no" })
    expect(warnings).toEqual(["redacted: r0", "redacted: r1"])
    const redacted = {
      name: "Ann",
      mail: "[redacted]",
      cards: [{ no: "[redacted]" }, { no: "[redacted]" }],
    }
    expect(left).toEqual(
      reply({
        content: [
          { type: "text", text: JSON.stringify(redacted) },
          { type: "text", text: "Ann is [redacted], and her card is [redacted]." },
        ],
        structuredContent: redacted,
      }),
    )
  })

  test("takes whole objects out, of `..` and of filters, and what is beside them stays the same", () => {
    const answer = reply({
      content: [],
      structuredContent: {
        a: [
          { p: { x: 1 }, n: 1 },
          { p: { p: 2 }, n: 2 },
        ],
        b: { c: 1 },
      },
    })
    const { answer: left } = under(answer, { path: "$..p", replacement: "-" })
    expect(left).toMatchObject({
      result: {
        structuredContent: {
          a: [
            { p: "-", n: 1 },
            { p: "-", n: 2 },
          ],
          b: { c: 1 },
        },
      },
    })
    const filtered = under(answer, { path: "$.a[?@.n > 1].n" }).answer
    expect(filtered).toMatchObject({
      result: { structuredContent: { a: [{ n: 1 }, { n: "[redacted]" }] } },
    })
    expect(under(answer, { path: "$" }).answer).toMatchObject({
      result: { structuredContent: "[redacted]" },
    })
  })

  test("reads a text that is JSON as whoever it is for may read it", () => {
    const left = (words: string, path = "$.a.b") => wordsOf(under(text(words), { path }))
    expect(left('\ufeff {"a":{"b":"secret"}}')).toBe('{"a":{"b":"[redacted]"}}')
    expect(left('{"a":{"b":"secret"},"a":{}}')).toBe('{"a":{}}') // the first is read by nobody, and yet seen
    expect(left('{"a":{"b":1},"n":12345678901234567890}')).toBe(
      '{"a":{"b":"[redacted]"},"n":12345678901234567890}',
    )
    const printed = '{ "a:b": [ 1.0, "c:\\"d" ] }'
    expect(left(printed)).toBe(printed)
  })

  test("takes the longer of two words out of prose first", () => {
    const answer = reply({
      content: [{ type: "text", text: "It is 123456789." }],
      structuredContent: { a: "12345", b: "123456789" },
    })
    expect(wordsOf(under(answer, { path: "$.*" }))).toBe("It is [redacted].")
  })

  test("leaves the very same answer where it finds nothing", () => {
    const answer = reply({ content: [{ type: "text", text: "{}" }], structuredContent: { b: 1 } })
    const { answer: left, warnings } = under(answer, { path: "$.mail" })
    expect(left).toBe(answer)
    expect(warnings).toEqual([])
  })

  test("withholds what it cannot look through: more hits than may be, more text than may be", () => {
    const many = reply({
      content: [],
      structuredContent: { xs: Array.from({ length: 100_001 }, () => 1) },
    })
    const long = text(`{"a": "${"x".repeat(100_001)}"}`)
    for (const answer of [many, long])
      expect(under(answer, { path: "$..*" }).answer).toMatchObject({
        refusal: { code: "withheld_output", words: "it cannot be redacted" },
      })
  })
})

describe("a redaction by form", () => {
  const all = { detect: ["email", "payment_card", "iban", "private_key", "token"] } as const
  const taken = (words: string) => wordsOf(under(text(words), { detect: [...all.detect] }))

  test.each([
    ["to ann.b+c@mail.example.org!", "to [redacted]!"],
    [
      "card 4111 1111 1111 1111, not 4111 1111 1111 1112",
      "card [redacted], not 4111 1111 1111 1112",
    ],
    ["IBAN DE89 3704 0044 0532 0130 00.", "IBAN [redacted]."],
    ["DE88370400440532013000 has wrong digits", "DE88370400440532013000 has wrong digits"],
    ["-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- end", "[redacted] end"],
    ["-----BEGIN PRIVATE KEY-----\ncut off", "[redacted]"],
    [
      `Bearer eyJ${"a".repeat(20)}.eyJ${"b".repeat(20)}.${"c".repeat(20)} sent`,
      "Bearer [redacted] sent",
    ],
    [`ghp_${"A1".repeat(18)}`, "[redacted]"],
    ["order 1234567890123", "order 1234567890123"],
    ["sk-learn and @home and a@b are words", "sk-learn and @home and a@b are words"],
    ["0000 0000 0000 0000", "0000 0000 0000 0000"],
  ])("finds what it is for: %j", (words, left) => expect(taken(words)).toBe(left))

  test("takes it out of every text, of numbers and escapes too, and not out of bytes, types and addresses", () => {
    const mail = "a@example.org"
    const answer = reply({
      content: [
        { type: "text", text: '{"to":"a\\u0040example.org","card":4111111111111111}' },
        { type: "image", data: "4111111111111111", mimeType: "image/png" },
        {
          type: "resource",
          resource: { uri: `mailto:${mail}`, text: mail, mimeType: "text/plain" },
        },
      ],
      structuredContent: { [mail]: [mail], card: 4111111111111111 },
      _meta: { note: mail },
    })
    const { answer: left, warnings } = under(answer, { detect: ["email", "payment_card"] })
    expect(warnings).toEqual(["redacted: r0"])
    expect(left).toEqual(
      reply({
        content: [
          { type: "text", text: '{"to":"[redacted]","card":"[redacted]"}' },
          { type: "image", data: "4111111111111111", mimeType: "image/png" },
          {
            type: "resource",
            resource: { uri: `mailto:${mail}`, text: "[redacted]", mimeType: "text/plain" },
          },
        ],
        structuredContent: { "[redacted]": ["[redacted]"], card: "[redacted]" },
        _meta: { note: "[redacted]" },
      }),
    )
  })

  test("holds for what is carried digit for digit, and for errors of tools and of servers", () => {
    const { value, exact } = parseExact(
      '{"content":[],"structuredContent":{"card":4111111111111111,"n":1e400}}',
    )
    const twins = { kind: "result", result: exact, plain: value } as BackendReply
    const { answer } = under(twins, { detect: ["payment_card"] })
    expect(JSON.stringify((answer as { result: object }).result)).toBe(
      '{"structuredContent":{"card":"[redacted]","n":1e400},"content":[]}',
    )
    const failed = reply({ content: [{ type: "text", text: "no a@example.org" }], isError: true })
    expect(wordsOf(under(failed, { detect: ["email"] }))).toBe("no [redacted]")
    const error = {
      kind: "error",
      error: { code: 1, message: "a@example.org", data: ["a@example.org"] },
    } as const
    expect(under(error, { detect: ["email"] }).answer).toEqual({
      kind: "error",
      error: { code: 1, message: "[redacted]", data: ["[redacted]"] },
    })
    const other = { kind: "error", error: { code: 1, message: "no" } } as const
    expect(under(other, { detect: ["email"] }).answer).toBe(other)
  })

  test("may be a pattern of RE2, whose replacement is taken literally", () => {
    const left = under(text("ACME-12 and ACME-7"), { pattern: "ACME-\\d+", replacement: "$1\\" })
    expect(wordsOf(left)).toBe("$1\\ and $1\\")
  })

  test("finds its form across names and values of a text that is JSON, and in short numbers", () => {
    const left = (words: string, pattern: string) => wordsOf(under(text(words), { pattern }))
    const pattern = 'password"\\s*:\\s*"[^"]+|CASE-\\d+'
    expect(left('{"password":"hunter2"}', pattern)).toBe('{"[redacted]"}')
    expect(left('{"id":"CASE-1","password":"hunter2"}', pattern)).not.toContain("hunter2")
    expect(left('{"pin":1234}', "\\b\\d{4}\\b")).toBe('{"pin":"[redacted]"}')
  })

  test("leaves a task, and a question, what they go on by", () => {
    const state = "p1.kid.sk-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
    const numbers = { ttlMs: 1234, pollIntervalMs: 1234 }
    const goingOn = [
      { resultType: "task", taskId: state, status: "working", ...numbers },
      { task: { taskId: state, ttl: 1234, pollInterval: 1234 } },
      { resultType: "input_required", requestState: state, inputRequests: { "1234": {} } },
    ]
    for (const result of goingOn.map(reply)) {
      expect(under(result, { detect: ["token"] }).answer).toBe(result)
      expect(under(result, { pattern: "1234" }).answer).toBe(result)
    }
    const { answer } = under(
      reply({ taskId: state, structuredContent: { taskId: state, n: 1234 } }),
      {
        detect: ["token"],
      },
    )
    expect(answer).toEqual(
      reply({ taskId: state, structuredContent: { taskId: "p1.kid.[redacted]", n: 1234 } }),
    )
  })

  test("keeps every digit of what stands beside what it takes out", () => {
    const words = '{"mail":"a@example.org","n":12345678901234567890}'
    expect(taken(words)).toBe('{"mail":"[redacted]","n":12345678901234567890}')
  })

  test("withholds a text that is JSON and deeper than can be looked through", () => {
    const deep = `${"[".repeat(49_000)}"a@b.co"${"]".repeat(49_000)}`
    for (const one of [{ detect: ["email" as const] }, { path: "$.a" }])
      expect(under(text(deep), one).answer).toMatchObject({
        refusal: { code: "withheld_output" },
      })
  })

  test("is refused when it is read where RE2 has no such pattern, and where it fits nothing at all", () => {
    const read = (sketch: Omit<Sketch, "id">) => () =>
      resultsOf({ redact: [{ id: "x", ...sketch }] })
    expect(read({ pattern: "(?<=a)b" })).toThrow(/results\.redact\.0\.pattern: /)
    expect(read({ pattern: "a*" })).toThrow("matches the empty text")
    expect(read({ path: "$.a[" })).toThrow(/results\.redact\.0\.path: /)
    expect(read({ pattern: "a", path: "$" })).toThrow("expected one of path, detect and pattern")
    expect(read({})).toThrow("expected one of path, detect and pattern")
  })

  test("withholds a result that is too long for it", () => {
    expect(under(text("x".repeat(100_001)), { detect: ["email"] }).answer).toMatchObject({
      refusal: { code: "withheld_output" },
    })
  })

  test("leaves nothing that it is for, in whatever it stands, and is done with any text", () => {
    const piece = fc.constantFrom(
      "a@b.co",
      "4111111111111111",
      "eyJ",
      "eyJaaaaaaaaaaaa.aaaaa.",
      "-----BEGIN PRIVATE KEY-----",
      "@",
      ".",
      "1 ",
      "DE89",
      " ",
      "\u200b",
      "é",
    )
    const hostile = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(""))
    fc.assert(
      fc.property(hostile, (words) => {
        const once = String(taken(words))
        expect(once).not.toMatch(/(?<![\w.%+-])a@b\.co(?![\w-])/)
        expect(once).not.toContain("-----BEGIN PRIVATE KEY-----")
      }),
    )
    for (const unit of [
      "a",
      "1",
      "1 ",
      "a.",
      "eyJ-",
      "eyJaaaaaaaaaa.",
      "-----BEGIN PRIVATE KEY-----",
      "DE89 ",
      "A1",
      "sk-",
      "a@",
      "a@a.",
    ])
      expect(taken(unit.repeat(90_000 / unit.length))).toBeDefined()
  })
})
