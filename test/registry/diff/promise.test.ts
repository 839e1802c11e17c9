import { describe, expect, test } from "vitest"
import { levels } from "../../../src/registry/diff/level.ts"
import { honestVersion, promised, truthOf } from "../../../src/registry/diff/promise.ts"

describe("what a version promises", () => {
  test.each([
    ["1.0.0", "1.0.0", "same"],
    ["1.0.0", "1.0.1", "patch"],
    ["1.2.9", "1.3.0", "minor"],
    ["1.2.9", "2.0.0", "anything"],
    ["0.1.0", "0.1.1", "anything"], // SemVer 2.0.0 item 4
    ["0.9.0", "1.0.0", "anything"],
    ["1.0.0", "1.1.0-rc.1", "anything"], // item 9
    ["1.1.0-rc.1", "1.1.0", "anything"],
    ["1.0.0+a", "1.0.0+b", "patch"], // item 10
    ["1.0.0", "1.0.99999999999999999999", "patch"],
    ["2026-01", "2026-02", "nothing said"],
    ["v1.0.0", "v1.0.1", "nothing said"],
    [undefined, "1.0.0", "nothing said"],
    [undefined, undefined, "nothing said"],
  ])("from %s to %s", (from, to, promise) => expect(promised(from, to)).toBe(promise))

  test.each([
    ["same", ["lie", "lie", "lie"]],
    ["patch", ["true", "lie", "lie"]],
    ["minor", ["true", "true", "lie"]],
    ["anything", ["true", "true", "true"]],
    ["nothing said", ["true", "true", "true"]],
  ] as const)("%s holds for words, compatible and breaking changes: %s", (promise, truths) => {
    expect(levels.map((level) => truthOf(promise, { least: level, most: level }))).toEqual(truths)
  })

  test("is not called a lie for what is not proved", () => {
    expect(truthOf("patch", { least: "words", most: "breaking" })).toBe("undecided")
    expect(truthOf("patch", { least: "compatible", most: "breaking" })).toBe("lie")
    expect(truthOf("minor", { least: "compatible", most: "breaking" })).toBe("undecided")
    expect(truthOf("anything", { least: "words", most: "breaking" })).toBe("true")
  })

  test.each([
    ["1.2.3", "words", "1.2.4"],
    ["1.2.3+b", "compatible", "1.3.0"],
    ["1.2.3", "breaking", "2.0.0"],
    ["1.2.99999999999999999999", "words", "1.2.100000000000000000000"],
    ["0.2.3", "breaking", undefined],
    ["1.2.3-rc.1", "words", undefined],
    ["latest-ish", "words", undefined],
  ] as const)("%s: after a change of %s it is at least %s", (from, level, next) => {
    expect(honestVersion(from, level)).toBe(next)
    if (next !== undefined)
      expect(truthOf(promised(from, next), { least: level, most: level })).toBe("true")
  })
})
