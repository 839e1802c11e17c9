import { globSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { describe, expect, test } from "vitest"
import { parse } from "yaml"
import { formatProblem } from "../../../src/registry/print-problems.ts"
import type { Problem } from "../../../src/registry/problem.ts"
import { goldenFiles } from "../../golden.ts"
import { compiled } from "../../support/plans.ts"

const folder = fileURLToPath(new URL("../../golden/contracts/", import.meta.url))
const sources = globSync("src/compose/check/**/*.ts")

/** A document that is wrong in one way, and one that is not; `composed` calls `tools`. */
describe("What is said of a composition", () => {
  goldenFiles(folder, (input, name) => {
    const code = name.split(".", 1)[0] ?? ""
    const { tools, wrong, right } = parse(input)
    const found = compiled(wrong, { tools }).problems
    expect(codesOf(found)).toContain(code)
    const { problems, plan } = compiled(right, { tools })
    expect(codesOf(problems)).not.toContain(code)
    expect(plan).toBeDefined()
    return [...found.map(formatProblem), "", "right:", ...problems.map(formatProblem)].join("\n")
  })

  test("has a golden file for each code", () => {
    const texts = sources.map((file) => readFileSync(file, "utf8"))
    const codes = texts.flatMap((text) => [...text.matchAll(/"([a-z]+(?:_[a-z]+)+)"/g)])
    const files = globSync("*.golden", { cwd: folder }).map((file) => file.split(".", 1)[0])
    const others = ["fixed_window", "highest_weight", "weighted_vote"]
    const missing = new Set(codes.map(([, code = ""]) => code).filter((c) => !others.includes(c)))
    expect([...missing].filter((code) => !files.includes(code))).toEqual([])
    expect(missing.size).toBeGreaterThan(15)
  })
})

const codesOf = (problems: readonly Problem[]) => problems.map(({ code }) => code)
