import { readFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { checkSchema } from "../../../src/schema/guard.ts"
import { isObject, type Json, type JsonObject } from "../../../src/schema/json.ts"
import { createSchemas } from "../../../src/schema/schemas.ts"
import { subsume } from "../../../src/schema/subsume/subsume.ts"
import { type Change, changesOf } from "./changes.ts"
import { toolSchemas } from "./corpus/tools.ts"

/** Of the cases in which the truth is known, as many must be decided. */
const decidedMin = 0.95

/** The schemas of a registry that stand for themselves. */
function schemasOfRegistry(file: string): JsonObject[] {
  const found: JsonObject[] = []
  const visit = (value: Json) => {
    if (Array.isArray(value)) value.forEach(visit)
    if (!isObject(value)) return
    for (const [key, held] of Object.entries(value)) {
      const isSchema = ["schema", "inputSchema", "outputSchema"].includes(key) && isObject(held)
      if (isSchema && !JSON.stringify(held).includes("$ref")) found.push(held)
      visit(held)
    }
  }
  visit(JSON.parse(readFileSync(`test/fixtures/registries/${file}`, "utf8")))
  return found.filter((schema) => checkSchema(schema).verdict !== "refused")
}

const corpus = [...Object.values(toolSchemas), ...schemasOfRegistry("flagship.json")]
const schemas = createSchemas()

/** What the answers must be, both ways, if they are given at all. */
const truth: Readonly<Record<Change["effect"], readonly ["yes" | "no", "yes" | "no"]>> = {
  keeps: ["yes", "yes"],
  widens: ["yes", "no"],
  narrows: ["no", "yes"],
}

describe("changes such as people make to schemas of tools", { timeout: 60_000 }, () => {
  const tried = corpus.flatMap((schema) =>
    changesOf(schema).map((change) => ({ schema, ...change })),
  )
  const answers = tried.flatMap(({ schema, changed, effect, what }) => {
    const [there, back] = truth[effect]
    return [
      { what, from: schema, to: changed, expected: there },
      { what, from: changed, to: schema, expected: back },
    ].map((pair) => ({ ...pair, ...subsume(pair.from, pair.to, { schemas }) }))
  })

  test("are never taken for their opposite", () => {
    expect(answers.length).toBeGreaterThan(1_500)
    expect(
      answers.filter(({ answer, expected }) => answer !== "unknown" && answer !== expected),
    ).toEqual([])
  })

  test("are decided, nearly all of them", () => {
    const undecided = answers.filter(({ answer }) => answer === "unknown")
    const share = 1 - undecided.length / answers.length
    expect(share, undecided.map(({ what }) => what).join(", ")).toBeGreaterThanOrEqual(decidedMin)
  })
})

describe("the outputs of tools and the inputs of others", () => {
  test("are decided in nine pairs of ten", () => {
    const pairs = corpus.flatMap((from) =>
      corpus.map((to) => subsume(from, to, { schemas }).answer),
    )
    const decided = pairs.filter((answer) => answer !== "unknown")
    expect(decided.length / pairs.length).toBeGreaterThan(0.9)
    expect(new Set(decided)).toEqual(new Set(["yes", "no"]))
  })
})
