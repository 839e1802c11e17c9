import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { Caller } from "../../../src/call/caller.ts"
import { MemoryRates } from "../../../src/call/limits/memory-rates.ts"
import { type Asker, RateLimits } from "../../../src/call/limits/rate-limits.ts"
import type { RateRule } from "../../../src/call/limits/rate-rule.ts"
import { createPace, type Measure, takeOrWait } from "../../../src/compose/run/state/pace.ts"
import { settleRates } from "../../../src/server/config/settle-rates.ts"
import { sketchCatalog } from "../../support/catalog.ts"

const catalog = sketchCatalog({
  tools: { "search@1": {}, "search@2": {}, "fetch@1": {} },
  agents: { "a@1": [], "a@2": [], "b@1": [] },
})

const callerOf = (id: string | undefined): Caller => ({
  ...unknown,
  agent: catalog.agents.find(({ name, version }) => `${name}@${version}` === id),
})
const split = (id: string) => id.split("@") as [string, string]
const unknown: Caller = {
  name: undefined,
  version: undefined,
  agent: undefined,
  trust: "anonymous",
  by: [],
  scopes: [],
  claims: {},
  challenge: false,
  remote: "",
  warnings: [],
  principal: "p",
}

type Written = Parameters<typeof settleRates>[0][number]

/** The rules, and a clock that stands still until it is set. */
function limited(...written: Written[]) {
  let nowMs = Date.UTC(2026, 0, 1, 12)
  const full: string[] = []
  const wrong = () => expect.unreachable("the rules are sound")
  const rules: readonly RateRule[] = settleRates(written, wrong)
  const limits = new RateLimits(rules, new MemoryRates(1_000, () => nowMs), (label) => {
    full.push(label)
  })
  const codeOf = (verdict: ReturnType<RateLimits["call"]>) =>
    verdict instanceof Promise ? "late" : (verdict?.code ?? "passes")
  return {
    full,
    pass: (ms: number) => {
      nowMs += ms
    },
    call(tool: string, agent?: string, asker: Asker = "caller") {
      const [name, version] = split(tool)
      const found = catalog.tool(name, version)
      if (found === undefined) throw new Error(`no tool ${tool}`)
      return limits.call(found, callerOf(agent), asker)
    },
    calls(count: number, tool: string, agent?: string, asker?: Asker) {
      return Array.from({ length: count }, () => codeOf(this.call(tool, agent, asker)))
    },
    sends(count: number, server: string, agent?: string) {
      const [name = "", version] = server.split("@")
      const target = { name, version, entity: { name, provides: [], extra: {} } }
      return Array.from({ length: count }, () =>
        codeOf(limits.send(target, callerOf(agent), "search")),
      )
    },
    contents: (count: number, agent?: string) =>
      Array.from({ length: count }, () => codeOf(limits.content(callerOf(agent), "docs://a"))),
  }
}

describe("a rate limit", () => {
  test("counts each agent for itself where it says *, all its versions together", () => {
    const world = limited({ agent: "*", rate: "2/h" })
    expect(world.calls(3, "search@1", "a@1")).toEqual(["passes", "passes", "rate_limited"])
    expect(world.calls(1, "fetch@1", "a@2")).toEqual(["rate_limited"])
    expect(world.calls(3, "search@1", "b@1")).toEqual(["passes", "passes", "rate_limited"])
    expect(world.full).toEqual(["agent=* 2/h", "agent=* 2/h", "agent=* 2/h"])
  })

  test("counts callers that are no agent as one, whatever they call themselves", () => {
    const world = limited({ agent: "*", rate: "1/h" })
    expect(world.calls(2, "search@1")).toEqual(["passes", "rate_limited"])
    expect(world.calls(1, "search@1", "a@1")).toEqual(["passes"])
  })

  test("is for one agent, one version, one tool, where it names them", () => {
    const world = limited(
      { agent: "a@2", tool: "search", quota: "1/d" },
      { tool: "fetch@1", rate: "1/h" },
    )
    expect(world.calls(3, "search@1", "a@1")).toEqual(["passes", "passes", "passes"])
    expect(world.calls(1, "search@1", "a@2")).toEqual(["passes"])
    expect(world.calls(1, "search@2", "a@2")).toEqual(["rate_limited"])
    expect(world.calls(1, "fetch@1", "a@1")).toEqual(["passes"])
    expect(world.calls(1, "fetch@1", "b@1")).toEqual(["rate_limited"])
  })

  test("with an agent counts what the agent asks for, without one what compositions call, too", () => {
    const world = limited({ agent: "*", rate: "1/h" }, { tool: "fetch", rate: "2/h" })
    expect(world.calls(2, "search@1", "a@1", "composition")).toEqual(["passes", "passes"])
    expect(world.calls(3, "fetch@1", "a@1", "composition")).toEqual([
      "passes",
      "passes",
      "rate_limited",
    ])
    expect(world.calls(1, "search@1", "a@1")).toEqual(["passes"])
  })

  test("of a server counts what goes there, for all or for each agent", () => {
    const world = limited(
      { server: "web:1.0.0", rate: "3/h" },
      { server: "*", agent: "a", rate: "1/h" },
    )
    expect(world.sends(2, "web@1.0.0", "a@1")).toEqual(["passes", "rate_limited"])
    expect(world.sends(3, "web@1.0.0", "b@1")).toEqual(["passes", "passes", "rate_limited"])
    expect(world.sends(1, "other@1.0.0", "a@1")).toEqual(["passes"])
    expect(world.calls(9, "search@1", "a@1")).not.toContain("rate_limited")
  })

  test("of an agent counts resources and prompts, one of a tool does not", () => {
    const world = limited({ agent: "a", rate: "1/h" }, { tool: "*", rate: "1/h" })
    expect(world.contents(2, "a@1")).toEqual(["passes", "rate_limited"])
    expect(world.contents(3, "b@1")).toEqual(["passes", "passes", "passes"])
  })

  test("counts nothing of a call that another rule refuses", () => {
    const world = limited({ agent: "*", quota: "3/d" }, { tool: "search", rate: "1/h" })
    expect(world.calls(9, "search@1", "a@1").filter((code) => code === "passes")).toHaveLength(1)
    expect(world.calls(3, "fetch@1", "a@1")).toEqual(["passes", "passes", "rate_limited"])
  })

  test("says when there is a place again", () => {
    const world = limited({ agent: "*", rate: "60/h", burst: 1 }, { tool: "fetch", quota: "1/h" })
    world.calls(1, "search@1", "a@1")
    world.pass(15_000)
    expect(world.call("search@1", "a@1")).toEqual({
      code: "rate_limited",
      subject: "search",
      reason: "more than agent=* 60/h",
      retryAfterMs: 45_000,
      fate: "unsent",
    })
    world.pass(45_000)
    expect(world.calls(2, "search@1", "a@1")).toEqual(["passes", "rate_limited"])
    world.calls(1, "fetch@1", "b@1")
    expect(world.call("fetch@1", "b@1")).toMatchObject({ retryAfterMs: 59 * 60_000 })
    world.pass(59 * 60_000) // the next hour, by the clock
    expect(world.calls(2, "fetch@1", "b@1")).toEqual(["passes", "rate_limited"])
  })
})

describe("a pace", () => {
  const steps = fc.array(fc.record({ ms: fc.nat(5_000), tries: fc.nat(20) }), { maxLength: 30 })

  /** When places were taken. */
  function taken(measure: Measure, script: { ms: number; tries: number }[]): number[] {
    const pace = createPace(measure)
    let nowMs = 1_000_000
    return script.flatMap(({ ms, tries }) => {
      nowMs += ms
      const passed = Array.from({ length: tries }, () => takeOrWait(pace, nowMs))
      return passed.filter((waitMs) => waitMs === 0).map(() => nowMs)
    })
  }

  test("with tokens never lets more through than rate × time + burst", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 1, max: 50 }),
        fc.constantFrom(1_000, 7_000, 60_000),
        steps,
        (rate, burst, windowMs, script) => {
          const at = taken({ strategy: "token_bucket", rate, windowMs, burst }, script)
          const isTooMuch = (start: number, end: number, count: number) =>
            count > burst + ((end - start) * rate) / windowMs + 1e-6
          const tooMany = at.flatMap((start, from) =>
            at.slice(from).filter((end, further) => isTooMuch(start, end, further + 1)),
          )
          expect(tooMany).toEqual([])
        },
      ),
    )
  })

  test("with windows never lets more through in one of them than its rate", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), steps, (rate, script) => {
        const at = taken({ strategy: "fixed_window", rate, windowMs: 10_000 }, script)
        const counts = Map.groupBy(at, (ms) => Math.floor(ms / 10_000))
        for (const passed of counts.values()) expect(passed.length).toBeLessThanOrEqual(rate)
      }),
    )
  })

  test("keeps its word: after the wait that it names there is a place", () => {
    const strategies = ["token_bucket", "fixed_window", "sliding_window", "leaky_bucket"] as const
    fc.assert(
      fc.property(
        fc.constantFrom(...strategies),
        fc.integer({ min: 1, max: 9 }),
        steps,
        (strategy, rate, script) => {
          const pace = createPace({ strategy, rate, windowMs: 3_000 })
          let nowMs = 1_000_000
          for (const { ms, tries } of script) {
            nowMs += ms
            for (let n = 0; n < tries; n++) {
              const waitMs = takeOrWait(pace, nowMs)
              if (waitMs === 0) continue
              nowMs += waitMs
              expect(takeOrWait(pace, nowMs)).toBeLessThan(1e-6)
            }
          }
        },
      ),
    )
  })

  test("of a clock that is set back gives nothing twice and takes nothing away", () => {
    const pace = createPace({ strategy: "token_bucket", rate: 10, windowMs: 1_000, burst: 2 })
    expect([5_000, 5_000, 1_000, 1_050].map((ms) => takeOrWait(pace, ms))).toEqual([0, 0, 100, 50])
    expect(takeOrWait(pace, 1_100)).toBeCloseTo(0)
  })
})
