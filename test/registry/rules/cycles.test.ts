import { describe, expect, test } from "vitest"
import { agentOf, documentOf, found, load, sourceTool } from "../../support/registries.ts"

const self = { tool: { name: "loop" } }
const other = { tool: { name: "plain" } }
const fixed = { fixed: { delayMs: 1 } }

/** Each place of each pattern where a call can stand, with a call of the tool itself in it. */
const places: readonly (readonly [place: string, spec: object, pointer: string])[] = [
  [
    "pipeline step",
    { pipeline: { steps: [{ id: "a", operation: self }] } },
    "pipeline/steps/0/operation/tool",
  ],
  ["scatterGather target", { scatterGather: { targets: [self] } }, "scatterGather/targets/0/tool"],
  [
    "saga action",
    { saga: { steps: [{ id: "a", action: self, compensate: other }] } },
    "saga/steps/0/action/tool",
  ],
  [
    "saga compensation",
    { saga: { steps: [{ id: "a", action: other, compensate: self }] } },
    "saga/steps/0/compensate/tool",
  ],
  ["mapEach inner", { mapEach: { inner: self } }, "mapEach/inner/tool"],
  ["timeout inner", { timeout: { inner: self, durationMs: 5 } }, "timeout/inner/tool"],
  [
    "timeout fallback",
    { timeout: { inner: other, durationMs: 5, fallback: self } },
    "timeout/fallback/tool",
  ],
  ["retry inner", { retry: { inner: self, maxAttempts: 2, backoff: fixed } }, "retry/inner/tool"],
  [
    "cache inner",
    { cache: { inner: self, keyPaths: ["$.a"], store: "s", ttlSeconds: 5 } },
    "cache/inner/tool",
  ],
  [
    "idempotent inner",
    { idempotent: { inner: self, keyPaths: ["$.a"], store: "s" } },
    "idempotent/inner/tool",
  ],
  ["circuitBreaker inner", { circuitBreaker: breaker(self) }, "circuitBreaker/inner/tool"],
  [
    "circuitBreaker fallback",
    { circuitBreaker: { ...breaker(other), fallback: self } },
    "circuitBreaker/fallback/tool",
  ],
  [
    "deadLetter inner",
    { deadLetter: { inner: self, deadLetterTool: "plain" } },
    "deadLetter/inner/tool",
  ],
  [
    "deadLetter tool",
    { deadLetter: { inner: other, deadLetterTool: "loop" } },
    "deadLetter/deadLetterTool",
  ],
  [
    "claimCheck inner",
    { claimCheck: { inner: self, storeTool: "plain", retrieveTool: "plain" } },
    "claimCheck/inner/tool",
  ],
  [
    "claimCheck store",
    { claimCheck: { inner: other, storeTool: "loop", retrieveTool: "plain" } },
    "claimCheck/storeTool",
  ],
  [
    "claimCheck retrieve",
    { claimCheck: { inner: other, storeTool: "plain", retrieveTool: "loop", retrieveAtEnd: true } },
    "claimCheck/retrieveTool",
  ],
  ["throttle inner", { throttle: { inner: self, rate: 1, windowMs: 5 } }, "throttle/inner/tool"],
  ["router then", { router: { routes: [route(self)] } }, "router/routes/0/then/tool"],
  [
    "router otherwise",
    { router: { routes: [route(other)], otherwise: self } },
    "router/otherwise/tool",
  ],
  [
    "enricher operation",
    { enricher: { enrichments: [{ field: "a", operation: self }], merge: "spread" } },
    "enricher/enrichments/0/operation/tool",
  ],
  ["wireTap inner", { wireTap: { inner: self, taps: [{ tool: "plain" }] } }, "wireTap/inner/tool"],
  ["wireTap tap", { wireTap: { inner: other, taps: [{ tool: "loop" }] } }, "wireTap/taps/0/tool"],
  [
    "semanticDedup embedder",
    { semanticDedup: { embedder: "loop", contentPath: "$.a", threshold: 0.5 } },
    "semanticDedup/embedder",
  ],
  [
    "confidenceAggregator source",
    { confidenceAggregator: { sources: [{ operation: self, weight: 1 }], strategy: "all" } },
    "confidenceAggregator/sources/0/operation/tool",
  ],
  [
    "pattern inside a pattern",
    { pipeline: { steps: [{ id: "a", operation: { pattern: { mapEach: { inner: self } } } }] } },
    "pipeline/steps/0/operation/pattern/mapEach/inner/tool",
  ],
]

function breaker(inner: object): object {
  const limits = { failureThreshold: 1, failureWindowSeconds: 1, resetTimeoutSeconds: 1 }
  return { name: "b", inner, store: "s", ...limits }
}

/** Made from entries: a literal with a member `then` looks like a promise to tools. */
function route(operation: object): object {
  const when = { field: "$.a", op: "eq", value: 1 }
  return Object.fromEntries([["when", when] as const, ["then", operation] as const])
}

const cycles = (document: object) =>
  found(load(document)).filter((problem) => problem.startsWith("circular_dependency"))

describe("A circle of calls", () => {
  test.each(places)("is found in a %s", (_, spec, pointer) => {
    const document = documentOf([sourceTool("plain"), { name: "loop", version: "1.0.0", spec }])
    expect(cycles(document)).toEqual([`circular_dependency /tools/1/spec/${pointer}`])
  })

  test("is found through tools that a dynamic pattern may choose", () => {
    const depends = [{ type: "tool", name: "loop", version: "1.0.0" }]
    const spec = { recipientList: { recipientsPath: "$.to" } }
    expect(cycles(documentOf([{ name: "loop", version: "1.0.0", depends, spec }]))).toEqual([
      "circular_dependency /tools/0/depends/0",
    ])
  })

  test("through an agent and back is one problem, with the way round in words", () => {
    const depends = [{ type: "agent", name: "a", version: "1.0.0", skill: "s" }]
    const spec = { pipeline: { steps: [{ id: "x", operation: { agent: { name: "a" } } }] } }
    const agent = agentOf("a", [{ type: "tool", name: "ask", version: "1.0.0" }], {
      skills: [{ id: "s" }],
    })
    const tools = [{ name: "ask", version: "1.0.0", depends, spec }]
    const { problems } = load(documentOf(tools, { agents: [agent] }))
    expect(problems).toMatchObject([
      {
        code: "circular_dependency",
        severity: "error",
        pointer: "/tools/0/depends/0",
        message: expect.stringContaining('"ask@1.0.0" → "a@1.0.0" → "ask@1.0.0"'),
        related: [{ pointer: "/agents/0/capabilities/extensions/0/params/depends/0" }],
      },
    ])
  })

  test("is none where a server's tool of the same name is called past the registry", () => {
    const operation = { tool: { name: "loop", server: "s", serverVersion: "1.0.0" } }
    const spec = { pipeline: { steps: [{ id: "a", operation }] } }
    const document = documentOf([{ name: "loop", version: "1.0.0", spec }], {
      servers: [{ name: "s", version: "1.0.0", provides: [{ tool: "loop" }] }],
    })
    expect(cycles(document)).toEqual([])
  })

  test("in two separate places is two problems", () => {
    const calling = (name: string, callee: string) => ({
      name,
      version: "1.0.0",
      spec: { mapEach: { inner: { tool: callee } } },
    })
    const tools = [calling("a", "b"), calling("b", "a"), calling("c", "c"), calling("d", "a")]
    expect(cycles(documentOf(tools))).toEqual([
      "circular_dependency /tools/0/spec/mapEach/inner/tool",
      "circular_dependency /tools/2/spec/mapEach/inner/tool",
    ])
  })
})

describe("A tool that is not there", () => {
  test.each(places)("is found in a %s", (_, spec, pointer) => {
    const text = JSON.stringify(
      documentOf([sourceTool("plain"), { name: "x", version: "1.0.0", spec }]),
    )
    const missing = found(load(text)).filter((problem) => problem.startsWith("tool_not_found"))
    expect(missing).toEqual([`tool_not_found /tools/1/spec/${pointer}`])
  })
})
