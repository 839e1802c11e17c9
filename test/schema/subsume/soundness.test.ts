import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { Json, JsonSchema } from "../../../src/schema/json.ts"
import { createSchemas } from "../../../src/schema/schemas.ts"
import { subsume } from "../../../src/schema/subsume/subsume.ts"
import { witness } from "../../support/witness.ts"
import { familyArbitrary, instance } from "./arbitrary.ts"
import { validatorOf } from "./tried.ts"

/** SUBSUME_RUNS=1000000 SUBSUME_SEED=7 npx vitest run test/schema/subsume/soundness.test.ts */
const runs = Number(process.env["SUBSUME_RUNS"] ?? 40_000)
const seed = Number(process.env["SUBSUME_SEED"] ?? 20_260_131)

const familySize = 5
/** In all its ordered pairs, one with itself included, and as many across families. */
const families = Math.ceil(runs / (2 * (familySize + 1) ** 2))
const schemas = createSchemas({ timeBoxMs: 60_000 })

interface Pair {
  readonly from: JsonSchema
  readonly to: JsonSchema
}

function* pairsOf(pool: readonly (readonly JsonSchema[])[]): Generator<Pair> {
  const all = pool.flat()
  for (const [index, family] of pool.entries())
    for (const [nth, from] of family.entries())
      for (const [mth, to] of family.entries()) {
        yield { from, to }
        yield {
          from,
          to: all[(index * 7_919 + nth * 104_729 + mth * 1_299_709) % all.length] ?? to,
        }
      }
}

describe(`subsumption over random schemas (seed ${seed})`, { timeout: 600_000 }, () => {
  const pool = fc.sample(familyArbitrary(familySize), { numRuns: families, seed })
  const counterexamples: Json[] = []
  const proved: Pair[] = []
  const counts = { pairs: 0, yes: 0, no: 0, unknown: 0 }

  test("a no comes with a value that the validators take for the one and not for the other", () => {
    for (const { from, to } of pairsOf(pool)) {
      const found = subsume(from, to, { schemas })
      counts.pairs++
      counts[found.answer]++
      if (found.answer === "yes") proved.push({ from, to })
      if (found.answer !== "no") continue
      const { counterexample } = found
      counterexamples.push(counterexample)
      const tried = [validFor(from)(counterexample), validFor(to)(counterexample)]
      expect([from, to, counterexample, tried]).toEqual([from, to, counterexample, [true, false]])
    }
    expect(counts.pairs).toBeGreaterThanOrEqual(runs * 0.8)
    expect(Math.min(counts.yes, counts.no) / counts.pairs).toBeGreaterThan(0.1)
  })

  test("a yes has no exception among random values, witnesses and the counter-examples of all other pairs", () => {
    const random = fc.sample(instance, { numRuns: 400, seed })
    const witnesses = pool.flat().flatMap((schema) => witness(schema, { schemas }) ?? [])
    const values = [...random, ...distinct(witnesses), ...distinct(counterexamples)].slice(0, 4_000)
    const table = new Map(pool.flat().map((schema) => [schema, values.map(validFor(schema))]))
    const lies = proved.flatMap(({ from, to }) => {
      const [left, right] = [table.get(from) ?? [], table.get(to) ?? []]
      const index = left.findIndex((fits, at) => fits === true && right[at] !== true)
      return index < 0 ? [] : [{ from, to, value: values[index] }]
    })
    expect(lies).toEqual([])
  })

  test("little is left unknown", () => {
    expect(counts.unknown / counts.pairs).toBeLessThan(0.03)
  })
})

const validators = new Map<JsonSchema, ReturnType<typeof validatorOf>>()
function validFor(schema: JsonSchema): ReturnType<typeof validatorOf> {
  const known = validators.get(schema) ?? validatorOf(schema)
  validators.set(schema, known)
  return known
}

const distinct = (values: readonly Json[]): Json[] =>
  [...new Set(values.map((value) => JSON.stringify(value)))].map((text) => JSON.parse(text))
