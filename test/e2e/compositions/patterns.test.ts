import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { patternNames } from "../../../src/registry/spec/pattern-names.ts"
import { isObject, type JsonObject } from "../../../src/schema/json.ts"
import { openBackend, type TestBackend } from "../../support/e2e-backend.ts"
import { callTool, refusalOf, startGateway, type TestGateway } from "../../support/e2e-gateway.ts"
import { acts, cases, everyPattern } from "../../support/every-pattern.ts"
import { json, legacy, post, session } from "../../support/face-server.ts"

const agent = "a@1.0.0"

describe.each(["modern", "legacy"] as const)("to a %s caller", (era) => {
  const seen: string[] = []
  let backend: TestBackend
  let gateway: TestGateway
  beforeAll(async () => {
    backend = await openBackend(acts(seen))
    gateway = await startGateway({
      registry: JSON.stringify(everyPattern()),
      servers: { "lib:1.0.0": { url: backend.url } },
      config: { state: { runs: "memory" } },
    })
  }, 30_000)
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]()
    await backend[Symbol.asyncDispose]()
  })

  async function call(name: string, args: JsonObject): Promise<JsonObject> {
    if (era === "modern") return callTool(gateway, agent, name, args)
    const headers = await session(gateway.port, agent)
    const params = { name, arguments: args }
    const answer = json(await post(gateway.port, legacy("tools/call", params, 2), headers))
    const result = isObject(answer) ? answer["result"] : undefined
    if (!isObject(result)) throw new Error(JSON.stringify(answer))
    return result
  }

  /** Callers of the legacy era know objects alone. */
  const shown = (value: unknown) =>
    era === "legacy" && !isObject(value) ? { result: value } : value

  test("there is a composition of every pattern", () => {
    expect([...Object.keys(cases), "saga"].sort()).toEqual([...patternNames].sort())
  })

  test.each(Object.entries(cases))("%s is run", async (name, { arguments: args, value }) => {
    expect((await call(name, args))["structuredContent"]).toEqual(shown(value))
    expect(await call(name, args)).toMatchObject({
      structuredContent: name === "retry" ? { nth: 3 } : shown(value),
      _meta: { "dev.postern/run": { status: "completed" } },
    })
  })

  test("saga is run, durably", async () => {
    // Its step keeps something. Taps of other compositions may still be under way.
    const kept = () => seen.filter((tool) => tool === "keep").length
    const before = kept()
    expect(await call("saga", {})).toMatchObject({
      _meta: { "dev.postern/run": { status: "completed", steps: [{ id: "keep", status: "ok" }] } },
    })
    expect(kept()).toBe(before + 1)
  })

  test("what is inside is not listed, not callable, and on record", async () => {
    const direct = await callTool(gateway, agent, "search", { q: "x" })
    expect(refusalOf(direct)).toBe("unknown_tool")
    const status = await gateway.status()
    expect(status["compositions"]).toMatchObject({
      count: 24,
      running: 0,
      notRunnable: [],
    })
    const records = gateway.audit()
    const calls = new Set(records.filter(({ kind }) => kind === "call").map(({ id }) => id))
    const steps = records.filter(({ kind }) => kind === "step")
    expect(steps.length).toBeGreaterThan(60)
    for (const { note, caller, decision } of steps) {
      expect(caller).toMatchObject({ name: "a" })
      expect(decision).toBe("allow")
      expect(calls).toContain(Object(note).parent)
    }
    const metrics = (await gateway.admin("/metrics")).text
    expect(metrics).toMatch(/^postern_runs_total\{pattern="pipeline",outcome="completed"\} 8$/m)
    expect(metrics).toMatch(/^postern_decisions_total\{kind="step",outcome="ok"\} \d\d+$/m)
  })
})
