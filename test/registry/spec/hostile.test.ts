import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { readSpec, readTransform, type SpecRead } from "../../../src/registry/spec/read-spec.ts"
import type { Json, JsonObject } from "../../../src/schema/json.ts"
import { canonicalSpecs } from "../../support/canonical-specs.ts"
import { soundSpec } from "../../support/sound-spec.ts"
import { createSpecContext } from "../../support/spec-context.ts"
import { vocabulary } from "../../support/spec-vocabulary.ts"

function read(spec: Json) {
  const context = createSpecContext()
  return { ...context, found: readSpec(spec, "", context) }
}

/** Any JSON, made of the words that specs are made of: far more often nearly right than any JSON. */
const nearlySpec = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { depthSize: "medium", withCrossShrink: true },
    fc.constantFrom<Json>(...vocabulary.values),
    fc.jsonValue() as fc.Arbitrary<Json>,
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...vocabulary.keys), tie("value"), { maxKeys: 4 }),
  ),
})).value

/** A sound spec with some of its values replaced by others. */
const spoiltSpec = fc
  .tuple(
    fc.constantFrom(...Object.values(canonicalSpecs).map(({ spec }) => spec)),
    fc.array(fc.tuple(fc.nat(200), nearlySpec), { minLength: 1, maxLength: 4 }),
  )
  .map(([spec, changes]) => {
    const spoilt = structuredClone(spec)
    for (const [place, value] of changes) replace(spoilt, place, structuredClone(value))
    return spoilt
  })

/** Replaces the `place`-th value (counted round) inside an object. */
function replace(root: JsonObject, place: number, value: Json): void {
  const places: [Record<string, Json>, string][] = []
  const collect = (owner: Json): void => {
    if (typeof owner !== "object" || owner === null) return
    for (const key of Object.keys(owner)) {
      places.push([owner as Record<string, Json>, key])
      collect((owner as Record<string, Json>)[key] ?? null)
    }
  }
  collect(root)
  const [owner, key] = places[place % places.length] ?? []
  if (owner !== undefined && key !== undefined)
    Object.defineProperty(owner, key, { value, enumerable: true, writable: true })
}

const settled = { numRuns: 1500 }

describe("whatever a spec holds,", () => {
  test.each([
    { name: "made of its words", written: nearlySpec },
    { name: "with values replaced", written: spoiltSpec as fc.Arbitrary<Json> },
  ])(
    "a document $name is read without throwing, and each problem has its place",
    async ({ written }) => {
      await fc.assert(
        fc.property(written, (spec) => {
          const before = JSON.stringify(spec)
          const { found, problems, forms } = read(spec)
          expect(JSON.stringify(spec)).toBe(before)
          for (const { pointer } of [...problems, ...forms])
            expect(valueAt(spec, pointer)).toBeDefined()
          if (found === undefined) expect(problems).not.toEqual([])
          else expect(read(found.spec).found?.composition.pattern).toBe(found.composition.pattern)
        }),
        settled,
      )
    },
  )

  test("the canonical form of a sound one reads as itself, with the same calls and no dialect", async () => {
    await fc.assert(
      fc.property(soundSpec, (spec) => {
        const { found, problems } = read(spec)
        expect(problems).toEqual([])
        const again = read(found?.spec ?? null)
        expect(again.problems).toEqual([])
        expect(again.forms).toEqual([])
        expect(JSON.stringify(again.found?.spec)).toBe(JSON.stringify(found?.spec))
        expect(namesOf(again.found)).toEqual(namesOf(found))
        expect(again.found?.composition.isDynamic).toBe(found?.composition.isDynamic)
      }),
      settled,
    )
  })

  test("a transform is read without throwing, too", async () => {
    await fc.assert(
      fc.property(nearlySpec, (mappings) => {
        const transform = readTransform({ mappings }, "", createSpecContext())
        expect(transform).toBeDefined()
      }),
      settled,
    )
  })
})

const namesOf = (found: SpecRead | undefined) =>
  found?.composition.calls.map(({ kind, name, server, skill }) => [kind, name, server, skill])

describe("a hostile spec", () => {
  test("of 10,000 steps, each reading the one before, is read", () => {
    const steps = Array.from({ length: 10_000 }, (_, index) => ({
      id: `s${index}`,
      operation: { tool: { name: "t" } },
      ...(index > 0 && { input: { step: { stepId: `s${index - 1}`, path: "$.x" } } }),
    }))
    const { found, problems, forms } = read({ pipeline: { steps } })
    expect(problems).toEqual([])
    expect(forms).toHaveLength(9_999)
    expect(found?.composition.calls).toHaveLength(10_000)
  })

  test("of 10,000 steps with mistakes gives a problem for each, and short hints", () => {
    const steps = Array.from({ length: 10_000 }, (_, index) => ({
      id: `s${index}`,
      operation: { tool: { name: "t" } },
      input: { reference: { step: "nope" } },
    }))
    const { problems } = read({ pipeline: { steps } })
    expect(problems).toHaveLength(10_000)
    expect(Math.max(...problems.map(({ hint = "" }) => hint.length))).toBeLessThan(300)
  })

  test("of patterns in patterns 128 levels deep is read to its end", () => {
    let spec: JsonObject = { mapEach: { inner: { tool: "deepest" } } }
    for (let level = 0; level < 128; level++)
      spec = { timeout: { durationMs: 1, inner: { pattern: spec } } }
    const { found, problems } = read(spec)
    expect(problems).toEqual([])
    expect(found?.composition.calls.map(({ name }) => name)).toEqual(["deepest"])
  })

  test("of bindings, star keys and literals 128 levels deep is read to its end", () => {
    let binding: JsonObject = { path: "x" }
    let literal: JsonObject = { numberValue: 1 }
    for (let level = 0; level < 128; level++) {
      binding = { list: [binding] }
      literal = { listValue: [literal] }
    }
    const mappings = {
      a: { path: "$" },
      [`a${"[*].a".repeat(128)}`]: { path: "$" },
      b: { literal },
    }
    expect(read({ mapEach: { inner: { value: binding } } }).problems).toMatchObject([
      { code: "path_invalid" },
    ])
    expect(read({ schemaMap: { mappings } }).problems).toMatchObject([
      { code: "mapping_base_missing" },
    ])
  })

  test("with 10,000 star keys beside one base is read", () => {
    const star = Array.from({ length: 10_000 }, (_, index) => [`a[*].k${index}`, { path: "$" }])
    const { found, problems } = read({
      schemaMap: { mappings: { ...Object.fromEntries(star), a: { path: "$.a" } } },
    })
    expect(problems).toEqual([])
    expect(JSON.stringify(found?.spec)).toContain('"k9999":{"path":"$"}')
  })

  test("with keys of the prototype changes no prototype", () => {
    const words = ["__proto__", "constructor", "toString", "hasOwnProperty"]
    const mappings = words.map((key) => `${JSON.stringify(key)}: {"path": "$.a"}`).join(",")
    const written: JsonObject = JSON.parse(
      `{"schemaMap": {"mappings": {${mappings}, "a": {"path": "$"}, "a[*].__proto__": {"path": "$"}}}}`,
    )
    const { found, problems } = read(written)
    expect(problems).toEqual([])
    expect(JSON.stringify(found?.spec)).toBe(
      JSON.stringify(written)
        .replace(',"a[*].__proto__":{"path":"$"}', "")
        .replace(
          '"a":{"path":"$"}',
          '"a":{"path":"$","nested":{"mappings":{"__proto__":{"path":"$"}}}}',
        ),
    )
    expect("path" in {}).toBe(false)
    expect(read({ toString: {} }).problems).toMatchObject([{ code: "pattern_unknown" }])
    expect(
      read({ mapEach: { inner: { tool: "toString", constructor: 1 } } }).problems,
    ).toMatchObject([{ code: "unknown_field", pointer: "/mapEach/inner/constructor" }])
  })
})

function valueAt(value: Json, pointer: string): Json | undefined {
  const keys = pointer.split("/").slice(1)
  return keys.reduce<Json | undefined>((inner, key) => {
    const name = key.replaceAll("~1", "/").replaceAll("~0", "~")
    if (typeof inner !== "object" || inner === null || !Object.hasOwn(inner, name)) return undefined
    return (inner as Record<string, Json>)[name]
  }, value)
}
