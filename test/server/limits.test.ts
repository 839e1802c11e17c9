import { globSync, readFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
import { faceLimits } from "../../src/mcp/face/limits.ts"
import { defaultLoadLimits } from "../../src/registry/limits.ts"
import { parseConfig } from "../../src/server/config/parse.ts"
import { backendLimitsOf, faceLimitsOf, loadLimitsOf } from "../../src/server/limit-sets.ts"
import { defaultLimits, limitNames, limitTable } from "../../src/server/limits.ts"

const limitsOf = (section: string) => {
  const parsed = parseConfig("c.yaml", `registry: { source: file://./r.json }\n${section}`, {})
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
  return parsed.config.limits
}

describe("the limits", () => {
  test("of a configuration that sets none are those of the rooms that have them", () => {
    expect(limitsOf("")).toEqual(defaultLimits)
    expect(faceLimitsOf(defaultLimits)).toEqual(faceLimits)
    expect(loadLimitsOf(defaultLimits)).toEqual(defaultLoadLimits)
    expect(backendLimitsOf(defaultLimits)).toMatchObject({ connectMs: 10_000, drainMs: 10_000 })
  })

  test.each(limitNames)("can be moved with limits.%s, up to what still protects", (name) => {
    const { unit, min, max, default: usual } = limitTable[name]
    expect(usual).toBeGreaterThanOrEqual(min)
    expect(usual).toBeLessThanOrEqual(max)
    const suffix = { milliseconds: "ms", bytes: "B", count: "" }[unit]
    for (const value of [min, max])
      expect(limitsOf(`limits: { ${name}: ${value}${suffix} }`)[name]).toBe(value)
    expect(() => limitsOf(`limits: { ${name}: ${max + 1}${suffix} }`)).toThrow("expected")
  })

  test("are named in what is said of runs and calls as in the configuration", () => {
    const files = globSync("src/{call,compose/run}/**/*.ts")
    const named = files.flatMap((file) =>
      [...readFileSync(file, "utf8").matchAll(/\(limit (\w+)\)/g)].map(([, name]) => name),
    )
    expect(named).toContain("unknownOutcomes")
    expect(named.filter((name) => !limitNames.some((known) => known === name))).toEqual([])
  })

  test("of one server go before those of all", () => {
    const parsed = parseConfig(
      "c.yaml",
      `registry: { source: file://./r.json }
limits: { backendTimeout: 2s, backendQueue: 7 }
servers: { a:1: { command: x, timeout: 1s }, b:1: { command: x, queue: 0 } }`,
      {},
    )
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems))
    const options = parsed.config.servers.map(({ options: { timeoutMs, queueMax } }) => [
      timeoutMs,
      queueMax,
    ])
    expect(options).toEqual([
      [1_000, 7],
      [2_000, 0],
    ])
  })
})
