import { describe, expect, test } from "vitest"
import { createSchemas } from "../../../src/schema/schemas.ts"
import { subsume } from "../../../src/schema/subsume/subsume.ts"
import { branchRows } from "./corpus/branches.ts"
import { dialectRows, opaqueRows, referenceRows } from "./corpus/documents.ts"
import type { Row } from "./corpus/row.ts"
import { numberRows, textRows, typeRows, valueRows } from "./corpus/scalars.ts"
import { arrayRows, objectRows } from "./corpus/structures.ts"

const tables: Readonly<Record<string, readonly Row[]>> = {
  types: typeRows,
  values: valueRows,
  numbers: numberRows,
  texts: textRows,
  arrays: arrayRows,
  objects: objectRows,
  branches: branchRows,
  references: referenceRows,
  dialects: dialectRows,
  "what is not compared": opaqueRows,
}
const schemas = createSchemas()

for (const [subject, rows] of Object.entries(tables))
  describe(`subsumption of ${subject}`, () => {
    test.each(rows)("%j in %j: %s", (from, to, expected) => {
      const found = subsume(from, to, { schemas })
      expect(found).toMatchObject({ answer: expected })
      if (found.answer !== "no") return
      expect(schemas.validator(from).faults(found.counterexample)).toBeUndefined()
      expect(schemas.validator(to).faults(found.counterexample)).toBeDefined()
      expect(found.words).toContain("counter-example: ")
    })
  })

test("the table has enough rows, and most of what can be decided is", () => {
  const answers = Object.values(tables).flatMap((rows) => rows.map(([, , answer]) => answer))
  expect(answers.length).toBeGreaterThanOrEqual(150)
  const decided = answers.filter((answer) => answer !== "unknown")
  expect(decided.length / answers.length).toBeGreaterThan(0.9)
})
