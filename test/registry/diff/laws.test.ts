import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { verdictOf } from "../../../src/registry/diff/level.ts"
import { pairUp } from "../../../src/registry/diff/pair.ts"
import { createSchemaJudge } from "../../../src/registry/diff/schemas.ts"
import { createSchemas } from "../../../src/schema/schemas.ts"
import { familyArbitrary, instance } from "../../schema/subsume/arbitrary.ts"

const seed = 20_260_401

describe("the judge of schemas, over random ones", { timeout: 120_000 }, () => {
  test("never calls compatible what a random value breaks, and shows a value for each break", () => {
    const schemas = createSchemas({ timeBoxMs: 60_000 })
    const values = fc.sample(instance, { numRuns: 60, seed })
    const judge = createSchemaJudge()
    const seen = { breaking: 0, compatible: 0, words: 0, undecided: 0 }
    const property = fc.property(familyArbitrary(2), ([old = true, next = true]) => {
      const change = judge.judge("it", "taken", old, next)
      if (change === undefined) return
      const verdict = verdictOf(change)
      seen[verdict]++
      const fits = (schema: typeof old, value: unknown) =>
        schemas.validator(schema).faults(value) === undefined
      const breaks = (value: unknown) => fits(old, value) && !fits(next, value)
      if (verdict === "breaking") expect(breaks(change.witness)).toBe(true)
      // A value that comes with what is compatible has a field that the old schema says nothing of.
      else if (verdict !== "undecided" && change.words.startsWith("describes a field") === false)
        expect(values.filter(breaks)).toEqual([])
    })
    fc.assert(property, { numRuns: 400, seed })
    expect(seen.breaking).toBeGreaterThan(20)
    expect(seen.compatible + seen.words).toBeGreaterThan(20)
  })
})

describe("pairing versions", () => {
  const version = fc.constantFrom(undefined, "1.0.0", "1.0.1", "1.1.0", "2.0.0", "2.0.0-rc.1", "x1")
  const refs = fc
    .uniqueArray(fc.tuple(fc.constantFrom("a", "b"), version), {
      selector: ([name, at]) => `${name}@${at}`,
    })
    .map((all) => all.map(([name, at]) => (at === undefined ? { name } : { name, version: at })))

  test("loses nothing, tells nothing twice, and never pairs two names", () => {
    const property = fc.property(refs, refs, (old, next) => {
      const pairs = pairUp(old, next)
      // What came beside another is compared with one that has a pair of its own.
      const olds = pairs.flatMap((one) =>
        one.fate === "added" || one.fate === "beside" ? [] : [one.old],
      )
      const nexts = pairs.flatMap((one) => (one.fate === "removed" ? [] : [one.next]))
      expect(new Set(olds)).toEqual(new Set(old))
      expect(new Set(nexts)).toEqual(new Set(next))
      expect([olds.length, nexts.length]).toEqual([old.length, next.length])
      for (const one of pairs)
        if ("old" in one && "next" in one) expect(one.old.name).toBe(one.next.name)
    })
    fc.assert(property, { seed })
  })

  test("takes the nearest: a version that is gone with the next higher, one that came with the next lower", () => {
    const of = (...versions: readonly string[]) =>
      versions.map((one) => ({ name: "a", version: one }))
    const said = (old: ReturnType<typeof of>, next: ReturnType<typeof of>) =>
      pairUp(old, next).map((one) => {
        const [from, to] = [
          "old" in one ? one.old.version : "",
          "next" in one ? one.next.version : "",
        ]
        return `${one.fate} ${from} ${to}`.trimEnd()
      })
    expect(said(of("1.0.0"), of("1.1.0", "2.0.0"))).toEqual([
      "upgraded 1.0.0 1.1.0",
      "beside 1.1.0 2.0.0",
    ])
    expect(said(of("1.0.0", "1.5.0"), of("1.0.0", "2.0.0"))).toEqual([
      "kept 1.0.0 1.0.0",
      "upgraded 1.5.0 2.0.0",
    ])
    expect(said(of("2.0.0"), of("1.0.0"))).toEqual(["removed 2.0.0", "added  1.0.0"])
    expect(said(of("1.10.0"), of("1.9.0", "1.10.0"))).toEqual([
      "kept 1.10.0 1.10.0",
      "added  1.9.0",
    ])
  })
})
