import { describe, expect, test } from "vitest"
import { faults, lines, object, type Row } from "../support/schema-lines.ts"

const pickup = object(
  { kind: { const: "pickup" }, shop: { type: "string" } },
  { required: ["kind", "shop"] },
)
const post = object(
  { kind: { const: "post" }, zip: { type: "string" } },
  { required: ["kind", "zip"] },
)
const shipped = {
  ...object({ ship: { oneOf: [{ $ref: "#/$defs/pickup" }, { $ref: "#/$defs/post" }] } }),
  $defs: { pickup, post },
}
const filter = {
  $ref: "#/$defs/f",
  $defs: {
    f: {
      oneOf: [
        object(
          { op: { const: "and" }, args: { type: "array", items: { $ref: "#/$defs/f" } } },
          { required: ["op", "args"] },
        ),
        object({ op: { const: "eq" }, value: { type: "number" } }, { required: ["op", "value"] }),
      ],
    },
  },
}
const branches: readonly Row[] = [
  [
    "a discriminator with another value",
    shipped,
    { ship: { kind: "drone" } },
    ['/ship/kind: expected one of "pickup", "post", received "drone"'],
  ],
  [
    "a discriminator with a misspelt value",
    shipped,
    { ship: { kind: "pots" } },
    ['/ship/kind: expected one of "pickup", "post", received "pots" — did you mean "post"?'],
  ],
  [
    "no discriminator",
    shipped,
    { ship: { zip: "1" } },
    ['/ship/kind: required, missing, expected one of "pickup", "post"'],
  ],
  [
    "the branch that the discriminator names",
    shipped,
    { ship: { kind: "post" } },
    ["/ship/zip: required, missing, expected string"],
  ],
  [
    "no object where all branches are objects",
    shipped,
    { ship: 5 },
    ["/ship: expected object, received number 5"],
  ],
  [
    "types of branches, together",
    { anyOf: [{ type: "string" }, { type: "null" }] },
    [1],
    ["(whole): expected string or null, received an array of 1"],
  ],
  [
    "values of branches, together",
    { oneOf: [{ const: "a", title: "A" }, { const: "b" }] },
    "c",
    ['(whole): expected one of "a", "b", received "c"'],
  ],
  [
    "values or a type",
    { anyOf: [{ const: "auto" }, { type: "integer" }] },
    "atuo",
    ['(whole): expected "auto" or integer, received string "atuo"'],
  ],
  [
    "the object of an object or null",
    { anyOf: [object({ mode: { enum: ["a", "b"] } }), { type: "null" }] },
    { mode: "x" },
    ['/mode: expected one of "a", "b", received "x"'],
  ],
  [
    "the branch with the fewest errors",
    {
      anyOf: [
        object({ a: { type: "string" }, b: { type: "string" } }),
        object({ a: { type: "string" }, b: { type: "integer" } }),
      ],
    },
    { a: 1, b: 2 },
    ['/a: expected string, received number 1 — send "1" in quotes'],
  ],
  [
    "branches within branches, recursively",
    filter,
    { op: "and", args: [{ op: "eq", value: 1 }, { op: "eq", value: "1" }, { op: "or" }] },
    [
      '/args/1/value: expected number, received string "1" — send 1 without quotes',
      '/args/2/op: expected one of "and", "eq", received "or"',
    ],
  ],
  [
    "errors beside branches",
    { ...shipped, required: ["n"] },
    { ship: { kind: "drone" } },
    [
      "/n: required, missing, expected a value",
      '/ship/kind: expected one of "pickup", "post", received "drone"',
    ],
  ],
  [
    "two branches that fit",
    { oneOf: [{ type: "integer" }, { minimum: 2 }] },
    5,
    ["(whole): expected exactly one form to fit, received a value that fits forms 1 and 2"],
  ],
  [
    "twin branches",
    { $defs: { a: { required: ["x"] } }, anyOf: [{ $ref: "#/$defs/a" }, { $ref: "#/$defs/a" }] },
    {},
    ["/x: required, missing, expected a value"],
  ],
]

const secrets: readonly Row[] = [
  [
    "write-only values",
    object({ p: { type: "string", writeOnly: true, minLength: 8 } }),
    { p: "hunter2" },
    ["/p: expected at least 8 characters, received (hidden)"],
  ],
  [
    "passwords",
    object({
      p: { anyOf: [{ format: "password", type: "string", enum: ["a"] }, { type: "null" }] },
    }),
    { p: "hunter2" },
    ['/p: expected "a" or null, received (hidden)'],
  ],
  [
    "whatever is in a write-only object",
    object({ login: { writeOnly: true, properties: { pin: { type: "integer" } } } }),
    { login: { pin: "4711" } },
    ["/login/pin: expected integer, received (hidden)"],
  ],
  [
    "secrets by name",
    { additionalProperties: { additionalProperties: { type: "integer" } } },
    { a: { token: "4711" } },
    ["/a/token: expected integer, received (hidden)"],
  ],
  [
    "secrets in JSON in a string",
    object({ login: object({ pin: { writeOnly: true } }) }),
    { login: '{"pin":4711}' },
    ["/login: expected object, received (hidden)"],
  ],
]

describe("lines about branches", () => {
  test.each(branches)("%s", (_, schema, value, expected) => {
    expect(lines(schema, value)).toEqual(expected)
  })
})

describe("lines about secrets", () => {
  test.each(secrets)("%s", (_, schema, value, expected) => {
    expect(lines(schema, value)).toEqual(expected)
  })
})

test("no secret is in any part of a fault", () => {
  const schema = object({ p: { writeOnly: true, enum: ["hunter3"] }, token: { type: "integer" } })
  expect(JSON.stringify(faults(schema, { p: "hunter2", token: "4711" }))).not.toMatch(
    /hunter2|4711/,
  )
})
