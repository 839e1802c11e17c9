import fc from "fast-check"
import { describe, expect, test } from "vitest"
import type { Graph, Step } from "../../../src/compose/plan/plan.ts"
import { type PolicyName, policyOrder } from "../../../src/compose/plan/policies.ts"
import type { Json, JsonObject } from "../../../src/schema/json.ts"
import { example, planOf } from "../../support/plans.ts"

/** A wrapper, and the policies that it means, from the outside in. */
interface Wrap {
  readonly means: readonly PolicyName[]
  readonly around: (inner: JsonObject) => JsonObject
}

const backoff = { fixed: { delayMs: 1 } }
const pattern = (spec: JsonObject): JsonObject => ({ pattern: spec })
const instead = { tool: { name: "instead" } }

const wraps: readonly Wrap[] = [
  { means: ["forEach"], around: (inner) => pattern({ mapEach: { inner } }) },
  { means: ["timeoutMs"], around: (inner) => pattern({ timeout: { inner, durationMs: 1 } }) },
  {
    means: ["onError", "timeoutMs"],
    around: (inner) => pattern({ timeout: { inner, durationMs: 1, fallback: instead } }),
  },
  { means: ["retry"], around: (inner) => pattern({ retry: { inner, maxAttempts: 2, backoff } }) },
  {
    means: ["retry", "attemptTimeoutMs"],
    around: (inner) => pattern({ retry: { inner, maxAttempts: 2, backoff, attemptTimeoutMs: 1 } }),
  },
  {
    means: ["cache"],
    around: (inner) => pattern({ cache: { inner, keyPaths: [], ttlSeconds: 1, store: "s" } }),
  },
  {
    means: ["once"],
    around: (inner) => pattern({ idempotent: { inner, keyPaths: [], store: "s" } }),
  },
  {
    means: ["throttle"],
    around: (inner) => pattern({ throttle: { inner, rate: 1, windowMs: 1 } }),
  },
  {
    means: ["breaker"],
    around: (inner) =>
      pattern({
        circuitBreaker: {
          inner,
          name: "b",
          failureThreshold: 1,
          failureWindowSeconds: 1,
          resetTimeoutSeconds: 1,
          store: "s",
        },
      }),
  },
  {
    means: ["onError", "retry"],
    around: (inner) => pattern({ deadLetter: { inner, deadLetterTool: "bury", maxAttempts: 2 } }),
  },
]

/** What is around the call, from the outside in, as the interpreter nests it. */
function nesting(graph: Graph): readonly PolicyName[] {
  const [step] = graph.steps as readonly [Step]
  expect(graph.steps).toHaveLength(1)
  const own = policyOrder.filter((name) => step.policies[name] !== undefined)
  return step.node.kind === "graph" ? [...own, ...nesting(step.node.graph)] : own
}

/** An attempt that is one alone and the whole are the same: a timeout may stand for either. */
const said = (names: readonly PolicyName[]) =>
  names.map((name) => (name === "attemptTimeoutMs" ? "timeoutMs" : name))

function wrapped(layers: readonly Wrap[]): JsonObject {
  return layers.reduceRight((inner: JsonObject, { around }) => around(inner), {
    tool: { name: "work" },
  })
}

describe("Wrappers around an operation", () => {
  test("mean the same policies in the same nesting, folded or not", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...wraps), { minLength: 1, maxLength: 6 }), (layers) => {
        const { root } = planOf({
          spec: { pipeline: { steps: [{ id: "main", operation: wrapped(layers) }] } },
        })
        expect(said(nesting(root))).toEqual(said(layers.flatMap(({ means }) => means)))
      }),
      { numRuns: 300 },
    )
  })

  test("become policies of the step that holds them, also beside its own, while the order allows it", () => {
    const operation = wrapped([wraps[5], wraps[1], wraps[3]].filter((wrap) => wrap !== undefined))
    const { root } = planOf({
      spec: {
        pipeline: { steps: [{ id: "a", operation, when: "true", once: { key: ["$.id"] } }] },
      },
    })
    const [step] = root.steps
    expect(Object.keys(step?.policies ?? {}).sort()).toEqual([
      "cache",
      "once",
      "retry",
      "timeoutMs",
      "when",
    ])
    expect(step?.node.kind).toBe("call")
  })

  test("stay inside, where the step's own policies would come between them", () => {
    const operation = wrapped([wraps[1]].filter((wrap) => wrap !== undefined))
    const { root } = planOf({
      spec: {
        pipeline: { steps: [{ id: "a", operation, retry: { maxAttempts: 2 }, timeoutMs: 9 }] },
      },
    })
    const [step] = root.steps
    expect(step?.policies).toMatchObject({ timeoutMs: 9, attemptTimeoutMs: 1 })
    const again = planOf({
      spec: {
        pipeline: { steps: [{ id: "a", operation: wrapped(wraps.slice(5, 6)), timeoutMs: 9 }] },
      },
    })
    expect(again.root.steps[0]?.node).toMatchObject({
      kind: "graph",
      graph: { steps: [{ id: "inner", policies: { cache: {} } }] },
    })
  })

  test("look at the input of the step that they were folded into", () => {
    const value = { value: { list: [{ path: "$.x" }, { expr: "input.x" }] } }
    const { root } = planOf({
      spec: {
        pipeline: {
          steps: [
            {
              id: "a",
              operation: pattern({ timeout: { inner: value, durationMs: 1 } }),
              input: { path: "$.part" },
            },
          ],
        },
      },
    })
    expect(root.steps[0]?.node).toMatchObject({
      value: { items: [{ of: "self" }, { kind: "cel", input: "self" }] },
    })
  })

  test("around each item give the items to what is inside", () => {
    const operation = wrapped([wraps[0], wraps[3]].filter((wrap) => wrap !== undefined))
    const { root } = planOf({
      spec: { pipeline: { steps: [{ id: "a", operation, input: { path: "$.list" } }] } },
    })
    expect(root.steps[0]).toMatchObject({
      input: { kind: "path", of: "item", path: "$" },
      policies: { forEach: { over: { of: "input", path: "$.list" }, concurrency: 1 }, retry: {} },
      node: { kind: "call" },
    })
  })

  test("have the normal form of the same written on the core", () => {
    const rootOf = (name: string): Json => {
      const { boundary: _, ...root } = planOf(example(name)).root
      return JSON.parse(JSON.stringify(root))
    }
    expect(rootOf("crm-sugar")).toEqual(rootOf("crm-core"))
  })
})
