import { globSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, test } from "vitest"
import { Document, isCollection, parse, visit } from "yaml"
import { describePlan } from "../../../src/compose/plan/describe.ts"
import type { Plan } from "../../../src/compose/plan/plan.ts"
import { patternNames } from "../../../src/registry/spec/pattern-names.ts"
import { goldenFiles } from "../../golden.ts"
import { typedPlanOf } from "../../support/plans.ts"

const folder = fileURLToPath(new URL("../../golden/plan/", import.meta.url))

describe("The normal form of", () => {
  goldenFiles(folder, (input) => {
    const { tools, ...composition } = parse(input)
    const [plan, types] = typedPlanOf(composition, { tools })
    return `${describePlan(plan, types).join("\n")}\n\n${shown(plan)}`
  })

  test("every pattern is in a golden file", () => {
    const files = globSync("*.golden", { cwd: folder })
    const missing = patternNames.filter((name) => !files.some((file) => file.startsWith(name)))
    expect(missing).toEqual([])
  })
})

/** The graph for a reviewer: what is short on one line. */
function shown({ root }: Plan): string {
  const { boundary: _, ...graph } = root
  const document = new Document(graph, { aliasDuplicateObjects: false })
  visit(document, {
    Node: (_, node) => {
      if (isCollection(node) && JSON.stringify(node).length < 100) node.flow = true
    },
  })
  return document.toString({ lineWidth: 0, flowCollectionPadding: true })
}
