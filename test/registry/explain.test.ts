import { describe, expect, test } from "vitest"
import type { Catalog } from "../../src/registry/catalog.ts"
import { explainScope, explainTool } from "../../src/registry/explain.ts"
import {
  agentOf,
  documentOf,
  load,
  type Mutable,
  sourceTool,
  toolDependency,
} from "../support/registries.ts"

function catalogOf(document: Mutable): Catalog {
  const { catalog, problems } = load(document, { knobs: { missingEntity: "warn" } })
  if (catalog === undefined) throw new Error(JSON.stringify(problems))
  return catalog
}

const whole = {
  name: "whole",
  version: "1.0.0",
  depends: [toolDependency("part")],
  spec: { mapEach: { inner: { tool: "part" } } },
}
const skilled = { type: "agent", name: "other", version: "1.0.0", skill: "s" }
const catalog = catalogOf(
  documentOf(
    [
      sourceTool("part"),
      whole,
      sourceTool("twice"),
      sourceTool("twice", { version: "2.0.0" }),
      sourceTool("broken", { source: { server: "gone", serverVersion: "1.0.0", tool: "x" } }),
      sourceTool("foreign"),
    ],
    {
      agents: [
        agentOf("x", [
          toolDependency("whole"),
          toolDependency("twice"),
          toolDependency("broken"),
          toolDependency("foreign", "9.0.0"),
          skilled,
        ]),
        agentOf("nobody", [], { capabilities: {} }),
        agentOf("other", [], { skills: [{ id: "s" }] }),
      ],
    },
  ),
)

const why = (tool: string, version?: string, agent = "x") =>
  explainTool(
    catalog,
    { name: agent },
    version === undefined ? { name: tool } : { name: tool, version },
  ).tool

describe("An explanation says of a tool that", () => {
  test("it is granted, by which dependency, and where calls go", () => {
    expect(why("twice")).toEqual({
      kind: "granted",
      tool: { name: "twice", version: "1.0.0" },
      dependency: toolDependency("twice"),
      route: { kind: "server", server: { name: "s", version: "1.0.0" }, tool: "twice" },
    })
  })

  test("it is granted in the version that was asked for, where the tool has none", () => {
    const agents = [agentOf("x", [toolDependency("bare", "5.0.0")])]
    const bare = { name: "bare", source: sourceTool("part").source }
    const found = catalogOf(documentOf([sourceTool("part"), bare], { agents }))
    const { tool } = explainTool(found, { name: "x" }, { name: "bare", version: "5.0.0" })
    expect(tool).toMatchObject({ kind: "granted", tool: { name: "bare" } })
  })

  test("it is a composition, and what that may call itself", () => {
    expect(why("whole")).toMatchObject({
      kind: "granted",
      route: { kind: "composition", pattern: "mapEach", depends: [toolDependency("part")] },
    })
  })

  test("the agent sees another version of it", () => {
    expect(why("twice", "2.0.0")).toEqual({
      kind: "other_version",
      tool: { name: "twice", version: "2.0.0" },
      sees: { name: "twice", version: "1.0.0" },
    })
  })

  test("it is granted and unavailable, and why", () => {
    expect(why("broken")).toMatchObject({
      kind: "unavailable",
      dependency: toolDependency("broken"),
      reason: expect.stringContaining("gone"),
    })
  })

  test("the agent names it in a version that is not registered", () => {
    expect(why("foreign")).toEqual({
      kind: "unresolved_dependency",
      tool: { name: "foreign", version: "9.0.0" },
      dependency: toolDependency("foreign", "9.0.0"),
      registered: ["1.0.0"],
    })
  })

  test("it is not in depends, though something in it calls it", () => {
    expect(why("part")).toEqual({
      kind: "not_in_depends",
      tool: { name: "part" },
      registered: ["1.0.0"],
      declaresNothing: false,
      calledBy: [{ name: "whole", version: "1.0.0" }],
    })
  })

  test("the agent declares nothing at all", () => {
    expect(why("part", undefined, "nobody")).toMatchObject({
      kind: "not_in_depends",
      declaresNothing: true,
      calledBy: [],
    })
  })

  test("it is not registered, with the nearest that is", () => {
    expect(why("foriegn")).toEqual({
      kind: "not_registered",
      tool: { name: "foriegn" },
      registered: [],
      nearest: "foreign",
    })
    expect(why("part", "3.0.0")).toMatchObject({ kind: "not_registered", registered: ["1.0.0"] })
  })
})

describe("An explanation of a scope", () => {
  test("lists what is granted, what is named in vain, and agents", () => {
    const scope = explainScope(catalog, { name: "x", version: "1.0.0" })
    expect(scope.lookup).toMatchObject({ found: true, versionAssumed: false })
    expect(scope.tools.map(({ kind, tool }) => [kind, tool.name])).toEqual([
      ["unavailable", "broken"],
      ["granted", "twice"],
      ["granted", "whole"],
    ])
    expect(scope.unresolved.map(({ tool }) => tool)).toEqual([
      { name: "foreign", version: "9.0.0" },
    ])
    expect(scope.agents).toEqual([skilled])
  })

  test("of an agent without version says that it was assumed", () => {
    expect(explainScope(catalog, { name: "x" }).lookup).toMatchObject({ versionAssumed: true })
  })

  test("of nobody names the versions there are, or the nearest agent", () => {
    expect(explainScope(catalog, { name: "x", version: "2.0.0" })).toEqual({
      lookup: {
        found: false,
        agent: { name: "x", version: "2.0.0" },
        registered: ["1.0.0"],
        nearest: undefined,
      },
      tools: [],
      unresolved: [],
      agents: [],
    })
    expect(explainScope(catalog, { name: "nobdy" }).lookup).toMatchObject({ nearest: "nobody" })
    expect(explainTool(catalog, { name: "nobdy" }, { name: "part" }).tool).toBeUndefined()
  })
})
