import { globSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, test } from "vitest"
import { project, read, rows } from "./pages.ts"

/** Where problems of documents are made. */
const sources = globSync(
  [
    "src/registry/**/*.ts",
    "src/schema/guard.ts",
    "src/schema/guard/*.ts",
    "src/server/{idle-rules,routes,reload}.ts",
    "src/server/pins/lock-file.ts",
    "src/store/program/run-program.ts",
    "src/store/source.ts",
    "src/store/http/{answer,fetch-document,http-source}.ts",
    "src/compose/check-compositions.ts",
    "src/compose/check/**/*.ts",
    "src/compose/expr/*.ts",
    "src/compose/plan/*.ts",
  ],
  { cwd: project },
)
  .filter((file) => !file.includes("/published/") && !file.endsWith("registry/explain.ts"))
  .map((file) => readFileSync(join(project, file), "utf8"))

/** Words with underscores that are no codes: values of the format, and of the language of expressions. */
const notCodes = new Set([
  ...["fixed_window", "leaky_bucket", "sliding_window", "token_bucket"],
  ...["highest_score", "highest_weight", "most_complete", "weighted_vote"],
  ...["first_available", "round_robin"],
  "exists_one",
  "copy_used", // what a source over HTTP tells of itself
])

const kinds = ["schema", "server", "tool", "agent"]
const literals = /"([a-z][a-z0-9]*(?:_[a-z0-9]+)+)"/g
const byKind = /`\$\{kind\}_(\w+)`/g
const ofKind = /`(\w+)_\$\{kind\}`/g

const used = new Set(
  sources.flatMap((source) => [
    ...[...source.matchAll(literals)].map(([, word = ""]) => word),
    ...[...source.matchAll(byKind)].flatMap(([, end]) => kinds.map((kind) => `${kind}_${end}`)),
    ...[...source.matchAll(ofKind)].flatMap(([, start]) => [`${start}_tool`, `${start}_agent`]),
  ]),
)

/** Codes whose severity stands beside them in the source. */
const severities = sources.flatMap((source) =>
  [...source.matchAll(/code: "(\w+)",\s*severity: "(\w+)"/g)].map(
    ([, code = "", severity = ""]) => [code, severity] as const,
  ),
)

const table = rows(read("docs/reference/problems.md"))

describe("docs/reference/problems.md", () => {
  test("has exactly the codes that the sources use", () => {
    const codes = [...used].filter((word) => !notCodes.has(word)).sort()
    expect(codes.length).toBeGreaterThan(60) // it did look
    expect(table.map(({ name }) => name).sort()).toEqual(codes)
  })

  test.each(severities)("says of %s that it is of severity %s", (code, severity) => {
    const [written] = table.find(({ name }) => name === code)?.cells ?? []
    expect(written).toContain(severity)
  })
})
