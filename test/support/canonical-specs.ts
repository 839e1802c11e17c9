import type { JsonObject } from "../../src/schema/json.ts"

interface Example {
  readonly spec: JsonObject
  /** Each call: its kind and name, and its place below the spec. */
  readonly calls: readonly string[]
  readonly isDynamic?: true
}

const inner = { tool: { name: "work" } }
const value = (stringValue: string) => ({ literal: { stringValue } })
const fallback = { pattern: { schemaMap: { mappings: { note: value("none") } } } }
/** A key of routes; spelled out, it makes an object look like a promise. */
const consequence = "then"
const predicate = { field: "$.n", op: "gt", value: { numberValue: 1 } }

/** One specification per pattern kind, with every member it can have, in canonical spelling. */
export const canonicalSpecs: { readonly [pattern: string]: Example } = {
  pipeline: {
    spec: {
      pipeline: {
        steps: [
          { id: "a", name: "First", operation: { tool: { name: "one" } }, input: { path: "$.x" } },
          {
            id: "b",
            operation: { agent: { name: "helper", skill: "help", version: "1.0.0" } },
            input: { construct: { fields: { q: { reference: { step: "a", path: "$.y" } } } } },
            after: ["a"],
            when: "size(steps.a.list) > 0 && status.a == 'ok'",
            forEach: { reference: { step: "a" } },
            concurrency: 2,
            onItemError: "skip",
            onError: {
              on: ["transport", "timeout"],
              output: { constant: null },
              run: { tool: { name: "plan_b", version: "2.0.0" } },
              input: { error: { path: "$.message" } },
              rethrow: false,
              message: "sorry",
            },
            once: { key: ["$.id"], ttlMs: 1000, onDuplicate: "skip" },
            cache: { ttlMs: 5, key: ["$"], staleMs: 1, if: predicate },
            timeoutMs: 100,
            retry: {
              maxAttempts: 2,
              backoffMs: 5,
              factor: 1,
              jitter: 0.5,
              on: ["tool"],
              if: "true",
            },
            throttle: { rate: 1, windowMs: 1000, strategy: "leaky_bucket", onExceeded: "queue" },
            breaker: {
              name: "b",
              failures: 1,
              windowMs: 1,
              resetMs: 1,
              successes: 1,
              if: "error.code == 'X'",
            },
            detached: true,
          },
          { id: "c", operation: { approve: { message: "Go on?", to: "operator", timeoutMs: 10 } } },
          { id: "d", operation: { value: { expr: "steps.a.n + 1" } } },
          {
            id: "e",
            operation: { tool: { choose: { item: { path: "$" } }, among: ["x", "y"] } },
          },
        ],
        output: {
          construct: {
            fields: {
              all: { list: [{ self: { path: "$" } }, { constant: { a: [1] } }] },
              sum: { merge: [{ path: "$" }, { reference: { step: "b" } }] },
              first: { coalesce: [{ reference: { step: "a" } }, { path: "$.x" }] },
              text: { template: { template: "{a}", vars: { a: "$.a", b: { path: "$.b" } } } },
              line: { concat: { paths: ["$.a"], separator: "-" } },
              each: { each: { in: { path: "$.l" }, as: { item: { path: "$.v" } } } },
              ops: {
                ops: {
                  from: { path: "$.l" },
                  ops: [
                    { flatten: true },
                    { concat: false },
                    { merge: true },
                    { filter: "item.n > 1" },
                    { filter: predicate },
                    { sort: { field: "$.n", order: "desc" } },
                    { dedupe: { field: "$.id", keep: "best", by: "$.n", threshold: 0.5 } },
                    { dedupe: { vectors: { reference: { step: "a", path: "$.vectors" } } } },
                    { limit: 3 },
                    { limit: { count: 2 } },
                    { select: { a: "$.b" } },
                    { rrf: { field: "$.url", k: 60 } },
                    { vote: { by: "quorum", field: "$.v", minWeight: 1, conflictThreshold: 0.5 } },
                  ],
                },
              },
            },
          },
        },
        timeoutMs: 1000,
        maxParallel: 4,
      },
    },
    calls: [
      "tool one pipeline/steps/0/operation/tool",
      "agent helper pipeline/steps/1/operation/agent",
      "tool plan_b pipeline/steps/1/onError/run/tool",
      "tool x pipeline/steps/4/operation/tool/among/0",
      "tool y pipeline/steps/4/operation/tool/among/1",
    ],
    isDynamic: true,
  },
  scatterGather: {
    spec: {
      scatterGather: {
        targets: [
          {
            id: "web",
            tool: "search",
            input: { path: "$.q" },
            output: "$.results",
            weight: 2,
            timeoutMs: 5,
          },
          { tool: { name: "search", version: "1.0.0" } },
          {
            tool: { name: "find", server: "library", serverVersion: "3.1.0" },
            retry: { maxAttempts: 2 },
          },
          { agent: { name: "librarian", skill: "find" } },
          { pattern: { filter: { predicate } } },
        ],
        aggregation: { ops: [] },
        timeoutMs: 5000,
        failFast: false,
        concurrency: 3,
        complete: { quorum: 2 },
        partial: true,
      },
    },
    calls: [
      "tool search scatterGather/targets/0/tool",
      "tool search scatterGather/targets/1/tool",
      "direct find scatterGather/targets/2/tool",
      "agent librarian scatterGather/targets/3/agent",
    ],
  },
  saga: {
    spec: {
      saga: {
        steps: [
          {
            id: "pay",
            name: "Pay",
            action: { tool: { name: "charge" } },
            compensate: {
              tool: { name: "refund" },
              input: { reference: { step: "pay", path: "$.id" } },
              retry: { maxAttempts: 20 },
              timeoutMs: 10,
            },
            input: { path: "$" },
            pivot: false,
            compensateOnFailure: true,
            onUnknown: {
              probe: { tool: { name: "find_charge" } },
              input: { path: "$.id" },
              done: "item.found",
            },
          },
          {
            id: "ship",
            action: { tool: { name: "ship" } },
            after: [],
            pivot: true,
            onUnknown: "retry",
          },
        ],
        sagaIdPath: "$.id",
        timeoutMs: 10,
        output: { reference: { step: "ship" } },
        onCancel: "finish",
        onCompensateFailure: "stop",
        maxParallel: 2,
        store: "orders",
      },
    },
    calls: [
      "tool charge saga/steps/0/action/tool",
      "tool refund saga/steps/0/compensate/tool",
      "tool find_charge saga/steps/0/onUnknown/probe/tool",
      "tool ship saga/steps/1/action/tool",
    ],
  },
  filter: { spec: { filter: { predicate } }, calls: [] },
  schemaMap: {
    spec: {
      schemaMap: {
        mappings: {
          id: { path: "$.id" },
          kind: { literal: { listValue: [{ stringValue: "a" }] } },
          plain: { literal: 3 },
          url: { coalesce: { paths: ["$.a", "$.b"] } },
          text: { template: { template: "{a}", vars: { a: "$.a" } } },
          name: { concat: { paths: ["$.a"], separator: " " } },
          inner: { nested: { mappings: { $id: { path: "$.x" } } } },
          items: { path: "$.items", nested: { mappings: { id: { path: "$.id" } } } },
        },
      },
    },
    calls: [],
  },
  mapEach: {
    spec: { mapEach: { inner: { tool: "work" } } },
    calls: ["tool work mapEach/inner/tool"],
  },
  timeout: {
    spec: { timeout: { inner, durationMs: 5000, fallback, message: "too slow" } },
    calls: ["tool work timeout/inner/tool"],
  },
  retry: {
    spec: {
      retry: {
        inner,
        maxAttempts: 3,
        backoff: { exponential: { initialDelayMs: 1, maxDelayMs: 10, multiplier: 2 } },
        retryIf: { field: "$.error.code", op: "in", value: { listValue: [{ stringValue: "X" }] } },
        jitter: 0.2,
        attemptTimeoutMs: 100,
      },
    },
    calls: ["tool work retry/inner/tool"],
  },
  cache: {
    spec: {
      cache: {
        keyPaths: ["$.id"],
        inner,
        store: "s",
        ttlSeconds: 9,
        staleWhileRevalidateSeconds: 3,
        cacheIf: predicate,
      },
    },
    calls: ["tool work cache/inner/tool"],
  },
  idempotent: {
    spec: {
      idempotent: { keyPaths: ["$.id"], inner, store: "s", ttlSeconds: 0, onDuplicate: "error" },
    },
    calls: ["tool work idempotent/inner/tool"],
  },
  circuitBreaker: {
    spec: {
      circuitBreaker: {
        name: "crm",
        inner,
        store: "s",
        failureThreshold: 5,
        failureWindowSeconds: 60,
        resetTimeoutSeconds: 30,
        successThreshold: 2,
        fallback: { tool: { name: "plan_b" } },
        failureIf: predicate,
      },
    },
    calls: ["tool work circuitBreaker/inner/tool", "tool plan_b circuitBreaker/fallback/tool"],
  },
  deadLetter: {
    spec: {
      deadLetter: {
        inner,
        deadLetterTool: "bury",
        maxAttempts: 2,
        backoff: { fixed: { delayMs: 5 } },
        rethrow: true,
      },
    },
    calls: ["tool work deadLetter/inner/tool", "tool bury deadLetter/deadLetterTool"],
  },
  claimCheck: {
    spec: { claimCheck: { storeTool: "put", retrieveTool: "get", inner, retrieveAtEnd: true } },
    calls: [
      "tool put claimCheck/storeTool",
      "tool get claimCheck/retrieveTool",
      "tool work claimCheck/inner/tool",
    ],
  },
  throttle: {
    spec: {
      throttle: {
        inner,
        rate: 5,
        windowMs: 1000,
        strategy: "token_bucket",
        onExceeded: "reject",
        store: "s",
      },
    },
    calls: ["tool work throttle/inner/tool"],
  },
  router: {
    spec: {
      router: {
        routes: [{ when: predicate, [consequence]: inner }],
        otherwise: { agent: { name: "helper", skill: "help" } },
      },
    },
    calls: ["tool work router/routes/0/then/tool", "agent helper router/otherwise/agent"],
  },
  enricher: {
    spec: {
      enricher: {
        enrichments: [{ field: "weather", operation: inner, input: { path: "$.city" } }],
        merge: { nested: { key: "extra" } },
        ignoreFailures: true,
        timeoutMs: 100,
      },
    },
    calls: ["tool work enricher/enrichments/0/operation/tool"],
  },
  wireTap: {
    spec: {
      wireTap: {
        inner,
        taps: [{ tool: "log", transform: { mappings: { id: { path: "$.id" } } } }],
        tapPoint: "both",
      },
    },
    calls: ["tool work wireTap/inner/tool", "tool log wireTap/taps/0/tool"],
  },
  recipientList: {
    spec: {
      recipientList: {
        recipientsTool: "who",
        aggregation: { ops: [{ flatten: true }] },
        parallel: false,
        failOnError: true,
      },
    },
    calls: ["tool who recipientList/recipientsTool"],
    isDynamic: true,
  },
  capabilityRouter: {
    spec: {
      capabilityRouter: {
        required: ["ocr"],
        preferred: ["fast"],
        fallback: { tool: { name: "b" } },
      },
    },
    calls: ["tool b capabilityRouter/fallback/tool"],
    isDynamic: true,
  },
  semanticDedup: {
    spec: {
      semanticDedup: {
        embedder: "embed",
        contentPath: "$.text",
        threshold: 0.9,
        keep: "highest_score",
      },
    },
    calls: ["tool embed semanticDedup/embedder"],
  },
  confidenceAggregator: {
    spec: {
      confidenceAggregator: {
        sources: [{ operation: inner, weight: 0.7 }],
        strategy: "quorum",
        minWeight: 0.5,
        conflictThreshold: 0.3,
      },
    },
    calls: ["tool work confidenceAggregator/sources/0/operation/tool"],
  },
}
