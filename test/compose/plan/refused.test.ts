import { describe, expect, test } from "vitest"
import { createPlanner } from "../../../src/compose/plan/compile-plan.ts"
import { defaultPlanLimits } from "../../../src/compose/plan/limits.ts"
import type { JsonObject } from "../../../src/schema/json.ts"
import {
  type CompositionSketch,
  call,
  catalogOf,
  compiled,
  pipeline,
  toolIn,
} from "../../support/plans.ts"

describe("No plan is made of a composition", () => {
  const many = (count: number) => Array.from({ length: count }, () => call("a"))
  const target = (more: JsonObject = {}) => ({ tool: "a", ...more })

  test.each<[string, JsonObject, string, string]>([
    ["with 101 steps", pipeline(...many(101)), "limit_exceeded", "/pipeline/steps"],
    [
      "with 33 targets",
      { scatterGather: { targets: Array.from({ length: 33 }, () => target()) } },
      "limit_exceeded",
      "/scatterGather/targets",
    ],
    [
      "with 11 attempts",
      { scatterGather: { targets: [target({ retry: { maxAttempts: 11 } })] } },
      "limit_exceeded",
      "/scatterGather/targets/0/retry/maxAttempts",
    ],
    [
      "with 11 attempts of a wrapper",
      { retry: { inner: call("a"), maxAttempts: 11, backoff: { fixed: { delayMs: 1 } } } },
      "limit_exceeded",
      "/retry",
    ],
    [
      "with 65 steps at a time",
      { pipeline: { steps: [{ id: "a", operation: call("a") }], maxParallel: 65 } },
      "limit_exceeded",
      "/pipeline/maxParallel",
    ],
    [
      "that waits longer than 30 days",
      pipeline({ approve: { message: "?", timeoutMs: 31 * 86_400_000 } }),
      "limit_exceeded",
      "/pipeline/steps/0/operation/approve/timeoutMs",
    ],
    [
      "with graphs nested 9 deep",
      Array.from({ length: 8 }).reduce(
        (spec: JsonObject) => pipeline({ pattern: spec }),
        pipeline(call("a")),
      ),
      "limit_exceeded",
      "",
    ],
    [
      "with a quorum out of reach",
      { scatterGather: { targets: [target()], complete: { quorum: 2 } } },
      "quorum_range",
      "/scatterGather/complete/quorum",
    ],
    [
      "with a detached target",
      { scatterGather: { targets: [target({ detached: true })] } },
      "detached_referenced",
      "/scatterGather/targets/0/detached",
    ],
    [
      "with two pivots",
      { saga: { steps: ["a", "b"].map((id) => ({ id, action: call("a"), pivot: true })) } },
      "saga_pivot",
      "/saga/steps/1/pivot",
    ],
    [
      "with ops in an order that cannot work",
      {
        scatterGather: {
          targets: [target()],
          aggregation: { ops: [{ flatten: true }, { rrf: { field: "$" } }] },
        },
      },
      "op_type",
      "/scatterGather/aggregation/ops/1",
    ],
    [
      "of which nothing is capable",
      { capabilityRouter: { required: ["ocr"] } },
      "capability_missing",
      "/capabilityRouter",
    ],
  ])("%s", (_, spec, code, pointer) => {
    const { plan, problems } = compiled({
      spec,
      depends: [{ type: "tool", name: "a", version: "1.0.0" }],
    })
    expect(plan).toBeUndefined()
    expect(problems.map((problem) => `${problem.code} ${problem.pointer}`)).toEqual([
      `${code} /spec${pointer}`,
    ])
  })

  test("with more steps in all than a plan may have", () => {
    const composition = { name: "some", spec: pipeline(...many(60)) }
    const { problems } = compiled(
      { spec: pipeline(...Array.from({ length: 9 }, () => call("some"))) },
      { compositions: [composition] },
    )
    expect(problems).toMatchObject([
      { code: "limit_exceeded", data: { limit: "maxPlanSteps", max: 500, found: 549 } },
    ])
  })

  test("that is over a limit of its own", () => {
    const { problems } = compiled(
      { spec: pipeline(...many(3)) },
      {},
      { ...defaultPlanLimits, maxSteps: 2 },
    )
    expect(problems).toMatchObject([
      { message: "3 steps, and at most 2 are allowed (limit maxSteps)" },
    ])
  })

  test("that calls what its depends do not name, or name twice", () => {
    const catalog = catalogOf([
      { name: "composed", spec: pipeline(call("a"), { agent: { name: "b", skill: "s" } }) },
    ])
    const tool = toolIn(catalog, "composed")
    const withDepends = (depends: CompositionSketch["depends"]) => {
      const entity = { ...tool.entity, ...(depends && { depends }) }
      return createPlanner(catalog)
        .compile({ ...tool, shown: tool.shown, entity })
        .problems.map(({ code, pointer }) => `${code} ${pointer}`)
    }
    const [a, b] = [
      "/spec/pipeline/steps/0/operation/tool",
      "/spec/pipeline/steps/1/operation/agent",
    ]
    expect(withDepends([])).toEqual([`call_not_in_depends ${a}`, `call_not_in_depends ${b}`])
    const agent = { type: "agent", name: "b", version: "1.0.0", skill: "s" } as const
    const twice = ["1.0.0", "2.0.0"].map(
      (version) => ({ type: "tool", name: "a", version }) as const,
    )
    expect(withDepends([...twice, agent])).toEqual([`reference_ambiguous ${a}`])
    expect(withDepends([{ type: "tool", name: "a", version: "9.9.9" }, agent])).toEqual([
      `tool_not_found ${a}`,
    ])
  })
})
