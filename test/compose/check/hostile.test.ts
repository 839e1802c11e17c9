import { describe, expect, test } from "vitest"
import type { Json, JsonObject } from "../../../src/schema/json.ts"
import { compare } from "../../../src/schema/subsume/compare.ts"
import { typeOf } from "../../../src/schema/types/type.ts"
import { call, compiled } from "../../support/plans.ts"

const bound: JsonObject = { construct: { fields: { a: { path: "$.a" } } } }

/** Checks a composition that gives `a` of its input to a tool, each described by one of the schemas. */
const checked = (input: JsonObject, takes: JsonObject, binding: Json = bound) =>
  compiled(
    {
      inputSchema: input,
      spec: { pipeline: { steps: [{ id: "s", operation: call("t"), input: binding }] } },
    },
    { tools: { t: { inputSchema: takes } } },
  )

const inA = (schema: JsonObject, more: JsonObject = {}): JsonObject => ({
  type: "object",
  properties: { a: schema },
  required: ["a"],
  ...more,
})

const choices = (count: number, of: (index: number) => JsonObject): JsonObject => ({
  anyOf: Array.from({ length: count }, (_, index) => of(index)),
})

const tree = (leaf: JsonObject) =>
  inA(
    { $ref: "#/$defs/node" },
    {
      $defs: {
        node: {
          type: "object",
          properties: { left: { $ref: "#/$defs/node" }, right: { $ref: "#/$defs/node" }, leaf },
          additionalProperties: false,
        },
      },
    },
  )

const deep = (levels: number, leaf: JsonObject): JsonObject => {
  let schema = leaf
  for (let level = 0; level < levels; level++) schema = { allOf: [schema, { type: "array" }] }
  return schema
}

const large = (offset: number) => ({
  enum: Array.from({ length: 1_500 }, (_, index) => index + offset),
})

describe("schemas that mean harm to those who compare them", () => {
  test.each<[string, JsonObject, JsonObject]>([
    ["that refer to themselves", tree({ type: "number" }), tree({ type: "integer" })],
    ["of huge enums", inA(large(0)), inA(large(1))],
    ["of deep allOf", inA(deep(30, { minItems: 1 })), inA(deep(30, { minItems: 2 }))],
    [
      "of many alternatives",
      inA(choices(40, (i) => ({ type: "object", properties: { [`p${i}`]: { type: "string" } } }))),
      inA(choices(40, (i) => ({ type: "object", required: [`p${i}`] }))),
    ],
    [
      "of patterns that backtrack",
      inA({ type: "string", pattern: "^(a+)+$" }),
      inA({ type: "string", pattern: "^(a|a)*b$" }),
    ],
  ])("%s end in an answer, and never in a wrong yes", (_, input, takes) => {
    const { plan, problems } = checked(input, takes)
    expect(plan?.root.steps[0]?.isProven).toBeUndefined()
    const answers = ["input_mismatch", "input_missing_field", "edge_unproven"]
    expect(problems.some(({ code }) => answers.includes(code))).toBe(true)
  })

  test("of which the proof takes too many steps are left open", () => {
    const many = (type: string) =>
      choices(30, (i) => ({ type: "object", properties: { [`p${i}`]: { type } } }))
    const { gap } = compare(typeOf(many("integer")), typeOf(many("string")), { stepsMax: 20 })
    expect(gap).toBeDefined()
  })

  test("a path through what refers to itself goes as far as it says and no further", () => {
    const far = `$.a${".left".repeat(60)}.leaf`
    const { problems } = checked(tree({ type: "string" }), inA({ type: "string" }), {
      construct: { fields: { a: { path: far } } },
    })
    expect(problems).toMatchObject([{ code: "input_missing_field", severity: "warn" }])
  })

  test("names that objects inherit are members like others", () => {
    const names = ["valueOf", "constructor", "toString"]
    const properties = JSON.parse(`{${names.map((n) => `"${n}":{"type":"string"}`).join()}}`)
    const schema = { type: "object", properties, required: names, additionalProperties: false }
    const fields = JSON.parse(
      `{${names.map((name) => `"${name}":{"path":"$['${name}']"}`).join()}}`,
    )
    const { plan, problems } = checked(schema, schema, { construct: { fields } })
    expect(problems).toEqual([])
    expect(plan?.root.steps[0]?.isProven).toBe(true)
  })
})
