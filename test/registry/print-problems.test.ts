import { describe, expect, test } from "vitest"
import { formatProblem, formatProblems } from "../../src/registry/print-problems.ts"
import type { Problem } from "../../src/registry/problem.ts"

const problem: Problem = {
  code: "version_range",
  severity: "error",
  pointer: "/tools/0/version",
  message: "it is a range",
}

describe("a printed problem", () => {
  test("names its place, severity, code and pointer, then says what is wrong and right", () => {
    const placed = { ...problem, file: "r.json", line: 3, column: 9, hint: "write 1.0.0" }
    expect(formatProblem(placed)).toBe(
      "r.json:3:9 error version_range /tools/0/version — it is a range (hint: write 1.0.0)",
    )
  })

  test("leaves out what it does not know", () => {
    expect(formatProblem(problem)).toBe("error version_range /tools/0/version — it is a range")
    expect(formatProblem({ ...problem, pointer: "", line: 1 })).toBe(
      '1:1 error version_range "" — it is a range',
    )
  })

  test("stands in columns with the others", () => {
    const other: Problem = { ...problem, code: "x", severity: "info", pointer: "" }
    expect(formatProblems([problem, other]).split("\n")).toEqual([
      "error version_range /tools/0/version — it is a range",
      'info  x             ""               — it is a range',
    ])
    expect(formatProblems([])).toBe("")
  })

  test("does not push others aside with a long pointer", () => {
    const long = { ...problem, pointer: `/${"x".repeat(500)}` }
    const [first = "", second = ""] = formatProblems([problem, long]).split("\n")
    expect(first.length).toBeLessThan(120)
    expect(second).toContain("x".repeat(500))
  })

  test("gives a terminal nothing to obey and cannot forge a line", () => {
    const hostile = {
      ...problem,
      pointer: "/a\n/b\u001b[2J",
      message: "x\r\u202ey",
      hint: "\u2028",
    }
    const line = formatProblem(hostile)
    expect(line).toBe(
      "error version_range /a\\u000a/b\\u001b[2J — x\\u000d\\u202ey (hint: \\u2028)",
    )
  })
})
