import { describe, expect, test } from "vitest"
import type { BackendReply, BackendRequest } from "../../../src/call/backends.ts"
import { isObject } from "../../../src/schema/json.ts"
import { parseExact } from "../../../src/schema/parse-exact.ts"
import {
  composed,
  metaIn,
  pipeline,
  reading,
  resultIn,
  runIn,
  step,
  textIn,
  value,
  valueIn,
} from "../../support/composed.ts"
import { evidence } from "../../support/evidence.ts"
import { done } from "../../support/gateway.ts"
import { toolDependency } from "../../support/registries.ts"

describe("the answer of a composition", () => {
  const outputSchema = { type: "object", properties: { n: { type: "number" } }, required: ["n"] }
  const world = (level: "deny" | "warn" | "allow") =>
    composed({
      tools: { t: {} },
      compositions: {
        c: { spec: pipeline(step("t")), depends: [toolDependency("t")], outputSchema },
      },
      levels: { outputValidation: level },
      backend: () => done({ content: [{ type: "text", text: '{"n":"hush"}' }] }),
    })

  test("is held to its schema, and says what was done when it breaks it", async () => {
    const { call, records } = world("deny")
    const answer = await call("c")
    expect(textIn(answer).split("\n").slice(0, 2)).toEqual([
      "c failed: its result breaks its schema: /n [output]",
      "What was done before is not undone: t.",
    ])
    expect(metaIn(answer)).toMatchObject({ "dev.postern/refusal": { code: "invalid_output" } })
    expect(records.at(-1)).toMatchObject({ note: { failed: { step: "", class: "output" } } })
  })

  test("only warns, or does not, where the configuration says so", async () => {
    for (const [level, warnings] of [
      ["warn", ["invalid_output"]],
      ["allow", []],
    ] as const) {
      const { call, records } = world(level)
      expect(valueIn(await call("c"))).toEqual({ n: "hush" })
      expect(records.at(-1)?.warnings).toEqual(warnings)
    }
  })

  test("is the result of the last call as it came, numbers digit for digit", async () => {
    const { value: plain, exact } = parseExact('{"content":[],"big":12345678901234567890}')
    if (!isObject(plain) || !isObject(exact)) throw new Error("expected objects")
    const { call } = composed({
      tools: { t: {} },
      compositions: { c: pipeline(step("t")) },
      backend: () => ({ kind: "result", result: exact, plain }),
    })
    expect(JSON.stringify(resultIn(await call("c")))).toContain('"big":12345678901234567890')
  })

  test("is what its outputTransform makes of the value, once", async () => {
    const { call } = composed({
      tools: { t: reading },
      compositions: {
        c: {
          spec: pipeline(step("t")),
          depends: [toolDependency("t")],
          outputTransform: { mappings: { inner: { path: "$" } } },
        },
      },
      backend: () => value({ n: 1 }),
    })
    expect(valueIn(await call("c"))).toEqual({ inner: { n: 1 } })
  })

  test("tells when each step and attempt was, to those who ask", async () => {
    const { call } = composed({
      tools: { t: reading },
      compositions: {
        c: pipeline(step("t", { forEach: { constant: [1, 2] }, input: { constant: {} } })),
      },
      backend: () => value({}),
    })
    const asked = await call("c", {}, { meta: { "dev.postern/trace": true } })
    expect(runIn(asked)).toMatchObject({
      steps: [{ id: "t", startMs: expect.any(Number), ms: expect.any(Number) }],
      attempts: [
        { step: "t[0]", startMs: expect.any(Number), ms: expect.any(Number), status: "ok" },
        { step: "t[1]", status: "ok" },
      ],
    })
    expect(runIn(await call("c"))).not.toHaveProperty("attempts")
  })
})

describe("a composition that cannot be run", () => {
  const ask = { approve: { message: "May I?" } }

  test.each([
    [
      "a question to a person in what nobody waits for",
      pipeline(step("t"), { id: "ask", operation: ask, detached: true }),
      /step ask is detached and asks a person/,
    ],
    [
      "a question to a person in what is done once",
      pipeline(step("t"), { id: "ask", operation: ask, once: { key: ["$.id"] } }),
      /step ask asks a person, and so its value can be shared/,
    ],
    [
      "a question to a person on the way back",
      { saga: { steps: [{ id: "t", action: { tool: { name: "t" } }, compensate: ask }] } },
      /what undoes step t asks a person/,
    ],
  ])("because of %s is refused in so many words, and calls nothing", async (_, spec, words) => {
    const { call, records, requests } = composed({ tools: { t: {} }, compositions: { c: spec } })
    const answer = await call("c")
    expect(answer).toMatchObject({
      kind: "refusal",
      refusal: { code: "composition_unsupported", tool: "c", words: expect.stringMatching(words) },
    })
    expect(requests).toEqual([])
    expect(records).toMatchObject([
      { kind: "call", decision: "refuse", refusal: "composition_unsupported" },
    ])
  })

  test("does a thing once", async () => {
    const { call, requests } = composed({
      tools: { t: {} },
      compositions: { c: pipeline(step("t", { once: { key: ["$.id"] } })) },
      backend: () => value({ n: 1 }),
    })
    expect([valueIn(await call("c", { id: 1 })), valueIn(await call("c", { id: 1 }))]).toEqual([
      { n: 1 },
      { n: 1 },
    ])
    expect(requests).toHaveLength(1)
  })

  test("because as many are running as may is refused, and the others go on", async () => {
    const gate = Promise.withResolvers<BackendReply>()
    const { call, ended, runs } = composed({
      tools: { t: reading },
      compositions: { c: pipeline(step("t")) },
      runs: { limits: { runs: 2 } },
      backend: () => gate.promise,
    })
    const going = [call("c"), call("c")]
    expect(await call("c")).toMatchObject({
      kind: "refusal",
      refusal: { code: "overloaded", subject: "c", retryAfterMs: 1_000 },
    })
    expect(runs.running).toBe(2)
    gate.resolve(value({ n: 1 }))
    for (const answer of await Promise.all(going)) expect(valueIn(answer)).toEqual({ n: 1 })
    expect(runs.running).toBe(0)
    expect(ended).toEqual([1, 2].map(() => ({ pattern: "pipeline", outcome: "completed" })))
  })

  test("because as many of one caller are running as may is refused, and another's goes on", async () => {
    const gate = Promise.withResolvers<BackendReply>()
    const { call, runs } = composed({
      tools: { t: reading },
      compositions: { c: pipeline(step("t")) },
      runs: { limits: { runsPerCaller: 1 } },
      backend: () => gate.promise,
      levels: { unknownCaller: "allow" },
      identity: { unknownCaller: "allow" },
    })
    const other = { evidence: evidence({ agentName: "other", agentVersion: "1" }) }
    const going = [call("c"), call("c", {}, other)]
    expect(await call("c")).toMatchObject({
      refusal: { code: "overloaded", reason: expect.stringContaining("limits.runsPerCaller") },
    })
    expect(runs.running).toBe(2)
    gate.resolve(value({ n: 1 }))
    for (const answer of await Promise.all(going)) expect(valueIn(answer)).toEqual({ n: 1 })
    expect(valueIn(await call("c"))).toEqual({ n: 1 })
  })

  test("within the time of a run has failed, and its calls are given up", async () => {
    let heard: BackendRequest["cancellation"]
    const { call } = composed({
      tools: { t: reading },
      compositions: { c: pipeline(step("t")) },
      runs: { limits: { runTimeout: 20 } },
      backend: ({ cancellation }) => {
        heard = cancellation
        return new Promise(() => {})
      },
    })
    expect(textIn(await call("c"))).toMatch(/\[deadline\]/)
    expect(heard?.isCancelled).toBe(true)
  })
})
