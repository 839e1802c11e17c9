import type { JsonObject } from "../../src/schema/json.ts"
import type { BackendCall } from "./e2e-backend.ts"
import { agentOf, toolDependency } from "./registries.ts"

/*
 * One registry document with a composition of every pattern of the catalogue, the tools that they call, and what comes of
 * calling each.
 */

/** What each tool of the servers does; `seen` are the names of all calls in order. */
export function acts(seen: string[]): Readonly<Record<string, (call: BackendCall) => void>> {
  const asked = new Map<string, number>()
  const structured = (call: BackendCall, value: unknown) =>
    call.send({
      result: {
        content: [{ type: "text", text: JSON.stringify(value) }],
        structuredContent: value,
      },
    })
  const always = (answer: (args: JsonObject) => unknown) => (call: BackendCall) =>
    structured(call, answer(Object(call.arguments)))
  const own: Record<string, (call: BackendCall) => void> = {
    search: always(({ q }) => ({ hits: [hit(`${q}-1`, 0.9), hit(`${q}-2`, 0.2)] })),
    mirror: always(({ q }) => ({ hits: [hit(`${q}-2`, 0.3), hit(`${q}-3`, 0.7)] })),
    echo: always((args) => args),
    double: always(({ n }) => ({ n: Number(n) * 2 })),
    note: always(() => ({ noted: true })),
    keep: always((args) => ({ ref: JSON.stringify(args) })),
    fetch: always(({ ref }) => ({ body: JSON.parse(String(ref)) })),
    who: always(() => ["echo", "double"]),
    embed: always(({ texts }) => ({
      vectors: (texts as string[]).map((text) => [text.length, 1]),
    })),
    sure: always(() => ({ answer: "blue" })),
    unsure: always(() => ({ answer: "red" })),
    // Turned away once and then there; never there; never done.
    busy: (call) => {
      const nth = (asked.get("busy") ?? 0) + 1
      asked.set("busy", nth)
      if (nth === 1) call.response.writeHead(503, { "retry-after": "0" }).end()
      else structured(call, { nth })
    },
    broken: (call) => void call.response.writeHead(500).end(),
    slow: () => undefined,
  }
  return Object.fromEntries(
    Object.entries(own).map(([name, act]) => [
      name,
      (call: BackendCall) => {
        seen.push(name)
        act(call)
      },
    ]),
  )
}

const hit = (url: string, score: number) => ({ url, score, text: url })

/** By name: whether it only reads. */
const tools = {
  ...{ search: true, mirror: true, echo: true, double: true, fetch: true, who: true, embed: true },
  ...{ sure: true, unsure: true, busy: true, broken: true, slow: true, note: false, keep: false },
}

const tool = (name: string): JsonObject => ({ tool: { name } })
const stands = (name: string): JsonObject => ({
  pattern: { schemaMap: { mappings: { instead: { literal: { stringValue: name } } } } },
})

interface Case {
  readonly spec: JsonObject
  readonly arguments: JsonObject
  /** What `structuredContent` comes to. */
  readonly value: unknown
}

/** A pipeline that hands what a path of the arguments yields to another composition. */
const through = (name: string, path: string): JsonObject => ({
  pipeline: { steps: [{ id: "s", operation: tool(name), input: { path } }] },
})

export const cases: Readonly<Record<string, Case>> = {
  pipeline: {
    spec: {
      pipeline: {
        steps: [
          { id: "find", operation: tool("search") },
          {
            id: "pages",
            operation: tool("echo"),
            forEach: { reference: { step: "find", path: "$.hits[*].url" } },
            input: { construct: { fields: { page: { item: { path: "$" } } } } },
          },
        ],
      },
    },
    arguments: { q: "a" },
    value: [{ page: "a-1" }, { page: "a-2" }],
  },
  scatterGather: {
    spec: {
      scatterGather: {
        targets: [
          { tool: "search", output: "$.hits" },
          { tool: "mirror", output: "$.hits" },
          { tool: "broken" },
        ],
        aggregation: {
          ops: [
            { flatten: true },
            { dedupe: { field: "$.url" } },
            { sort: { field: "$.score", order: "desc" } },
            { select: { url: "$.url" } },
          ],
        },
      },
    },
    arguments: { q: "b" },
    value: [{ url: "b-1" }, { url: "b-3" }, { url: "b-2" }],
  },
  filter: {
    spec: through("only_good", "$.items"),
    arguments: { items: [hit("x", 0.1), hit("y", 0.8)] },
    value: [hit("y", 0.8)],
  },
  schemaMap: {
    spec: {
      schemaMap: {
        mappings: {
          name: {
            template: { template: "{first} {last}", vars: { first: "$.first", last: "$.last" } },
          },
          any: { coalesce: { paths: ["$.none", "$.last"] } },
        },
      },
    },
    arguments: { first: "Ada", last: "L." },
    value: { name: "Ada L.", any: "L." },
  },
  mapEach: {
    spec: through("doubled", "$.items"),
    arguments: { items: [{ n: 1 }, { n: 2 }] },
    value: [{ n: 2 }, { n: 4 }],
  },
  timeout: {
    spec: { timeout: { inner: tool("slow"), durationMs: 50, fallback: stands("slow") } },
    arguments: {},
    value: { instead: "slow" },
  },
  retry: {
    spec: { retry: { inner: tool("busy"), maxAttempts: 3, backoff: { fixed: { delayMs: 1 } } } },
    arguments: {},
    value: { nth: 2 },
  },
  cache: {
    spec: { cache: { keyPaths: ["$.q"], inner: tool("search"), store: "c", ttlSeconds: 60 } },
    arguments: { q: "c" },
    value: { hits: [hit("c-1", 0.9), hit("c-2", 0.2)] },
  },
  idempotent: {
    spec: { idempotent: { keyPaths: ["$.id"], inner: tool("note"), store: "i" } },
    arguments: { id: 1 },
    value: { noted: true },
  },
  circuitBreaker: {
    spec: {
      circuitBreaker: {
        name: "b",
        inner: tool("broken"),
        store: "b",
        failureThreshold: 1,
        failureWindowSeconds: 60,
        resetTimeoutSeconds: 60,
        fallback: stands("broken"),
      },
    },
    arguments: {},
    value: { instead: "broken" },
  },
  deadLetter: {
    spec: { deadLetter: { inner: tool("broken"), deadLetterTool: "note" } },
    arguments: { q: 1 },
    value: null,
  },
  claimCheck: {
    spec: {
      claimCheck: {
        storeTool: "keep",
        retrieveTool: "fetch",
        inner: tool("echo"),
        retrieveAtEnd: true,
      },
    },
    arguments: { big: 1 },
    value: { body: { big: 1 } },
  },
  throttle: {
    spec: {
      throttle: { inner: tool("echo"), rate: 100, windowMs: 1000, strategy: "token_bucket" },
    },
    arguments: { n: 1 },
    value: { n: 1 },
  },
  router: {
    spec: {
      router: {
        routes: [
          {
            when: { field: "$.n", op: "gt", value: { numberValue: 5 } },
            [`${"then"}`]: tool("double"),
          },
        ],
        otherwise: tool("echo"),
      },
    },
    arguments: { n: 7 },
    value: { n: 14 },
  },
  enricher: {
    spec: {
      enricher: {
        enrichments: [
          { field: "found", operation: tool("search") },
          { field: "lost", operation: tool("broken") },
        ],
        merge: "spread",
        ignoreFailures: true,
      },
    },
    arguments: { q: "d" },
    value: { q: "d", found: { hits: [hit("d-1", 0.9), hit("d-2", 0.2)] } },
  },
  wireTap: {
    spec: { wireTap: { inner: tool("echo"), taps: [{ tool: "note" }, { tool: "broken" }] } },
    arguments: { n: 2 },
    value: { n: 2 },
  },
  recipientList: {
    spec: { recipientList: { recipientsTool: "who", aggregation: { ops: [{ merge: true }] } } },
    arguments: { n: 3 },
    value: { n: 6 },
  },
  capabilityRouter: {
    spec: {
      capabilityRouter: { required: ["answers"], preferred: ["best"], fallback: stands("none") },
    },
    arguments: {},
    value: { answer: "blue" },
  },
  semanticDedup: {
    spec: through("distinct", "$.items"),
    arguments: { items: [hit("aaaa", 1), hit("bbbb", 1), hit("c", 1)] },
    value: [hit("aaaa", 1), hit("c", 1)],
  },
  confidenceAggregator: {
    spec: {
      confidenceAggregator: {
        sources: [
          { operation: tool("sure"), weight: 0.7 },
          { operation: tool("unsure"), weight: 0.3 },
        ],
        strategy: "weighted_vote",
      },
    },
    arguments: {},
    value: { answer: "blue" },
  },
}

/** Compositions that others call, because what they take is no object. */
const called: Readonly<Record<string, JsonObject>> = {
  only_good: { filter: { predicate: { field: "$.score", op: "gt", value: { numberValue: 0.5 } } } },
  doubled: { mapEach: { inner: tool("double") } },
  distinct: { semanticDedup: { embedder: "embed", contentPath: "$.text", threshold: 0.999 } },
}

const saga: JsonObject = {
  saga: { steps: [{ id: "keep", action: tool("keep"), compensate: tool("note") }] },
}

const allTools = Object.keys(tools).map((name) => toolDependency(name))

/** The document. All tools are on server `lib`; agent `a` may call the compositions alone. */
export function everyPattern(): object {
  const compositions = {
    ...Object.fromEntries(Object.entries(cases).map(([name, { spec }]) => [name, spec])),
    saga,
  }
  return {
    schemaVersion: "2.0",
    servers: [
      {
        name: "lib",
        version: "1.0.0",
        provides: Object.keys(tools).map((name) => ({ tool: name })),
      },
    ],
    tools: [
      ...Object.entries(tools).map(([name, readOnlyHint]) => ({
        name,
        version: "1.0.0",
        annotations: { readOnlyHint },
        source: { server: "lib", serverVersion: "1.0.0", tool: name },
        inputSchema: { type: "object" },
        ...(name === "sure" && { tags: ["answers", "best"] }),
        ...(name === "unsure" && { tags: ["answers"] }),
      })),
      ...Object.entries(called).map(([name, spec]) => ({
        name,
        version: "1.0.0",
        spec,
        depends: allTools,
      })),
      ...Object.entries(compositions).map(([name, spec]) => ({
        name,
        version: "1.0.0",
        inputSchema: { type: "object" },
        spec,
        depends: [...allTools, ...Object.keys(called).map((inner) => toolDependency(inner))],
      })),
    ],
    agents: [
      agentOf(
        "a",
        Object.keys(compositions).map((name) => toolDependency(name)),
      ),
    ],
  }
}
