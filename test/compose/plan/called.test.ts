import { describe, expect, test } from "vitest"
import { createPlanner } from "../../../src/compose/plan/compile-plan.ts"
import {
  call,
  catalogOf,
  compiled,
  graphOf,
  pipeline,
  planOf,
  stepOf,
  toolIn,
} from "../../support/plans.ts"

describe("A composition that is called by another", () => {
  const inner = {
    name: "inner",
    version: "2.0.0",
    depends: [{ type: "tool", name: "deep", version: "7.0.0" }] as const,
    inputSchema: { type: "object", properties: { n: { default: 5 } } },
    outputSchema: { type: "object" },
    spec: { retry: { inner: call("deep"), maxAttempts: 2, backoff: { fixed: { delayMs: 1 } } } },
  }
  const outer = {
    name: "outer",
    depends: [{ type: "tool", name: "inner", version: "2.0.0" }] as const,
    spec: pipeline(call("inner")),
  }

  test("is a graph with its own authority, defaults and schemas", () => {
    const { root } = planOf(outer, { compositions: [inner] })
    const graph = graphOf(stepOf(root))
    expect(graph?.boundary).toMatchObject({
      tool: { name: "inner", version: "2.0.0" },
      depends: [{ type: "tool", name: "deep", version: "7.0.0" }],
      defaults: { n: { value: 5 } },
      inputSchema: { type: "object" },
      outputSchema: { type: "object" },
      wrap: "n",
    })
    expect(root.boundary?.depends).toEqual(outer.depends)
    expect(root.boundary).not.toHaveProperty("inputSchema")
    expect(stepOf(graph)?.node).toMatchObject({
      kind: "call",
      target: { name: "deep", version: "7.0.0" },
    })
  })

  test("may be one that data chooses", () => {
    const spec = { recipientList: { recipientsPath: "$.to" } }
    const { root } = planOf({ ...outer, spec }, { compositions: [inner] })
    expect(stepOf(root)?.node).toMatchObject({
      kind: "choose",
      among: [
        {
          name: "inner",
          node: { kind: "graph", graph: { boundary: { tool: { name: "inner" } } } },
        },
      ],
    })
  })

  test("that cannot be run itself makes its callers ones that cannot", () => {
    const broken = { ...inner, spec: { recipientList: { recipientsPath: "$" } }, depends: [] }
    const sick = {
      ...broken,
      name: "sick",
      spec: { scatterGather: { targets: [{ tool: "deep" }], complete: { quorum: 2 } } },
    }
    const caller = { name: "outer", spec: pipeline(call("sick")) }
    const { plan, problems } = compiled(caller, {
      compositions: [{ ...sick, depends: inner.depends }],
    })
    expect(plan).toBeUndefined()
    expect(problems).toMatchObject([
      { code: "callee_unsound", pointer: "/spec/pipeline/steps/0/operation/tool" },
    ])
  })

  test("is lowered once, however often and deep it is called", () => {
    const names = Array.from({ length: 7 }, (_, index) => `c${index}`)
    const compositions = names.map((name, index) => ({
      name,
      spec: pipeline(...Array.from({ length: 9 }, () => call(names[index + 1] ?? "leaf"))),
    }))
    const catalog = catalogOf(compositions)
    const planner = createPlanner(catalog)
    // 9⁷ steps, were each written out; past the limit nobody calls it.
    expect(planner.compile(toolIn(catalog, "c0")).problems.map(({ code }) => code)).toContain(
      "callee_unsound",
    )
    expect(planner.compile(toolIn(catalog, "c5")).plan?.root.steps).toHaveLength(9)
    const [first, second] = planner.compile(toolIn(catalog, "c5")).plan?.root.steps ?? []
    expect(graphOf(first)).toBe(graphOf(second))
  })

  test("may stand at the end of a chain that is far too long", () => {
    const count = 3000
    const compositions = Array.from({ length: count }, (_, index) => ({
      name: `c${index}`,
      spec: pipeline(call(index + 1 < count ? `c${index + 1}` : "leaf")),
    }))
    const catalog = catalogOf(compositions)
    const planner = createPlanner(catalog)
    expect(planner.compile(toolIn(catalog, "c0")).plan).toBeUndefined()
    expect(planner.compile(toolIn(catalog, `c${count - 8}`)).plan).toBeDefined()
    expect(
      planner.compile(toolIn(catalog, `c${count - 9}`)).problems.map(({ code }) => code),
    ).toEqual(["limit_exceeded"])
  })
})
