import { describe, expect, test } from "vitest"
import { diffRegistries, type RegistryDiff } from "../../../src/registry/diff/diff.ts"
import { type Change, verdictOf } from "../../../src/registry/diff/level.ts"
import type { JsonObject } from "../../../src/schema/json.ts"
import { createSchemas } from "../../../src/schema/schemas.ts"
import { documentOf, load, type Mutable, sourceTool } from "../../support/registries.ts"
import { rows } from "./verdicts.ts"

const schemas = createSchemas()
const isValid = (schema: JsonObject, value: Change["witness"]) =>
  value !== undefined && schemas.validator(schema).faults(value) === undefined

function compare(old: Mutable, next: Mutable): RegistryDiff {
  const [before, after] = [old, next].map((document) => {
    const { catalog, details, problems } = load(document)
    if (catalog === undefined || details === undefined) throw new Error(JSON.stringify(problems))
    return { catalog, details }
  })
  if (before === undefined || after === undefined) throw new Error("two documents")
  return diffRegistries(before, after)
}

/** What the change of one schema of one tool is found to be. */
function changed(at: "inputSchema" | "outputSchema", old: JsonObject, next: JsonObject) {
  const tool = (schema: JsonObject) => documentOf([sourceTool("t", { [at]: schema })])
  const [entity, ...others] = compare(tool(old), tool(next)).entities
  expect(others).toEqual([])
  const change = entity?.changes.find((one) => one.at === at)
  return { verdict: change && verdictOf(change), witness: change?.witness }
}

describe("the verdict on a change of a schema", () => {
  test("is tried on more than forty changes", () => expect(rows.length).toBeGreaterThan(50))

  test.each(rows)("%s", (_, old, next, input, output) => {
    const taken = changed("inputSchema", old, next)
    const given = changed("outputSchema", old, next)
    expect({ input: taken.verdict, output: given.verdict }).toEqual({ input, output })
    if (input === "breaking")
      expect([isValid(old, taken.witness), isValid(next, taken.witness)]).toEqual([true, false])
    if (output === "breaking")
      expect([isValid(next, given.witness), isValid(old, given.witness)]).toEqual([true, false])
  })
})
