import { describe, expect, test } from "vitest"
import { documentJson } from "../../../src/registry/write/document-json.ts"
import {
  agentOf,
  codes,
  documentOf,
  found,
  load,
  type Mutable,
  sourceTool,
  toolDependency,
} from "../../support/registries.ts"

const calling = (name: string, operation: object, more: object = {}) => ({
  name,
  version: "1.0.0",
  spec: { pipeline: { steps: [{ id: "x", operation }] } },
  ...more,
})
const call = "/tools/0/spec/pipeline/steps/0/operation"
const agentDependency = (skill: string) => ({ type: "agent", name: "a", version: "1.0.0", skill })
const agents = [agentOf("a", [], { skills: [{ id: "s" }, { id: "t" }] })]

describe("A call in a composition", () => {
  test("takes its version from depends", () => {
    const tools = [
      calling("c", { tool: "t" }, { depends: [toolDependency("t", "1.0.0")] }),
      sourceTool("t"),
      sourceTool("t", { version: "2.0.0" }),
    ]
    expect(load(documentOf(tools)).problems).toEqual([])
  })

  test("is ambiguous between two versions there", () => {
    const depends = [toolDependency("t", "1.0.0"), toolDependency("t", "2.0.0")]
    const tools = [
      calling("c", { tool: "t" }, { depends }),
      sourceTool("t"),
      sourceTool("t", { version: "2.0.0" }),
    ]
    expect(found(load(documentOf(tools)))).toEqual([`reference_ambiguous ${call}/tool`])
  })

  test("may choose one of two versions there", () => {
    const depends = [toolDependency("t", "1.0.0"), toolDependency("t", "2.0.0")]
    const tools = [
      calling("c", { tool: { name: "t", version: "2.0.0" } }, { depends }),
      sourceTool("t"),
      sourceTool("t", { version: "2.0.0" }),
    ]
    expect(found(load(documentOf(tools)))).toEqual(["depends_unused /tools/0/depends/0"])
  })

  test("of another version than in depends is not in depends", () => {
    const tools = [
      calling("c", { tool: { name: "t", version: "2.0.0" } }, { depends: [toolDependency("t")] }),
      sourceTool("t"),
      sourceTool("t", { version: "2.0.0" }),
    ]
    expect(codes(load(documentOf(tools)))).toContain("call_not_in_depends")
  })

  test("without any depends is ambiguous where several versions are registered", () => {
    const tools = [
      calling("c", { tool: "t" }),
      sourceTool("t"),
      sourceTool("t", { version: "2.0.0" }),
    ]
    expect(found(load(documentOf(tools)))).toEqual([`reference_ambiguous ${call}/tool`])
  })

  test("with empty depends may call nothing", () => {
    const tools = [calling("c", { tool: "t" }, { depends: [] }), sourceTool("t")]
    expect(found(load(documentOf(tools)))).toEqual([`call_not_in_depends ${call}/tool`])
  })

  test("has its depends written out where they are derived", () => {
    const tools = [
      calling("c", { pattern: { scatterGather: { targets: [{ tool: "t" }, { tool: "t" }] } } }),
      sourceTool("t"),
    ]
    const { document } = load(documentOf(tools))
    expect(document?.tools[0]?.depends).toEqual([toolDependency("t")])
  })

  test("that was broken does not make its dependency unused", () => {
    const depends = [toolDependency("t", "1.0.0"), toolDependency("t", "2.0.0")]
    const tools = [
      calling("c", { tool: "t" }, { depends }),
      sourceTool("t"),
      sourceTool("t", { version: "2.0.0" }),
    ]
    expect(codes(load(documentOf(tools)))).not.toContain("depends_unused")
  })
})

describe("A call of an agent", () => {
  const problems = (operation: object, depends?: readonly object[]) => {
    const tools = [calling("c", operation, depends === undefined ? {} : { depends })]
    return found(load(documentOf(tools, { agents })))
  }

  test("takes the one skill that depends gives", () => {
    expect(problems({ agent: { name: "a" } }, [agentDependency("s")])).toEqual([])
  })
  test("must choose between two skills there", () => {
    const depends = [agentDependency("s"), agentDependency("t")]
    expect(problems({ agent: { name: "a" } }, depends)).toEqual([`skill_missing ${call}/agent`])
  })
  test("may not call another skill than depends gives", () => {
    expect(problems({ agent: { name: "a", skill: "t" } }, [agentDependency("s")])).toEqual([
      `call_not_in_depends ${call}/agent`,
    ])
  })
  test("without depends must name a skill that there is", () => {
    expect(problems({ agent: { name: "a" } })).toEqual([`skill_missing ${call}/agent`])
    expect(problems({ agent: { name: "a", skill: "nope" } })).toEqual([
      `skill_not_found ${call}/agent/skill`,
    ])
    expect(problems({ agent: { name: "a", skill: "s" } })).toEqual(["depends_derived /tools/0"])
  })
  test("of a name that is not registered is told so", () => {
    expect(problems({ agent: { name: "b", skill: "s" } })).toEqual([
      `agent_not_found ${call}/agent`,
    ])
  })
  test("warns when the agent is deprecated and depends is derived", () => {
    const old = [{ ...agents[0], deprecated: true }]
    const tools = [calling("c", { agent: { name: "a", skill: "s" } })]
    expect(found(load(documentOf(tools, { agents: old })))).toEqual([
      "depends_derived /tools/0",
      `deprecated_agent ${call}/agent`,
    ])
  })
})

describe("A composition that chooses at run time", () => {
  const spec = { recipientList: { recipientsPath: "$.to" } }

  test("needs depends to choose from", () => {
    const loaded = load(documentOf([{ name: "c", version: "1.0.0", spec }]))
    expect(found(loaded)).toEqual(["depends_required /tools/0"])
    expect(loaded.problems[0]?.related?.[0]?.pointer).toContain("/tools/0/spec")
  })

  test("does not leave what it may choose unused", () => {
    const tools = [
      { name: "c", version: "1.0.0", spec, depends: [toolDependency("t")] },
      sourceTool("t"),
    ]
    expect(load(documentOf(tools)).problems).toEqual([])
  })
})

describe("A server", () => {
  const source = { target: "x", tool: "t" }

  test("is implied once for each version that is named", () => {
    const tools = [
      { name: "a", source: { target: "x", serverVersion: "1.0.0", tool: "t" } },
      { name: "b", source: { target: "x", serverVersion: "1.0.0", tool: "u" } },
      { name: "c", source: { target: "x", serverVersion: "2.0.0", tool: "t" } },
    ]
    const loaded = load({ schemaVersion: "1.0", tools })
    expect(found(loaded).filter((problem) => problem.startsWith("server_implied"))).toEqual([
      "server_implied /tools/0/source/target",
      "server_implied /tools/2/source/target",
    ])
    expect(loaded.document?.servers).toMatchObject([
      { name: "x", version: "1.0.0", provides: [{ tool: "t" }, { tool: "u" }] },
      { name: "x", version: "2.0.0", provides: [{ tool: "t" }] },
    ])
  })

  test("is never implied where one of the name is declared", () => {
    const servers = [{ name: "x", version: "1.0.0", provides: [{ tool: "t" }] }]
    const tools = [{ name: "a", version: "1.0.0", source: { ...source, serverVersion: "2.0.0" } }]
    expect(codes(load(documentOf(tools, { servers })))).toContain("server_not_found")
  })

  test("spelled server must be declared where the document has servers, even none", () => {
    const tools = [{ name: "a", version: "1.0.0", source: { server: "x", tool: "t" } }]
    expect(found(load({ schemaVersion: "2.0", servers: [], tools }))).toEqual([
      "server_not_found /tools/0/source/server",
    ])
    expect(found(load({ schemaVersion: "2.0", tools }))).toEqual([
      "server_implied /tools/0/source/server",
    ])
  })

  test("implied both with and without a version is as unclear as a declared one", () => {
    const tools = [
      { name: "a", source },
      { name: "b", source: { ...source, serverVersion: "1.0.0" } },
    ]
    expect(codes(load({ schemaVersion: "1.0", tools }))).toContain("mixed_versioning")
  })

  test("that an agent is reached as is looked up like a source's", () => {
    const problems = (mcp: object) =>
      found(
        load(documentOf([sourceTool("t")], { agents: [agentOf("a", [], { endpoint: { mcp } })] })),
      )
    expect(problems({ server: "s", serverVersion: "1.0.0" })).toEqual([
      "dialect_form /agents/0/endpoint",
    ])
    expect(problems({ server: "s" })).toContain("reference_unpinned /agents/0/endpoint/mcp")
    expect(problems({ server: "nope" })).toContain("server_not_found /agents/0/endpoint/mcp/server")
    expect(problems({ server: "s", serverVersion: "9.0.0" })).toContain(
      "server_not_found /agents/0/endpoint/mcp/serverVersion",
    )
  })
})

describe("An element of agent.dependencies", () => {
  const load1 = (dependencies: Mutable, more: object = {}) => {
    const agent: Mutable = agentOf("x", [], { dependencies })
    agent.capabilities = {}
    return load(
      documentOf([sourceTool("t"), sourceTool("u")], { agents: [agent, ...agents], ...more }),
    )
  }
  const interesting = (loaded: ReturnType<typeof load>) =>
    found(loaded).filter((problem) => !problem.startsWith("dialect_form"))

  test("for a server grants its registered tools, and says which", () => {
    const loaded = load1([{ server: { name: "s", versionConstraint: "1.0.0" } }])
    expect(interesting(loaded)).toEqual(["server_dependency_expanded /agents/0/dependencies/0"])
    expect([...(loaded.catalog?.agents[0]?.scope.tools.keys() ?? [])]).toEqual(["t", "u"])
    expect(loaded.document?.agents[0]?.depends).toEqual([toolDependency("t"), toolDependency("u")])
  })

  test("for a server may name its tools", () => {
    const { catalog } = load1([{ server: { name: "s", versionConstraint: "1.0.0", tools: ["u"] } }])
    expect([...(catalog?.agents[0]?.scope.tools.keys() ?? [])]).toEqual(["u"])
  })

  test("for a server without such tools is told so", () => {
    const loaded = load1([{ server: { name: "s", versionConstraint: "1.0.0", tools: ["z"] } }])
    expect(interesting(loaded)).toEqual(["tool_not_found /agents/0/dependencies/0"])
  })

  test("for a server that is not there is told so", () => {
    expect(interesting(load1([{ server: { name: "nope" } }]))).toEqual([
      "server_not_found /agents/0/dependencies/0",
    ])
  })

  test("for an agent grants each of its skills", () => {
    const loaded = load1([{ agent: "a" }])
    expect(interesting(loaded)).toEqual(["reference_unpinned /agents/0/dependencies/0"])
    expect(loaded.document?.agents[0]?.depends).toEqual([
      agentDependency("s"),
      agentDependency("t"),
    ])
  })

  test("that repeats a tool grants it once", () => {
    const loaded = load1([{ tool: "t" }, { server: { name: "s", versionConstraint: "1.0.0" } }])
    expect(loaded.document?.agents[0]?.depends).toEqual([toolDependency("t"), toolDependency("u")])
    expect(codes(loaded)).not.toContain("duplicate_dependency")
  })
})

describe("A name with thousands of versions", () => {
  const versions = Array.from({ length: 300 }, (_, at) => `1.0.${at}`)
  const tools = versions.map((version) =>
    sourceTool("t", { version, source: { server: "s", serverVersion: "1.0.0", tool: "t" } }),
  )

  test("is found by each of them, and by no other", () => {
    const agents = versions.map((version, at) => agentOf(`x${at}`, [toolDependency("t", version)]))
    const { catalog } = load(documentOf(tools, { agents }))
    expect(catalog?.agents.map(({ scope }) => scope.tools.get("t")?.version)).toEqual(versions)
    const missing = load(
      documentOf(tools, { agents: [agentOf("x", [toolDependency("t", "1.0.300")])] }),
    )
    expect(found(missing)).toContain(
      "tool_not_found /agents/0/capabilities/extensions/0/params/depends/0",
    )
  })

  test("is registered twice where one of them is", () => {
    const twice = [...tools, ...tools.slice(0, 1)]
    expect(found(load(documentOf(twice)))).toContain("duplicate_entity /tools/300")
  })

  test.each([{}, { version: "1.0.300" }, { version: "^1.0.0" }])(
    "is not listed whole in the problem of %j",
    (version) => {
      const { problems } = load(
        documentOf(tools, { agents: [agentOf("x", [{ type: "tool", name: "t", ...version }])] }),
      )
      const text = JSON.stringify(problems.filter(({ severity }) => severity === "error"))
      expect(text).toContain("1.0.0")
      expect(text).not.toContain("1.0.299")
    },
  )
})

describe("What is written down after loading", () => {
  test("carries the versions that references resolved to", () => {
    const schemas = [{ name: "Q", version: "3.0.0", schema: { type: "object" } }]
    const tool = {
      ...sourceTool("t"),
      inputSchema: { $ref: "#Q" },
      source: { server: "s", tool: "t" },
    }
    const { document } = load(
      documentOf([tool], { schemas, agents: [agentOf("x", [toolDependency("t", undefined)])] }),
    )
    expect(document?.tools[0]).toMatchObject({
      inputSchema: { $ref: "#Q:3.0.0" },
      source: { serverVersion: "1.0.0" },
    })
  })

  test("loads again to the same catalog, without what was written down", () => {
    const tools = [calling("c", { tool: "virtual_t" }), sourceTool("t")]
    const first = load(documentOf(tools, { agents: [agentOf("x", [toolDependency("c")])] }))
    expect(codes(first)).toEqual(["depends_derived", "virtual_prefix_stripped"])
    if (first.document === undefined) throw new Error("it was read")
    const second = load(documentJson(first.document))
    expect(second.problems).toEqual([])
    expect(second.catalog?.digest).toBe(first.catalog?.digest)
  })
})
