import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { bind } from "../../../src/compose/expr/bind.ts"
import { evaluate } from "../../../src/compose/expr/evaluate.ts"
import { createPlanner } from "../../../src/compose/plan/compile-plan.ts"
import type { Problem } from "../../../src/registry/problem.ts"
import { checkSchema } from "../../../src/schema/guard.ts"
import { isObject, type Json, type JsonObject, type JsonSchema } from "../../../src/schema/json.ts"
import { createSchemas } from "../../../src/schema/schemas.ts"
import { familyArbitrary, instance } from "../../schema/subsume/arbitrary.ts"
import { sketchCatalog } from "../../support/catalog.ts"
import { placeIn, scopeOf } from "../../support/exprs.ts"
import { witness } from "../../support/witness.ts"
import { binding } from "./bindings.ts"

/** FLOW_RUNS=50000 FLOW_SEED=7 npx vitest run test/compose/check/flows.test.ts */
const runs = Number(process.env["FLOW_RUNS"] ?? 600)
const seed = Number(process.env["FLOW_SEED"] ?? 20_261_129)

/** Of the composition's arguments, of what its first step yields, and of what its second takes. */
interface Sketch {
  readonly input: JsonObject
  readonly yields: JsonObject
  readonly takes: JsonObject
  readonly bound: Json
}

const names = ["a", "b", "x"] as const

/** Objects whose members are of kin. */
const objects = fc
  .tuple(familyArbitrary(6), fc.array(fc.nat(), { minLength: 40, maxLength: 40 }))
  .map(([family, numbers]) => {
    const next = () => numbers.shift() ?? 0
    const one = (): JsonObject => {
      const chosen = names.filter(() => next() % 4 > 0)
      const members = chosen.map((name) => [name, family[next() % family.length] ?? true] as const)
      return {
        type: "object",
        properties: Object.fromEntries(members.map(([name, schema]) => [name, inlined(schema)])),
        required: chosen.filter(() => next() % 3 > 0),
        ...(next() % 3 === 0 && { additionalProperties: false }),
      }
    }
    return [one(), one(), one()] as const
  })

/** Without references, which would lead elsewhere from inside. */
const inlined = (schema: JsonSchema): JsonSchema =>
  JSON.stringify(schema).includes("$ref") ? true : withoutDialect(schema)

function withoutDialect(schema: JsonSchema): JsonSchema {
  if (!isObject(schema)) return schema
  const { $schema: _, $defs: __, ...rest } = schema
  return rest
}

/** Mostly bindings that might fit. */
const fieldPath = fc.constantFrom("$.a", "$.b", "$.x", "$.a.b", "$.a[0]", "$.a[*]")
const likely = fc.oneof(
  fc.record({ reference: fc.record({ step: fc.constant("s"), path: fieldPath }) }),
  fc.record({ path: fieldPath }),
  fc.record({ constant: instance }),
  binding,
)
const bound: fc.Arbitrary<Json> = fc.oneof(
  fc.record({
    construct: fc.record({ fields: fc.dictionary(fc.constantFrom(...names), likely) }),
  }),
  fc.constant({ reference: { step: "s", path: "$" } }),
  fc.constant({ path: "$" }),
  fc.record({ merge: fc.tuple(fc.constant({ path: "$" }), likely) }),
  binding,
)

const sketch: fc.Arbitrary<Sketch> = fc
  .tuple(objects, bound)
  .map(([[input, yields, takes], written]) => ({ input, yields, takes, bound: written }))
  .filter(({ input, yields, takes }) =>
    [input, yields, takes].every((schema) => checkSchema(schema).verdict !== "refused"),
  )

const compiled = ({ input, yields, takes, bound: written }: Sketch) => {
  const steps = [
    { id: "s", operation: { tool: { name: "s" } }, input: { constant: {} } },
    { id: "t", operation: { tool: { name: "t" } }, input: written },
  ]
  const depends = ["s", "t"].map((name) => ({ type: "tool", name, version: "1" }) as const)
  const catalog = sketchCatalog({
    tools: {
      "s@1": { outputSchema: yields },
      "t@1": { inputSchema: takes },
      "c@1": { composition: true, inputSchema: input },
    },
  })
  const composed = catalog.tool("c", "1")
  if (composed === undefined) throw new Error("it is there")
  const entity = { ...composed.entity, spec: { pipeline: { steps } }, depends, inputSchema: input }
  return createPlanner(catalog).compile({ ...composed, entity })
}

describe(`values on their way from step to step (seed ${seed})`, { timeout: 600_000 }, () => {
  const schemas = createSchemas({ timeBoxMs: 60_000 })
  const fits = (schema: JsonSchema, value: Json) =>
    schemas.validator(schema).faults(value) === undefined
  const values = fc.sample(
    fc.dictionary(fc.constantFrom(...names), instance, { noNullPrototype: true }),
    { numRuns: 200, seed },
  )
  const valid = (schema: JsonSchema): readonly Json[] => {
    const known = witness(schema)
    const all = known === undefined ? values : [known, ...values]
    return all.filter((value) => fits(schema, value)).slice(0, 12)
  }
  const place = placeIn({ steps: { s: null } })
  const computed = (written: Json, input: Json, s: Json) =>
    evaluate(bind(written, place), scopeOf({ input, steps: { s } }))
  /** An input that is no object goes into the only property of those that take one. */
  const sent = (value: Json, takes: JsonObject): Json => {
    const required = takes["required"]
    const members = Object.keys(Object(takes["properties"]))
    const [only, ...others] = Array.isArray(required) && required.length === 1 ? required : members
    return isObject(value) || only === undefined || others.length > 0 ? value : { [only]: value }
  }

  const counts = { proved: 0, refuted: 0, warned: 0, tried: 0 }

  /** Proved: whatever comes of valid values is valid. */
  function expectNoException(one: Sketch): void {
    for (const input of valid(one.input))
      for (const s of valid(one.yields)) {
        const found = computed(one.bound, input, s)
        if (!found.ok || found.value === undefined) continue
        counts.tried++
        const value = sent(found.value, one.takes)
        expect({ one, input, s, value, isValid: fits(one.takes, value) }).toEqual({
          one,
          input,
          s,
          value,
          isValid: true,
        })
      }
  }

  /** Refuted: the values that are named are valid, and what is made of them is not. */
  function expectCounterexample(one: Sketch, { data }: Problem): void {
    const given = Object(data?.["given"])
    const [input, s] = [given[""] ?? null, given["s"] ?? null]
    const found = computed(one.bound, input, s)
    const claim = { one, input, s, counterexample: data?.["counterexample"] }
    expect({
      ...claim,
      isInput: fits(one.input, input),
      isOutput: fits(one.yields, s),
      made: found.ok && sent(found.value ?? null, one.takes),
      isTaken: fits(one.takes, data?.["counterexample"] ?? null),
    }).toEqual({
      ...claim,
      isInput: true,
      isOutput: true,
      made: claim.counterexample,
      isTaken: false,
    })
  }

  test("are proved to fit, or refuted by values that the validators take and refuse", () => {
    fc.assert(
      fc.property(sketch, (one) => {
        const { plan, problems } = compiled(one)
        if (plan?.root.steps[1]?.isProven) {
          counts.proved++
          expectNoException(one)
        }
        for (const problem of problems)
          if (problem.data?.["given"] !== undefined) {
            counts[problem.severity === "error" ? "refuted" : "warned"]++
            expectCounterexample(one, problem)
          }
      }),
      { numRuns: runs, seed },
    )
    expect(counts.proved).toBeGreaterThan(runs / 20)
    expect(counts.refuted).toBeGreaterThan(runs / 20)
    expect(counts.tried).toBeGreaterThan(runs)
  })
})
