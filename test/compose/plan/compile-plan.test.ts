import { globSync } from "node:fs"
import { basename } from "node:path"
import { fileURLToPath } from "node:url"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { createPlanner } from "../../../src/compose/plan/compile-plan.ts"
import type { Catalog } from "../../../src/registry/catalog.ts"
import type { Problem } from "../../../src/registry/problem.ts"
import { digest } from "../../../src/schema/canonical.ts"
import type { Json, JsonObject } from "../../../src/schema/json.ts"
import { canonicalSpecs } from "../../support/canonical-specs.ts"
import {
  type CompositionSketch,
  call,
  catalogOf,
  compiled,
  example,
  pipeline,
  planOf,
  stepOf,
  toolIn,
} from "../../support/plans.ts"
import { fixture, load, type Mutable, sourceTool } from "../../support/registries.ts"
import { soundSpec } from "../../support/sound-spec.ts"

const folder = fileURLToPath(new URL("../../fixtures/registries/", import.meta.url))
const fixtures = globSync("*.json", { cwd: folder }).filter((name) => !name.includes(".expect."))

/** The fixture with a tool for each name that its compositions call and it does not register. */
function loaded(name: string): Catalog {
  const document: Mutable = fixture(basename(name))
  const missing = (): readonly string[] => {
    const names = load(document).problems.flatMap(({ code, data }) =>
      code === "tool_not_found" ? [String(data?.["name"])] : [],
    )
    return [...new Set(names)]
  }
  document.tools.push(
    ...missing().map((tool) => ({ ...sourceTool(tool), source: { target: "s", tool } })),
  )
  const { catalog, problems } = load(document)
  if (catalog === undefined) throw new Error(JSON.stringify(problems))
  return catalog
}

/** What keeps a plan from being made; what is advised against is not looked at here. */
const isWrong = ({ severity }: Problem) => severity === "error"

/** Sound specs may still be too large, and what flows through them is as random as they are: it need not fit. */
const isOfRandomSpecs = ({ code }: Problem) => randomCodes.has(code)
const randomCodes = new Set([
  ...["limit_exceeded", "path_missing", "op_type"],
  ...["input_missing_field", "input_mismatch", "output_mismatch"],
])

describe("A plan is made of", () => {
  test.each(fixtures)("every composition of %s", (name) => {
    const catalog = loaded(name)
    const planner = createPlanner(catalog)
    const compositions = catalog.tools.filter((tool) => tool.implementation.kind === "composition")
    const compiled = compositions.map((tool) => planner.compile(tool))
    expect(compiled.flatMap(({ problems }) => problems.filter(isWrong))).toEqual([])
    for (const { plan } of compiled) expect(plan).toBeDefined()
  })

  test("many compositions in all", () => {
    const tools = fixtures.flatMap((name) => loaded(name).tools)
    const compositions = tools.filter((tool) => tool.implementation.kind === "composition")
    expect(compositions.length).toBeGreaterThan(25)
  })

  test.each(["brief-topic", "search-all", "place-order", "refund-order", "crm-sugar", "crm-core"])(
    "the example %s",
    (name) => {
      const { plan, problems } = compiled(example(name))
      expect(problems.filter(isWrong)).toEqual([])
      expect(plan).toMatchObject({ language: 1 })
    },
  )

  test.each(Object.keys(canonicalSpecs))("a %s with every member it can have", (name) => {
    const { spec = {} } = canonicalSpecs[name] ?? {}
    const { plan, problems } = compiled({ spec, depends: dependsOf(name) })
    // All members of a pipeline at once make no sense: a detached step that is referred to, and every op in a row.
    const expected = name === "pipeline" ? ["detached_referenced", "op_type"] : []
    const codes = problems.filter(isWrong).map(({ code }) => code)
    expect(codes.sort()).toEqual(expected)
    expect(plan === undefined).toBe(name === "pipeline")
  })

  test("every sound spec of patterns in patterns, and twice the same one", () => {
    fc.assert(
      fc.property(soundSpec, (written) => {
        const catalog = tryCatalog({ name: "composed", spec: written })
        if (catalog === undefined) return // not sound after all: a name with two versions, a recipient list
        const tool = toolIn(catalog, "composed")
        const { plan, problems } = createPlanner(catalog).compile(tool)
        const others = problems.filter((one) => isWrong(one) && !isOfRandomSpecs(one))
        expect(others).toEqual([])
        if (plan === undefined) return
        expect(plan.digest).toBe(digestOf(plan))
        const again = tryCatalog({ name: "composed", spec: tool.entity.spec ?? {} })
        const second = again && createPlanner(again).compile(toolIn(again, "composed"))
        expect(second?.plan?.root.steps).toEqual(plan.root.steps)
      }),
      { numRuns: 150 },
    )
  })
})

/** What a canonical example calls, once each: two versions of one tool are no `depends` of one composition. */
function dependsOf(name: string) {
  const seen = new Map<string, JsonObject>()
  for (const call of canonicalSpecs[name]?.calls ?? []) {
    const [type = "", callee = ""] = call.split(" ")
    if (type === "direct") continue
    const skill = { helper: "help", librarian: "find" }[callee]
    const version = callee === "plan_b" && name === "pipeline" ? "2.0.0" : "1.0.0"
    seen.set(callee, { type, name: callee, version, ...(skill && { skill }) })
  }
  if (name === "capabilityRouter" || name === "recipientList")
    seen.set("x", { type: "tool", name: "x", version: "1.0.0" })
  return [...seen.values()] as unknown as NonNullable<CompositionSketch["depends"]>
}

function tryCatalog(
  composition: CompositionSketch & { readonly name: string },
): Catalog | undefined {
  try {
    return catalogOf([composition])
  } catch (error) {
    if (error instanceof Error) return
    throw error
  }
}

const digestOf = ({ digest: _, ...rest }: object & { digest: string }): string =>
  digest(JSON.parse(JSON.stringify(rest)) as Json)

describe("A plan", () => {
  test("survives being stored: it is plain JSON, and its digest is over all of it", () => {
    const plan = planOf(example("place-order"))
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan)
    expect(plan.digest).toBe(digestOf(plan))
  })

  test("has the same digest whatever the spelling, and another one for another meaning", () => {
    const spelled = (target: JsonObject) =>
      planOf({ spec: { scatterGather: { targets: [target] } } }).digest
    expect(spelled({ tool: "a" })).toBe(spelled({ tool: { name: "a" }, $comment: "x" }))
    expect(spelled({ tool: "a" })).not.toBe(spelled({ tool: "b" }))
  })

  test("takes versions from depends, also that of agents and their skills", () => {
    const { root } = planOf({
      depends: [
        { type: "tool", name: "fetch", version: "2.3.4" },
        { type: "agent", name: "helper", version: "3.0.0", skill: "help" },
      ],
      spec: pipeline(call("fetch"), { agent: { name: "helper" } }),
    })
    expect(root.steps.map(({ node }) => node.kind === "call" && node.target)).toEqual([
      { kind: "tool", name: "fetch", version: "2.3.4" },
      { kind: "agent", name: "helper", version: "3.0.0", skill: "help" },
    ])
    expect(root.boundary?.depends).toHaveLength(2)
  })

  test("says what a tool does, how it takes keys, and which property a bare value is for", () => {
    const { root } = planOf(
      { spec: pipeline(call("read"), call("put"), call("keyed"), call("risky"), call("unknown")) },
      {
        tools: {
          read: {
            annotations: { readOnlyHint: true },
            inputSchema: { type: "object", properties: { q: {} } },
          },
          put: {
            annotations: { readOnlyHint: false, idempotentHint: true },
            inputSchema: { type: "object", properties: { a: {}, b: {} }, required: ["b"] },
          },
          keyed: { source: { server: "s", tool: "keyed", idempotency: { header: true } } },
          risky: { annotations: { destructiveHint: true } },
        },
      },
    )
    const nodes = root.steps.map(({ node }) => node)
    expect(nodes).toMatchObject([
      { effect: "read", wrap: "q" },
      { effect: "idempotent", wrap: "b" },
      { effect: "idempotent", idempotency: { header: true } },
      { effect: "effect" },
      { effect: "unproven" },
    ])
    expect(nodes.map((node) => "wrap" in node)).toEqual([true, true, false, false, false])
  })

  test("calls past the registry where the composition does", () => {
    const { root } = planOf({
      spec: pipeline({ tool: { name: "find", server: "library", serverVersion: "3.1.0" } }),
    })
    expect(stepOf(root)?.node).toEqual({
      kind: "call",
      target: { kind: "direct", server: "library", serverVersion: "3.1.0", tool: "find" },
      effect: "unproven",
    })
  })

  test("ends with what the composition makes of its value", () => {
    const { root } = planOf({
      spec: pipeline(call("a")),
      outputTransform: { mappings: { id: { path: "$.x" } } },
    })
    expect(root).toMatchObject({ output: { kind: "over", as: { kind: "construct" } } })
    expect(root.rawOf).toBeUndefined()
    expect(planOf({ spec: pipeline(call("a")) }).root.rawOf).toBe("s0")
  })

  test.each<[string, JsonObject, boolean]>([
    ["a pipeline", pipeline(call("a")), false],
    ["a saga", { saga: { steps: [{ id: "a", action: call("a") }] } }, true],
    ["a question inside", pipeline({ pattern: pipeline({ approve: { message: "?" } }) }), true],
    ["once", { idempotent: { keyPaths: ["$"], inner: call("a"), store: "s" } }, true],
    [
      "a saga in a fallback",
      {
        timeout: {
          inner: call("a"),
          durationMs: 1,
          fallback: { pattern: { saga: { steps: [{ id: "a", action: call("a") }] } } },
        },
      },
      true,
    ],
    ["a cache", { cache: { keyPaths: ["$"], inner: call("a"), store: "s", ttlSeconds: 1 } }, false],
  ])("is durable or not: %s", (_, spec, durable) => {
    expect(planOf({ spec }).durable).toBe(durable)
  })
})
