import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { infer } from "../../../src/compose/check/infer.ts"
import type { TypeScope } from "../../../src/compose/check/type-scope.ts"
import { bind } from "../../../src/compose/expr/bind.ts"
import { bindMapping } from "../../../src/compose/expr/bind-mapping.ts"
import { evaluate } from "../../../src/compose/expr/evaluate.ts"
import type { Expr } from "../../../src/compose/expr/expr.ts"
import type { Json, JsonSchema } from "../../../src/schema/json.ts"
import { createJudge } from "../../../src/schema/subsume/judge/judge.ts"
import { createMeter } from "../../../src/schema/subsume/judge/meter.ts"
import { Anatomy } from "../../../src/schema/types/anatomy.ts"
import { notThere, type Part, typeOf } from "../../../src/schema/types/type.ts"
import { familyArbitrary, instance } from "../../schema/subsume/arbitrary.ts"
import { validatorOf } from "../../schema/subsume/tried.ts"
import { placeIn, type ScopeSketch, scopeOf } from "../../support/exprs.ts"
import { witness } from "../../support/witness.ts"
import { binding, mapping } from "./bindings.ts"

/** INFER_RUNS=100000 INFER_SEED=7 npx vitest run test/compose/check/inference.test.ts */
const runs = Number(process.env["INFER_RUNS"] ?? 4_000)
const seed = Number(process.env["INFER_SEED"] ?? 20_261_129)

const anatomy = new Anatomy()

/** A schema, and values that are valid under it. */
interface Source {
  readonly schema: JsonSchema
  readonly values: readonly Json[]
}

function sourcesOf(count: number): readonly Source[] {
  const values = fc.sample(instance, { numRuns: 300, seed })
  return fc.sample(familyArbitrary(3), { numRuns: count, seed }).flatMap((family) =>
    family.flatMap((schema) => {
      const fits = validatorOf(schema)
      const known = witness(schema)
      const all = [...(known === undefined ? [] : [known]), ...values]
      const fitting = all.filter((value) => fits(value) === true).slice(0, 12)
      return fitting.length === 0 ? [] : [{ schema, values: fitting }]
    }),
  )
}

/** Whether `part` is what may be said of what came out; a failure may come of anything. */
function isTrue(part: Part, found: Json | undefined): boolean {
  if (found === undefined) return part.presence !== "always"
  const judge = createJudge(createMeter(100_000), anatomy.matches)
  return part.presence !== "never" && judge(part.type, found).says !== "misfit"
}

describe(`the types of expressions (seed ${seed})`, { timeout: 300_000 }, () => {
  const sources = sourcesOf(Math.max(60, Math.ceil(runs / 100)))
  const source = fc.constantFrom(...sources)
  const sourced = fc.record({ input: source, self: source, item: source, s: source })
  const at = fc.nat({ max: 11 })
  const picks = fc.array(fc.record({ input: at, self: at, item: at, s: at }), {
    minLength: 6,
    maxLength: 6,
  })
  const counts = { values: 0, absent: 0, failed: 0, sure: 0 }

  type Sources = { readonly [of in "input" | "self" | "item" | "s"]: Source }

  const typesOf = ({ input, self, item, s }: Sources): TypeScope => ({
    frame: { input: partOf(input), steps: new Map([["s", { value: partOf(s), mayMiss: false }]]) },
    self: partOf(self),
    item: partOf(item),
  })
  const partOf = ({ schema }: Source): Part => ({ type: typeOf(schema), presence: "always" })
  const pickOf = ({ values }: Source, index: number): Json => values[index % values.length] ?? null

  function check(expr: Expr, from: Sources, pick: { [of in keyof Sources]: number }): void {
    const sketch: ScopeSketch = {
      input: pickOf(from.input, pick.input),
      self: pickOf(from.self, pick.self),
      item: pickOf(from.item, pick.item),
      steps: { s: pickOf(from.s, pick.s) },
    }
    const part = infer(expr, typesOf(from), anatomy)
    const found = evaluate(expr, scopeOf(sketch))
    if (!found.ok) {
      counts.failed++
      return
    }
    counts[found.value === undefined ? "absent" : "values"]++
    if (part.presence === "always") counts.sure++
    const schemas = Object.fromEntries(Object.entries(from).map(([k, v]) => [k, v.schema]))
    const claim = { expr, schemas, sketch, found: found.value, presence: part.presence }
    expect({ ...claim, isTrue: isTrue(part, found.value) }).toEqual({ ...claim, isTrue: true })
  }

  const place = placeIn({ steps: { s: null } })

  test("hold of whatever bindings yield of values that fit their schemas", () => {
    fc.assert(
      fc.property(binding, sourced, picks, (written, from, choices) => {
        const expr = bind(written, place)
        for (const pick of choices) check(expr, from, pick)
      }),
      { numRuns: runs, seed },
    )
    expect(counts.values).toBeGreaterThan(runs)
    expect(counts.absent).toBeGreaterThan(runs / 100)
    expect(counts.sure).toBeGreaterThan(runs)
  })

  test("hold of whatever mappings make", () => {
    fc.assert(
      fc.property(mapping, sourced, picks, (written, from, choices) => {
        const expr = bindMapping(written, "self")
        for (const pick of choices) check(expr, from, pick)
      }),
      { numRuns: runs / 4, seed },
    )
  })

  test("are those of nothing where nothing is in scope", () => {
    const scope: TypeScope = { frame: { input: notThere, steps: new Map() } }
    for (const written of [{ path: "$" }, { item: { path: "$" } }, { self: { path: "$.a" } }])
      expect(infer(bind(written, place), scope, anatomy).presence).toBe("never")
  })
})
