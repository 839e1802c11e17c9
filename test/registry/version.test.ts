import { describe, expect, test } from "vitest"
import { classifyVersion, isExact, versionProblem } from "../../src/registry/version.ts"

describe("a version as it is written", () => {
  test.each([
    ["^1.0.0", "range"],
    ["~1.0", "range"],
    [">=1.0.0", "range"],
    ["1.0.0 || 2.0.0", "range"],
    ["1.0.0 - 2.0.0", "range"],
    ["*", "range"],
    ["=1.0.0", "range"],
    ["latest", "range"],
    ["LATEST", "range"],
    ["stable", "range"],
    ["next", "range"],
    ["x", "range"],
    ["1.x", "range"],
    ["1.2.X", "range"],
    [" 1.0.0", "range"],
    ["", "invalid"],
    ["-1", "invalid"],
    ["1.0.0/2", "invalid"],
    ["1:0", "invalid"],
    ["é", "invalid"],
    ["1".repeat(129), "invalid"],
    ["1.0.0", "semver"],
    ["0.0.0-alpha.1+build.5", "semver"],
    ["1.0.0-x", "semver"],
    ["10.20.30", "semver"],
    ["1.0", "opaque"],
    ["v1.2.3", "opaque"],
    ["2026-01-18", "opaque"],
    ["01.0.0", "opaque"],
    ["latest-1", "opaque"],
    ["xyz", "opaque"],
  ])("%j is of the class %s", (version, kind) => {
    expect(classifyVersion(version)).toBe(kind)
    expect(isExact(version)).toBe(kind === "semver" || kind === "opaque")
  })

  test("that is a range is told the versions there are", () => {
    const problem = versionProblem("latest", "/v", () => ["1.0.0", "2.0.0"])
    expect(problem).toMatchObject({ code: "version_range", severity: "error", pointer: "/v" })
    expect(problem?.hint).toBe("registered versions: 1.0.0, 2.0.0")
  })

  test("that is exact asks for no versions", () => {
    const ask = () => {
      throw new Error("asked")
    }
    expect(versionProblem("1.0.0", "/v", ask)).toBeUndefined()
    expect(versionProblem("1.0", "/v", ask)).toMatchObject({ severity: "warn" })
  })
})
