import fc from "fast-check"
import { describe, expect, test } from "vitest"
import {
  isList,
  isObject,
  type Json,
  type JsonObject,
  type JsonSchema,
} from "../../../src/schema/json.ts"
import { createJudge } from "../../../src/schema/subsume/judge/judge.ts"
import { createMeter } from "../../../src/schema/subsume/judge/meter.ts"
import { Anatomy } from "../../../src/schema/types/anatomy.ts"
import { type Part, type Type, typeOf } from "../../../src/schema/types/type.ts"
import { witness } from "../../support/witness.ts"
import { familyArbitrary, instance } from "../subsume/arbitrary.ts"
import { validatorOf } from "../subsume/tried.ts"

/** ANATOMY_RUNS=20000 ANATOMY_SEED=7 npx vitest run test/schema/types/anatomy.test.ts */
const runs = Number(process.env["ANATOMY_RUNS"] ?? 150)
const seed = Number(process.env["ANATOMY_SEED"] ?? 20_261_129)

const anatomy = new Anatomy()
const names = ["a", "b", "c", "x-a", "other", "toString"]
const indexes = [0, 1, 2, 3, -1, -2]

const isOf = (type: Type, value: Json) =>
  createJudge(createMeter(100_000), anatomy.matches)(type, value).says !== "misfit"

/** Whether a part that is there, or is not, is what was said of it. */
function isAsSaid({ type, presence }: Part, found: Json | undefined): boolean {
  if (found === undefined) return presence !== "always"
  return presence !== "never" && isOf(type, found)
}

/** What was said wrongly of a value that fits the type. */
const liesAbout = (type: Type, value: Json): readonly string[] => [
  ...names.filter((name) => !isAsSaid(anatomy.member(type, name), memberOf(value, name))),
  ...indexes
    .filter((index) => !isAsSaid(anatomy.item(type, index), itemOf(value, index)))
    .map((index) => `item ${index}`),
  ...(childrenOf(value).every((child) => isOf(anatomy.children(type), child)) ? [] : ["children"]),
  ...(isObject(value) ? liesAboutObject(type, value) : []),
  ...(isList(value) ? liesAboutArray(type, value) : []),
]

const memberOf = (value: Json, name: string) =>
  isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
const itemOf = (value: Json, index: number) => (isList(value) ? value.at(index) : undefined)
const childrenOf = (value: Json): readonly Json[] =>
  typeof value === "object" && value !== null ? Object.values(value) : []

function liesAboutObject(type: Type, value: JsonObject): readonly string[] {
  const spoken = anatomy.names(type)
  return Object.keys(value).filter(
    (name) => !spoken.includes(name) && !isOf(anatomy.others(type), value[name] ?? null),
  )
}

function liesAboutArray(type: Type, value: readonly Json[]): readonly string[] {
  const items = anatomy.items(type)
  if (items === undefined) return ["no items"]
  const isLong = value.length > items.max || value.length < items.min
  return isLong ? ["length"] : value.filter((item) => !isOf(items.type, item)).map(() => "item")
}

describe(`the parts of types (seed ${seed})`, { timeout: 300_000 }, () => {
  test("are what is said of them, in every value of random schemas", () => {
    const values = fc.sample(instance, { numRuns: 60, seed })
    let tried = 0
    for (const family of fc.sample(familyArbitrary(3), { numRuns: runs, seed }))
      for (const schema of family) {
        const fits = validatorOf(schema)
        const known = witness(schema)
        const fitting = [...values, ...(known === undefined ? [] : [known])].filter(
          (value) => fits(value) === true,
        )
        tried += fitting.length
        for (const value of fitting)
          expect({ schema, value, lies: liesAbout(typeOf(schema), value) }).toEqual({
            schema,
            value,
            lies: [],
          })
      }
    expect(tried).toBeGreaterThan(runs * 10)
  })

  test.each<[string, JsonSchema, string, string]>([
    ["is sure where it is required", { type: "object", required: ["a"] }, "a", "always"],
    ["is open where it is not", { type: "object", properties: { a: {} } }, "a", "maybe"],
    ["may be missing where there may be no object", { required: ["a"] }, "a", "maybe"],
    ["cannot be in a closed object", { type: "object", additionalProperties: false }, "a", "never"],
    ["cannot be in what is no object", { type: "string" }, "a", "never"],
    [
      "is sure where all alternatives require it",
      {
        type: "object",
        anyOf: [{ required: ["a"] }, { $ref: "#/$defs/x" }],
        $defs: { x: { required: ["b", "a"] } },
      },
      "a",
      "always",
    ],
    ["is sure where all values have it", { enum: [{ a: 1 }, { a: 2 }] }, "a", "always"],
  ])("a member %s", (_, schema, name, presence) => {
    expect(anatomy.member(typeOf(schema), name).presence).toBe(presence)
  })

  test.each<[boolean, JsonSchema, Json]>([
    [true, { type: "object", properties: { a: { type: "string" } } }, { a: "" }],
    [true, { type: "object", properties: { a: { type: "string" } } }, {}],
    [false, { type: "object", properties: { a: { type: "string" } } }, { b: 1 }],
    [false, { type: "object", properties: { a: {} } }, { a: 1 }],
    [false, {}, 1],
    [false, true, 1],
    [true, { type: "array", items: { type: "number" } }, [1]],
    [false, { type: "array" }, [1]],
    [true, { type: "object", additionalProperties: { type: "number" } }, { b: 1 }],
    [true, { anyOf: [{ const: { b: 1 } }, { type: "string" }] }, { b: 1 }],
  ])("it is %s that a schema speaks of a value: %j, %j", (isSpokenOf, schema, value) => {
    expect(anatomy.speaksOf(typeOf(schema), value)).toBe(isSpokenOf)
  })
})
