import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { checkSchema } from "../../src/schema/guard.ts"
import { fixture, load, type Mutable } from "../support/registries.ts"

const names = ["flagship.json", "variant-dialect.json", "pattern-catalog-v1.json"] as const

/** Every place of a document: the object or array, and the key in it. */
function places(value: Mutable): [Mutable, string][] {
  if (typeof value !== "object" || value === null) return []
  return Object.keys(value).flatMap((key) => [
    [value, key] satisfies [Mutable, string],
    ...places(value[key]),
  ])
}

const junk = fc.oneof(
  fc.constantFrom<Mutable[]>(
    null,
    true,
    0,
    "",
    "#",
    "#/",
    "*",
    [],
    {},
    [[]],
    { $ref: "#" },
    { $ref: "#SearchQuery:1.0.0" },
    { type: "schema" },
    { tool: "fetch" },
    { $comment: "x" },
    "__proto__",
  ),
  fc.json({ maxDepth: 2 }).map((text) => JSON.parse(text)),
)

interface Change {
  readonly at: number
  readonly what: Mutable
  readonly how: "replace" | "remove" | "copy"
}

const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(),
  what: junk,
  how: fc.constantFrom("replace", "remove", "copy"),
})

function apply(document: Mutable, { at, what, how }: Change): void {
  const all = places(document)
  const [holder, key] = all[at % all.length] ?? [document, "x"]
  const [other, otherKey] = all[(at * 7) % all.length] ?? [document, "x"]
  if (how === "replace") holder[key] = what
  else if (how === "remove") delete holder[key]
  else holder[key] = structuredClone(other[otherKey])
}

describe("A document made of a sound one by breaking it anywhere", () => {
  test.each(names)(
    "of %s never throws, and has a catalog or an error",
    (name) => {
      fc.assert(
        fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
          const document = fixture(name)
          for (const one of changes) apply(document, one)
          const { catalog, problems } = load(document, { env: () => undefined })
          const hasError = problems.some(({ severity }) => severity === "error")
          expect(catalog === undefined).toBe(hasError)
          for (const { shown } of catalog?.tools ?? []) {
            expect(shown.inputSchema["type"]).toBe("object")
            expect(checkSchema(shown.inputSchema)).not.toMatchObject({ verdict: "refused" })
          }
        }),
        { numRuns: 60 },
      )
    },
    60_000,
  )

  test.each(names)(
    "of %s never throws where missing things are forgiven",
    (name) => {
      fc.assert(
        fc.property(change, (one) => {
          const document = fixture(name)
          apply(document, one)
          const { catalog } = load(document, { knobs: { missingEntity: "ignore" } })
          for (const agent of catalog?.agents ?? [])
            for (const [plain, tool] of agent.scope.tools) expect(tool.name).toBe(plain)
          expect(typeof catalog?.digest).toBe(catalog === undefined ? "undefined" : "string")
        }),
        { numRuns: 60 },
      )
    },
    60_000,
  )
})
