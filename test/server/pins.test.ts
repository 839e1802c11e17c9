import fc from "fast-check"
import { describe, expect, test, vi } from "vitest"
import { plainRule } from "../../src/call/server-rules.ts"
import type { Ref } from "../../src/registry/model.ts"
import { toolDrift } from "../../src/registry/pins/drift.ts"
import { lockOf } from "../../src/registry/pins/lock.ts"
import { pinTool } from "../../src/registry/pins/pin-tool.ts"
import type { JsonObject } from "../../src/schema/json.ts"
import { lineBufferBytes, noHash, writeLine } from "../../src/server/audit/line.ts"
import { Budget } from "../../src/server/pins/budget.ts"
import { driftRecord } from "../../src/server/pins/drift-record.ts"
import { Looks } from "../../src/server/pins/looks.ts"
import { Pins, type StandingChange } from "../../src/server/pins/pins.ts"
import { type State, standingOf } from "../../src/server/pins/standing.ts"
import { sketchCatalog } from "../support/catalog.ts"
import { strict } from "../support/gateway.ts"

const server: Ref = { name: "web", version: "1.0.0" }
const options = { volatileMeta: [] }

/** The note of the line that a change comes to. */
function noteOf(before: JsonObject, after: JsonObject): JsonObject {
  const drift = toolDrift(pinTool(before), [after], options)
  const finding = { state: "pinned", approval: undefined, drift } as const
  const change = {
    server,
    tool: "search",
    registered: [{ name: "search", version: "1.0.0" }],
    before: undefined,
    after: standingOf(finding, "deny"),
  }
  const buffer = Buffer.alloc(lineBufferBytes)
  const record = driftRecord(change, { id: "0".repeat(32), timeMs: 0 })
  const bytes = writeLine(buffer, record, { seq: 1, prev: noHash })
  return JSON.parse(buffer.toString("utf8", 0, bytes)).note
}

describe("the record of a drift", () => {
  test("has the beginning of what does not fit, and says how much is left out", () => {
    const many = Object.fromEntries(
      Array.from({ length: 90 }, (_, n) => [`p${n}`, { type: "string" }]),
    )
    const inputSchema = { type: "object", properties: many }
    const note = noteOf(
      { name: "search", inputSchema: { type: "object" } },
      { name: "search", inputSchema },
    )
    expect(note).toMatchObject({
      state: "withheld",
      kinds: ["schema"],
      changes: [{ at: "/inputSchema/properties" }],
    })
    const changed = {
      type: "object",
      properties: Object.fromEntries(Object.keys(many).map((key) => [key, {}])),
    }
    const cut = noteOf({ name: "search", inputSchema }, { name: "search", inputSchema: changed })
    expect(cut["more"]).toBeGreaterThan(0)
    expect(cut["changes"]).not.toEqual([])
  })

  test("fits its line with the difference in it, whatever a server says", () => {
    const words = fc.string({ unit: "binary", minLength: 1, maxLength: 4_000, size: "max" })
    const definition = fc.record({
      description: words,
      title: words,
      x: fc.jsonValue({ noUnicodeString: false }),
    })
    fc.assert(
      fc.property(definition, definition, (one, other) => {
        fc.pre(one.description !== other.description)
        const named = (rest: object) => ({ name: "search", ...rest }) as JsonObject
        const note = noteOf(named(one), named(other))
        expect(note["state"]).toBe("withheld")
        expect(note["changes"]).toHaveProperty("0.at")
      }),
      { numRuns: 30, endOnFailure: true },
    )
  })
})

test.each<[State, State, State]>([
  ["withheld", "drifted", "drifted"],
  ["gone", "gone", "gone"],
])("what a finding comes to depends on the level: %s, %s, %s", (deny, warn, allow) => {
  const pin = pinTool({ name: "search", description: "Finds." })
  const listed = deny === "gone" ? [] : [{ name: "search", description: "Mails." }]
  const finding = {
    state: "pinned",
    approval: undefined,
    drift: toolDrift(pin, listed, options),
  } as const
  const states = (["deny", "warn", "allow"] as const).map((level) => standingOf(finding, level))
  expect(states.map(({ state }) => state)).toEqual([deny, warn, allow])
  expect(states.map(({ isSilent }) => isSilent)).toEqual([false, false, deny !== "gone"])
})

test("a server that changes all the time has so many records a minute, and the rest is counted", () => {
  let now = 0
  const budget = new Budget(2, () => now)
  expect([1, 2, 3, 4].map(() => budget.allows("web"))).toEqual([true, true, false, false])
  expect(budget.allows("other")).toBe(true)
  expect(budget.refused).toBe(2)
  now = 60_000
  expect(budget.allows("web")).toBe(true)
})

describe("a server that is judged when the registry changes", () => {
  const lock = lockOf([
    { server, tools: ["backend_a", "backend_b"].flatMap((name) => pinTool({ name }) ?? []) },
  ])
  const rules = { exposed: [], of: () => plainRule, methods: new Set<string>() }
  const registry = (...names: string[]) =>
    sketchCatalog({
      tools: Object.fromEntries(names.map((name) => [`${name}@1.0.0`, { server: "web@1.0.0" }])),
    })
  const drifted = (name: string) => ({ name, definition: { name, description: "Mails." } })
  const seen = { kind: "tools", tools: [drifted("backend_a"), drifted("backend_b")] } as const

  function pins() {
    const said: StandingChange[] = []
    const made = new Pins({
      levels: { ...strict, definitionDrift: "deny" },
      pinning: options,
      sliceMs: 10,
      changed: (change) => said.push(change),
      withheldChanged: () => {},
      bug: (error) => expect.fail(String(error)),
    })
    void made.use(lock)
    void made.accept(registry("a"), rules)
    return { pins: made, said }
  }

  test("has no call of a tool that came with it before the tool was judged", async () => {
    const { pins: made } = pins()
    await made.observe(server, seen)
    expect(made.withheld(server, "backend_a")).toContain("not as it was pinned: words")
    const accepted = made.accept(registry("a", "b"), rules)
    expect(made.withheld(server, "backend_b")).toBe("it has not been judged yet")
    expect(made.withheld(server, "backend_a")).toContain("not as it was pinned")
    await accepted
    expect(made.withheld(server, "backend_b")).toContain("not as it was pinned: words")
  })

  test("and taken out meanwhile is forgotten", async () => {
    const { pins: made, said } = pins()
    const observed = made.observe(server, seen)
    await made.accept(registry(), rules)
    await observed
    expect([...made.judged]).toEqual([])
    expect(made.withheld(server, "backend_a")).toBeUndefined()
    expect(said).toEqual([])
  })
})

describe("looks at pinned servers", () => {
  const servers = Array.from({ length: 500 }, (_, n) => ({ name: `s${n}`, version: "1" }))

  test("wait until they may begin, are few at a time, and each is its server's one", async () => {
    const seen: string[] = []
    let underWay = 0
    let most = 0
    const done = Promise.withResolvers<void>()
    const looks = new Looks({
      everyMs: 3_600_000,
      atOnceMax: 8,
      async look({ name }) {
        seen.push(name)
        most = Math.max(most, ++underWay)
        await new Promise((resume) => setImmediate(resume))
        underWay--
        if (seen.length === servers.length) done.resolve()
      },
    })
    looks.use(servers)
    expect(seen).toEqual([])
    looks.open()
    await done.promise
    expect(most).toBe(8)
    expect(new Set(seen).size).toBe(servers.length)
    looks.use([...servers.slice(0, 3), { name: "new", version: "1" }])
    await vi.waitFor(() => expect(seen.at(-1)).toBe("new"))
    expect(seen).toHaveLength(servers.length + 1)
    looks.close()
  })
})
