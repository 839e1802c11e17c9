import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { recordOf } from "../../../src/call/audit.ts"
import type { BackendReply } from "../../../src/call/backends.ts"
import type { Caller, Trust } from "../../../src/call/caller.ts"
import { beginFacts } from "../../../src/call/facts.ts"
import {
  readTraceparent,
  type TraceContext,
  writeTraceparent,
} from "../../../src/call/trace/context.ts"
import { Metrics } from "../../../src/server/metrics.ts"
import { facetOf } from "../../../src/server/telemetry/facets.ts"
import { Operations } from "../../../src/server/telemetry/operations.ts"
import { createMetricTexts } from "../../../src/server/telemetry/otlp/metric-text.ts"
import { createSpanTexts } from "../../../src/server/telemetry/otlp/span-text.ts"
import { Sampling } from "../../../src/server/telemetry/sampling.ts"
import { createTracing, type Ended } from "../../../src/server/telemetry/spans.ts"
import { sketchCatalog } from "../../support/catalog.ts"
import { callOf, done } from "../../support/gateway.ts"

const hex = (length: number) =>
  fc
    .string({ unit: fc.constantFrom(..."0123456789abcdef"), minLength: length, maxLength: length })
    .filter((text) => /[^0]/.test(text))
const contexts: fc.Arbitrary<TraceContext> = fc.record({
  traceId: hex(32),
  spanId: hex(16),
  isSampled: fc.boolean(),
})

describe("a traceparent", () => {
  test("is read as it was written", () => {
    fc.assert(
      fc.property(contexts, (context) => {
        expect(readTraceparent(writeTraceparent(context))).toEqual(context)
      }),
    )
  })

  const sound = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
  test.each([
    undefined,
    7,
    "",
    sound.toUpperCase(),
    sound.replace(/^00/, "ff"),
    sound.replace(/4bf92f3577b34da6a3ce929d0e0e4736/, "0".repeat(32)),
    sound.replace(/00f067aa0ba902b7/, "0".repeat(16)),
    `${sound}-more`,
    `${sound}\n`,
    `${sound}, ${sound}`,
    sound.slice(1),
  ])("that breaks the specification is none: %j", (text) => {
    expect(readTraceparent(text)).toBeUndefined()
  })

  test("of a later version may go on behind what is known, and a state that is too long is left out", () => {
    expect(readTraceparent(`cc${sound.slice(2)}-what-comes`, "a=1")).toMatchObject({
      isSampled: true,
      state: "a=1",
    })
    expect(readTraceparent(sound, "a".repeat(513))).not.toHaveProperty("state")
    expect(readTraceparent(sound, "a=1\r\nx: y")).not.toHaveProperty("state")
  })

  test("never throws, whatever it is", () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (text, state) => {
        const { state: kept = "" } = readTraceparent(text, state) ?? {}
        expect(kept.length).toBeLessThanOrEqual(512)
      }),
    )
  })
})

describe("a caller's trace", () => {
  let nowMs = 0
  const begin = (settings: object, minTrust: Trust | "none" = "asserted") => {
    const ended: Ended[] = []
    const sampling = new Sampling(
      { ratio: 0, followsParent: true, forcedPerSecond: 3, ...settings },
      () => nowMs,
    )
    const traces = {
      minTrust: minTrust === "none" ? undefined : minTrust,
      sampling,
      push: (one: Ended) => ended.push(one),
    }
    const tracing = createTracing({ traces, operations: undefined, now: () => nowMs })
    return (trace: TraceContext | undefined, trust: Trust | undefined): TraceContext => {
      const span = tracing.request({ ...callOf("search"), trace }, beginFacts(nowMs, "d"))
      if (trust !== undefined) span?.identified({ trust } as Caller)
      if (span?.context === undefined) throw new Error("no span")
      return span.context
    }
  }
  const kept = { traceId: "a".repeat(32), spanId: "b".repeat(16), isSampled: true }

  test("is kept for its caller's sake so often in a second, and no more", () => {
    const made = begin({})
    const inASecond = () => Array.from({ length: 10 }, () => made(kept, "asserted").isSampled)
    expect(inASecond().filter(Boolean)).toHaveLength(3)
    nowMs += 1_000
    expect(inASecond().filter(Boolean)).toHaveLength(3)
  })

  test("cannot be kept by who is not known, and cannot choose an id there", () => {
    const made = begin({})
    for (const trust of [undefined, "anonymous", "claimed"] as const) {
      const { isSampled, traceId } = made(kept, trust)
      expect([isSampled, traceId === kept.traceId]).toEqual([false, false])
    }
    expect(begin({}, "none")(kept, "verified").traceId).not.toBe(kept.traceId)
  })

  test("that is not kept stays so, unless nobody follows callers", () => {
    const unkept = { ...kept, isSampled: false }
    expect(begin({ ratio: 1 })(unkept, "verified")).toMatchObject({
      traceId: kept.traceId,
      isSampled: false,
    })
    expect(begin({ ratio: 1, followsParent: false })(unkept, "verified").isSampled).toBe(true)
    expect(begin({ ratio: 0, followsParent: false })(kept, "verified").isSampled).toBe(false)
  })

  test("is sampled by its id as all who know the ratio would", () => {
    const sampling = new Sampling({ ratio: 0.5, followsParent: true, forcedPerSecond: 1 }, () => 0)
    expect(sampling.keeps(`${"f".repeat(19)}7${"f".repeat(12)}`)).toBe(true)
    expect(sampling.keeps(`${"0".repeat(19)}8${"0".repeat(12)}`)).toBe(false)
    fc.assert(
      fc.property(hex(32), (id) => {
        const [few, many] = [0.2, 0.8].map((ratio) =>
          new Sampling({ ratio, followsParent: true, forcedPerSecond: 1 }, () => 0).keeps(id),
        )
        expect(few === true && many === false).toBe(false)
      }),
    )
  })
})

test("names of prompts that a caller made up divide no metric and name no span", () => {
  const operations = new Operations(() => undefined)
  const ended: Ended[] = []
  const sampling = new Sampling({ ratio: 1, followsParent: true, forcedPerSecond: 3 }, () => 0)
  const traces = { minTrust: undefined, sampling, push: (one: Ended) => ended.push(one) }
  const tracing = createTracing({ traces, operations, now: () => 0 })
  const [server] = sketchCatalog({ tools: { "t@1": {} } }).servers
  if (server === undefined) throw new Error("there is a server")
  const ask = (method: string, name: string, answer: BackendReply) => {
    const inquiry = { ...callOf("search"), method }
    const facts = beginFacts(0, "d", { type: "prompt", name })
    const span = tracing.request(inquiry, facts)
    span?.permitted()
    span?.attempt(server).ended(answer)
    span?.ended(recordOf("request", inquiry, facts, answer, 0, "id"), answer)
  }
  ask("prompts/get", "real", done({ messages: [] }))
  ask("prompts/get", "made-up", { kind: "error", error: { code: -32602, message: "no" } })
  ask("completion/complete", "made-up", done({ completion: { values: [] } }))
  const names = ended.map((one) => facetOf(one, () => undefined).name)
  expect(names).toContain("prompts/get real")
  const said = JSON.stringify([names, operations.read()])
  expect(said).toContain("real")
  expect(said).not.toContain("made-up")
})

test("what is sent is JSON with valid text, whatever names and labels hold", () => {
  const spanTexts = createSpanTexts(new Map([["k", 'v"']]), "1", () => undefined)
  const metricTexts = createMetricTexts(new Map(), "1")
  const context = { traceId: "a".repeat(32), spanId: "b".repeat(16), isSampled: true }
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 2_000 }), (name) => {
      const facts = { ...beginFacts(1, "d", { name }), executedMs: 1, answeredMs: 2 }
      const record = recordOf("call", callOf(name), facts, undefined, 3, "id")
      const about = {
        kind: "request",
        record,
        error: { type: name },
        isPermitted: true,
        message: { id: name, revision: undefined, session: undefined },
      } as const
      const sent = spanTexts([
        { context, parent: undefined, links: [], startMs: 1, endMs: 2, about },
      ])
      const metrics = new Metrics()
      metrics.counter("postern_a_total", "A.", ["name"]).with(name).add()
      for (const text of [sent, metricTexts(metrics.read(), { sinceMs: 0, nowMs: 1 })]) {
        JSON.parse(text)
        expect(text.isWellFormed()).toBe(true)
        expect(text).not.toMatch(/[\ud800-\udfff]/u)
        expect(text.length).toBeLessThan(30_000)
      }
    }),
  )
})
