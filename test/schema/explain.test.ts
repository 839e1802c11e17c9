import { describe, expect, test } from "vitest"
import { faults, lines, object, type Row } from "../support/schema-lines.ts"

const draft07 = "http://json-schema.org/draft-07/schema#"

const table: readonly Row[] = [
  [
    "a number in quotes",
    object({ limit: { type: "integer" } }),
    { limit: "10" },
    ['/limit: expected integer, received string "10" — send 10 without quotes'],
  ],
  [
    "a fraction",
    object({ limit: { type: "integer" } }),
    { limit: 1.5 },
    ["/limit: expected integer, received number 1.5"],
  ],
  [
    "a boolean in quotes",
    object({ all: { type: "boolean" } }),
    { all: "true" },
    ['/all: expected boolean, received string "true" — send true without quotes'],
  ],
  [
    "a number that is a text",
    object({ zip: { type: "string" } }),
    { zip: 12345 },
    ['/zip: expected string, received number 12345 — send "12345" in quotes'],
  ],
  [
    "one item instead of an array",
    object({ tags: { type: "array" } }),
    { tags: "a" },
    ['/tags: expected array, received string "a" — send an array, even for one item'],
  ],
  ["null", object({ a: { type: "string" } }), { a: null }, ["/a: expected string, received null"]],
  [
    "nullable",
    { type: "string", nullable: true },
    1,
    ['(whole): expected string or null, received number 1 — send "1" in quotes'],
  ],
  [
    "an array, an object",
    object({ a: { type: "string" }, b: { type: "string" } }),
    { a: [1, 2, 3], b: { x: 1, y: 2, 3: 3, 4: 4, 5: 5, 6: 6 } },
    [
      "/a: expected string, received an array of 3",
      '/b: expected string, received an object with "3", "4", "5", "6", "x", …',
    ],
  ],
  [
    "a missing field",
    object({ id: { type: "string", format: "uuid" } }, { required: ["id"] }),
    {},
    ["/id: required, missing, expected string (uuid)"],
  ],
  [
    "a missing field sent under another name",
    object({ id: { type: "string" } }, { required: ["id"] }),
    { ident: "x" },
    ['/id: required, missing, expected string (you sent "ident")'],
  ],
  [
    "a missing field in another case",
    object({ document_id: { enum: ["a", "b"] } }, { required: ["document_id"] }),
    { documentId: "x" },
    ['/document_id: required, missing, expected one of "a", "b" (you sent "documentId")'],
  ],
  [
    "a missing field described by a reference",
    object(
      { a: { $ref: "#/$defs/d" } },
      { $defs: { d: { anyOf: [{ type: "string" }, { type: "null" }] } }, required: ["a"] },
    ),
    {},
    ["/a: required, missing, expected string or null"],
  ],
  [
    "a field that others need",
    { dependentRequired: { card: ["cvc"] }, properties: { cvc: { type: "string" } } },
    { card: 1 },
    ['/cvc: required with "card", missing, expected string'],
  ],
  [
    "the same in draft-07",
    { $schema: draft07, dependencies: { card: ["cvc"] } },
    { card: 1 },
    ['/cvc: required with "card", missing, expected a value'],
  ],
  [
    "a misspelt field",
    object({ limit: {} }, { additionalProperties: false }),
    { limt: 1 },
    ['/limt: not allowed, did you mean "limit"?'],
  ],
  [
    "an unknown field",
    object({ limit: {}, offset: {} }, { additionalProperties: false }),
    { sort: 1 },
    ['/sort: not allowed, known: "limit", "offset"'],
  ],
  [
    "a field of an object without any",
    object({}, { additionalProperties: false }),
    { a: 1 },
    ["/a: not allowed, no fields are known here"],
  ],
  [
    "fields unknown to all parts",
    { allOf: [object({ alpha: {} }), object({ beta: {} })], unevaluatedProperties: false },
    { alhpa: 1 },
    ['/alhpa: not allowed, did you mean "alpha"?'],
  ],
  [
    "a value out of a list",
    object({ mode: { enum: ["fast", "full"] } }),
    { mode: "quick" },
    ['/mode: expected one of "fast", "full", received "quick"'],
  ],
  [
    "a misspelt value",
    object({ mode: { enum: ["fast", "full"] } }),
    { mode: "fats" },
    ['/mode: expected one of "fast", "full", received "fats" — did you mean "fast"?'],
  ],
  [
    "a constant",
    { const: { a: 1 } },
    { a: 2 },
    ['(whole): expected {"a":1}, received an object with "a"'],
  ],
  [
    "a format",
    object({ since: { type: "string", format: "date-time" } }),
    { since: "yesterday" },
    ['/since: expected date-time such as "2026-01-31T12:00:00Z", received "yesterday"'],
  ],
  [
    "a number format",
    { type: "integer", format: "int32" },
    3e9,
    ["(whole): expected an integer of 32 bits, received 3000000000"],
  ],
  [
    "pattern, ranges and lengths",
    {
      properties: {
        zip: { pattern: "^[0-9]{5}$" },
        n: { minimum: 1 },
        x: { exclusiveMaximum: 1 },
        m: { multipleOf: 0.01 },
        tags: { maxItems: 3 },
        one: { minItems: 1 },
        s: { maxLength: 1 },
        o: { minProperties: 2 },
      },
    },
    { zip: "12", n: 0, x: 1, m: 0.001, tags: [1, 2, 3, 4], one: [], s: "😀😀", o: {} },
    [
      '/zip: expected a string matching ^[0-9]{5}$, received "12"',
      "/n: expected >= 1, received 0",
      "/x: expected < 1, received 1",
      "/m: expected a multiple of 0.01, received 0.001",
      "/tags: expected at most 3 items, received 4",
      "/one: expected at least 1 item, received 0",
      "/s: expected at most 1 character, received 2",
      "/o: expected at least 2 fields, received 0",
    ],
  ],
  [
    "JSON in a string",
    object({ ship: { type: "object" } }),
    { ship: '{"kind":"post"}' },
    [
      '/ship: expected object, received string "{\\"kind\\":\\"post\\"}" — send JSON, not a string holding JSON',
    ],
  ],
  [
    "a long string",
    { type: "integer" },
    'é"'.repeat(100),
    [`(whole): expected integer, received string "${'é\\"'.repeat(20)}é…"`],
  ],
  [
    "equal items",
    { uniqueItems: true },
    [1, { a: 1, b: 2 }, { b: 2, a: 1 }],
    ["(whole): expected distinct items, received the same at 1 and 2"],
  ],
  [
    "nothing that is asked for",
    { contains: { type: "string" }, minContains: 2 },
    [1, 2],
    ["(whole): expected at least 2 of its items to be string, received an array of 2"],
  ],
  [
    "what is excluded",
    { not: { type: "string" } },
    "x",
    ['(whole): expected anything but string, received "x"'],
  ],
  [
    "names",
    { propertyNames: { pattern: "^[a-z]+$" } },
    { A1: 1 },
    ["/A1: not allowed as a name, expected a name matching ^[a-z]+$"],
  ],
  ["a forbidden field", { properties: { x: false } }, { x: 1 }, ["/x: not allowed"]],
  [
    "one item too many",
    { prefixItems: [{}, {}], items: false },
    [1, 2, 3],
    ["(whole): expected at most 2 items, received 3"],
  ],
  [
    "else",
    { if: { required: ["b"] }, else: { required: ["b"] } },
    { a: 1 },
    ["/b: required, missing, expected a value"],
  ],
  [
    "a pointer with / and ~",
    { additionalProperties: { type: "null" } },
    { "a/b~c": 1 },
    ["/a~1b~0c: expected null, received number 1"],
  ],
  [
    "a name with a line break",
    { additionalProperties: false },
    { "a\nb": 1 },
    ["/a\\u000ab: not allowed, no fields are known here"],
  ],
]

describe("lines", () => {
  test.each(table)("%s", (_, schema, value, expected) => {
    expect(lines(schema, value)).toEqual(expected)
  })

  test("a value that fits has none", () => {
    expect(lines(object({ a: { type: "string" } }), { a: "x" })).toEqual([])
  })
})

test("a fault carries what its line says", () => {
  expect(faults(object({ mode: { enum: ["fast", "full"] } }), { mode: "fats" })).toEqual([
    {
      at: "/mode",
      keyword: "enum",
      expected: 'one of "fast", "full"',
      received: '"fats"',
      allowed: ["fast", "full"],
      hint: 'did you mean "fast"?',
      line: expect.stringContaining("/mode: "),
    },
  ])
})

test("values are listed up to fifty and a thousand characters, and the rest counted", () => {
  const numbers = Array.from({ length: 120 }, (_, index) => index)
  const [many] = faults({ enum: numbers }, -1)
  expect(many?.allowed).toHaveLength(50)
  expect(many?.expected).toMatch(/, 49 and 70 more$/)
  const [long] = faults({ enum: ["a".repeat(600), "b".repeat(600)] }, "c")
  expect(long?.expected).toMatch(/^one of "a+" and 1 more$/)
  const [mixed] = faults({ enum: ["a".repeat(2_000), "b"] }, "c")
  expect(mixed?.expected).toBe('one of "b" and 1 more')
  const [none] = faults({ enum: ["a".repeat(2_000), "b".repeat(2_000)] }, "c")
  expect(none?.expected).toBe("one of 2 values that are too long to list")
})

test("there are at most ten faults, and equal lines once", () => {
  expect(faults({ items: { type: "string" } }, Array(30).fill(1))).toHaveLength(10)
  expect(lines({ allOf: [{ type: "string" }, { type: "string" }] }, 1)).toHaveLength(1)
})

test("of 100,000 bad items the first is explained", () => {
  const schema = { items: { type: "object", properties: { a: { type: "string" } } } }
  const value = Array.from({ length: 100_000 }, () => ({ a: 1 }))
  expect(lines(schema, value)).toEqual([
    '/0/a: expected string, received number 1 — send "1" in quotes',
  ])
})
