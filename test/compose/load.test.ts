import { describe, expect, test } from "vitest"
import { loadPlanned, type Planned } from "../../src/compose/load.ts"
import { defaultPlanLimits } from "../../src/compose/plan/limits.ts"
import { validate } from "../../src/compose/validate.ts"
import { authoring, type Knobs } from "../../src/registry/draft.ts"
import { defaultLoadLimits } from "../../src/registry/limits.ts"
import { toEnd } from "../../src/registry/load.ts"
import type { JsonObject } from "../../src/schema/json.ts"
import { documentOf, sourceTool, toolDependency } from "../support/registries.ts"

const depends = [toolDependency("a"), toolDependency("b")]
const composition = (name: string, spec: JsonObject, more: object = {}) => ({
  name,
  version: "1.0.0",
  inputSchema: { type: "object" },
  depends,
  spec,
  ...more,
})

const slices = (document: object, knobs: Partial<Knobs> = {}) =>
  loadPlanned(JSON.stringify(document, null, 2), {
    file: "registry.json",
    knobs: { ...authoring, unusedSchema: "ignore", ...knobs },
    limits: defaultLoadLimits,
    plans: defaultPlanLimits,
  })
const load = (document: object, knobs?: Partial<Knobs>) => toEnd(slices(document, knobs))
const world = (...compositions: object[]) =>
  documentOf([sourceTool("a"), sourceTool("b"), ...compositions])

const errors = ({ problems }: Planned) =>
  problems
    .filter(({ severity }) => severity === "error")
    .map(({ code, pointer }) => `${code} ${pointer}`)

const calling = (name: string) => ({
  pipeline: { steps: [{ id: "s", operation: { tool: name } }] },
})
const unreachable = {
  scatterGather: { targets: [{ tool: "a" }, { tool: "b" }], complete: { quorum: 3 } },
}

describe("A registry document", () => {
  test("comes with the plan of each of its compositions", () => {
    const { catalog, plans, problems } = load(
      world(composition("c", calling("a")), composition("d", calling("b"))),
    )
    expect(problems.filter(({ severity }) => severity === "error")).toEqual([])
    expect([...plans].map(([{ name }, plan]) => [name, plan.tool.name])).toEqual([
      ["c", "c"],
      ["d", "d"],
    ])
    for (const tool of plans.keys()) expect(catalog?.tools).toContain(tool)
  })

  test("in which a composition gives a tool what the tool hides is refused", () => {
    const source = { server: "s", serverVersion: "1.0.0", tool: "a", hideFields: ["key"] }
    const giving = (given: JsonObject) =>
      load(
        documentOf([
          { ...sourceTool("a"), source, inputSchema: { type: "object" } },
          composition(
            "c",
            {
              pipeline: {
                steps: [{ id: "s", operation: { tool: "a" }, input: { constant: given } }],
              },
            },
            { depends: [toolDependency("a")] },
          ),
        ]),
      )
    expect(errors(giving({ key: 1 }))).toEqual([
      "input_mismatch /tools/1/spec/pipeline/steps/0/input",
    ])
    expect(errors(giving({ other: 1 }))).toEqual([])
  })

  test("with a composition of which no plan can be made has no catalog", () => {
    const loaded = load(world(composition("c", unreachable), composition("d", calling("b"))))
    expect(errors(loaded)).toEqual(["quorum_range /tools/2/spec/scatterGather/complete/quorum"])
    expect([loaded.catalog, loaded.plans.size]).toEqual([undefined, 0])
    expect(validate(JSON.stringify(world(composition("c", unreachable)))).isSound).toBe(false)
  })

  test("has its problems where they are written, whatever the spelling, in the order of the document", () => {
    const written = {
      name: "c",
      version: "1.0.0",
      inputSchema: { type: "object" },
      depends,
      implementation: { spec: { pipeline: { steps: [{ id: "s", operation: unreachableHere }] } } },
    }
    const document = world(written, sourceTool("z", { deprecated: "old" }))
    const loaded = load(document)
    const [problem] = loaded.problems.filter(({ severity }) => severity === "error")
    const at = "/tools/2/implementation/spec/pipeline/steps/0/operation/pattern/scatterGather"
    expect(problem?.pointer).toBe(`${at}/complete/quorum`)
    const text = JSON.stringify(document, null, 2).split("\n")
    expect(text[(problem?.line ?? 0) - 1]?.slice((problem?.column ?? 0) - 1)).toBe('"quorum": 3')
    const lines = loaded.problems.map(({ line }) => line ?? 0)
    expect(lines).toEqual([...lines].sort((one, other) => one - other))
  })

  test("is loaded without what the configuration lets be missing", () => {
    const choosing = composition(
      "c",
      { recipientList: { recipientsPath: "$.to" } },
      { depends: [...depends, toolDependency("gone"), toolDependency("broken")] },
    )
    const broken = composition("broken", calling("gone"), { depends: [toolDependency("gone")] })
    const loaded = load(world(choosing, broken), { missingEntity: "warn" })
    expect(errors(loaded)).toEqual([])
    expect([...loaded.plans.keys()].map(({ name }) => name)).toEqual(["c"])
    expect(errors(load(world(choosing, broken)))).toContain("tool_not_found /tools/2/depends/2")
  })

  test("with many compositions is planned with pauses in between", () => {
    const many = Array.from({ length: 50 }, (_, at) => composition(`c${at}`, calling("a")))
    const count = (document: object) => [...slices(document)].length
    const asTools = many.map(({ name }) => sourceTool(name))
    expect(count(world(...many)) - count(world(...asTools))).toBeGreaterThanOrEqual(50)
  })
})

const unreachableHere = { pattern: unreachable }
