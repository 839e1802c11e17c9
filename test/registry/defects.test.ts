import { describe, expect, test } from "vitest"
import {
  agentOf,
  codes,
  documentOf,
  fixture,
  found,
  load,
  type Mutable,
  sourceTool,
  toolDependency,
} from "../support/registries.ts"

/** What went wrong in gateways before this one, each as the document that showed it. */
describe("A registry that names", () => {
  test("no dependencies in depends shows its agent nothing", () => {
    const { catalog } = load(documentOf([sourceTool("a")], { agents: [agentOf("x", [])] }))
    expect(catalog?.agents[0]?.scope.tools.size).toBe(0)
  })

  test("no SBOM at all shows its agent nothing, too", () => {
    const agents = [agentOf("x", [], { capabilities: {} })]
    const loaded = load(documentOf([sourceTool("a")], { agents }))
    expect(codes(loaded)).toEqual(["agent_without_sbom"])
    expect(loaded.catalog?.agents[0]?.scope.tools.size).toBe(0)
  })

  test("two versions of a tool gives each agent the one it depends on", () => {
    const tools = [sourceTool("a"), sourceTool("a", { version: "2.0.0" })]
    const agents = [
      agentOf("old", [toolDependency("a", "1.0.0")]),
      agentOf("new", [toolDependency("a", "2.0.0")]),
    ]
    const { catalog, problems } = load(documentOf(tools, { agents }))
    expect(problems).toEqual([])
    expect(catalog?.agents.map(({ scope }) => scope.tools.get("a")?.version)).toEqual([
      "1.0.0",
      "2.0.0",
    ])
  })

  test("a schema version that is not registered is refused, though the name is", () => {
    const schemas = [{ name: "Q", version: "1.0.0", schema: { type: "object" } }]
    const tools = [sourceTool("a", { inputSchema: { $ref: "#Q:2.0.0" } })]
    const { problems } = load(documentOf(tools, { schemas }))
    const problem = problems.find(({ pointer }) => pointer === "/tools/0/inputSchema/$ref")
    expect(problem).toMatchObject({
      code: "schema_not_found",
      hint: "registered versions: 1.0.0",
      data: { kind: "schema", name: "Q", version: "2.0.0", versions: ["1.0.0"] },
    })
  })

  test.each(["1.0", "1.0.0-rc.1", "1.0.0+build", "01.0.0", "1.0.0.0"])(
    "version %s does not get 1.0.0",
    (version) => {
      const agents = [agentOf("x", [toolDependency("a", version)])]
      const loaded = load(documentOf([sourceTool("a")], { agents }))
      expect(codes(loaded)).toContain("tool_not_found")
      expect(loaded.catalog).toBeUndefined()
    },
  )

  test("missing schemas is found out at every place that can have one", () => {
    const gone = { $ref: "#Gone:1.0.0" }
    const document = documentOf([sourceTool("a", { inputSchema: gone, outputSchema: gone })], {
      schemas: [{ name: "S", version: "1.0.0", schema: { properties: { p: gone } } }],
      agents: [agentOf("x", [], { skills: [{ id: "s", inputSchema: gone, outputSchema: gone }] })],
    })
    document.servers[0].provides[0].inputSchema = gone
    document.servers[0].provides[0].outputSchema = gone
    const missing = found(load(document)).filter((problem) =>
      problem.startsWith("schema_not_found"),
    )
    expect(missing).toEqual([
      "schema_not_found /schemas/0/schema/properties/p/$ref",
      "schema_not_found /servers/0/provides/0/inputSchema/$ref",
      "schema_not_found /servers/0/provides/0/outputSchema/$ref",
      "schema_not_found /tools/0/inputSchema/$ref",
      "schema_not_found /tools/0/outputSchema/$ref",
      "schema_not_found /agents/0/skills/0/inputSchema/$ref",
      "schema_not_found /agents/0/skills/0/outputSchema/$ref",
    ])
  })

  test("its mistakes has no catalog, and still a canonical form", () => {
    const broken = fixture("flagship.json")
    broken.tools[0].source.server = "nope"
    const loaded = load(broken)
    expect(loaded.catalog).toBeUndefined()
    expect(loaded.document?.tools).toHaveLength(27)
  })

  test("a tool without implementation gets no server made up for it", () => {
    const loaded = load(documentOf([{ name: "a", version: "1.0.0" }]))
    expect(found(loaded)).toContain("implementation_missing /tools/0")
    expect(loaded.catalog).toBeUndefined()
  })

  test("tool-level defaults and hidden fields of v1 keeps them", () => {
    const tool = {
      name: "a",
      source: { target: "s", tool: "a" },
      defaults: { key: 1 },
      hideFields: ["key"],
    }
    const { catalog } = load({ schemaVersion: "1.0", tools: [tool] })
    expect(catalog?.tools[0]?.implementation).toMatchObject({
      defaults: { key: 1 },
      hidden: new Set(["key"]),
    })
  })

  test("a schema that refers to itself is resolved without end of the stack", () => {
    const schemas = [
      {
        name: "Node",
        version: "1.0.0",
        schema: { type: "object", properties: { next: { $ref: "#Node:1.0.0" } } },
      },
    ]
    const tools = [sourceTool("a", { inputSchema: { $ref: "#Node:1.0.0" } })]
    const { catalog, problems } = load(documentOf(tools, { schemas }))
    expect(problems).toEqual([])
    expect(catalog?.tools[0]?.shown.inputSchema).toEqual({
      type: "object",
      properties: { next: { $ref: "#" } },
      $defs: {},
    })
  })

  test("a composition's call by a name that only a server knows does not guess the server", () => {
    const spec = { pipeline: { steps: [{ id: "x", operation: { tool: { name: "hidden" } } }] } }
    const document = documentOf([sourceTool("a"), { name: "b", version: "1.0.0", spec }])
    document.servers[0].provides.push({ tool: "hidden" })
    expect(found(load(document))).toContain(
      "tool_not_found /tools/1/spec/pipeline/steps/0/operation/tool",
    )
  })
})

describe("Names of the language", () => {
  const names = ["__proto__", "constructor", "toString", "hasOwnProperty", "valueOf"]

  test.each(names)("such as %s are names of tools, schemas, servers and agents", (name) => {
    const schemas = `{"name": "${name}", "version": "1.0.0", "schema": {"type": "object"}}`
    const servers = `{"name": "${name}", "version": "1.0.0", "provides": [{"tool": "${name}"}]}`
    const source = `{"server": "${name}", "serverVersion": "1.0.0", "tool": "${name}"}`
    const tools = `{"name": "${name}", "version": "1.0.0", "source": ${source}, "inputSchema": {"$ref": "#${name}:1.0.0"}}`
    const agents = JSON.stringify(agentOf(name, [toolDependency(name)]))
    const text = `{"schemaVersion": "2.0", "schemas": [${schemas}], "servers": [${servers}], "tools": [${tools}], "agents": [${agents}]}`
    const { catalog, problems } = load(text)
    expect(problems).toEqual([])
    expect(catalog?.findAgent(name, "1.0.0").found).toBe(true)
    expect([...(catalog?.agents[0]?.scope.tools.keys() ?? [])]).toEqual([name])
    expect(catalog?.tools[0]?.shown.inputSchema).toEqual({ type: "object" })
  })

  test.each(names)("such as %s are not there where the document does not name them", (name) => {
    const { catalog } = load(documentOf([sourceTool("a")]))
    expect(catalog?.tool(name, undefined)).toBeUndefined()
    expect(catalog?.toolsNamed(name)).toEqual([])
    expect(catalog?.findAgent(name, undefined)).toEqual({ found: false, registered: [] })
    expect(catalog?.agentByUrl(name)).toBeUndefined()
    expect(catalog?.everything.tools.get(name)).toBeUndefined()
  })
})

describe("Hostile sizes", () => {
  test("a chain of 10,000 schemas is refused where it is too much, and ends", () => {
    const schemas = Array.from({ length: 10_000 }, (_, at) => ({
      name: `S${at}`,
      version: "1.0.0",
      schema:
        at === 9_999 ? { type: "object" } : { properties: { n: { $ref: `#S${at + 1}:1.0.0` } } },
    }))
    const loaded = load({ schemaVersion: "2.0", schemas, tools: [sourceTool("a")] })
    expect(found(loaded)).toContain("schema_too_complex /schemas/0/schema")
    expect(found(loaded)).not.toContain("schema_too_complex /schemas/9999/schema")
  }, 60_000)

  test("a chain of 10,000 schemas that are nothing but a reference is followed to its end", () => {
    const schemas = Array.from({ length: 10_000 }, (_, at) => ({
      name: `S${at}`,
      version: "1.0.0",
      schema: at === 9_999 ? { type: "object" } : { $ref: `#S${at + 1}:1.0.0` },
    }))
    const tools = [sourceTool("a", { inputSchema: { $ref: "#S0:1.0.0" } })]
    const { catalog, problems } = load(documentOf(tools, { schemas }))
    expect(problems).toEqual([])
    expect(catalog?.tools[0]?.shown.inputSchema).toEqual({ type: "object" })
  })

  test("a chain of 20,000 compositions is walked without exhausting the stack", () => {
    const tools: Mutable[] = Array.from({ length: 20_000 }, (_, at) => ({
      name: `t${at}`,
      version: "1.0.0",
      depends: [toolDependency(`t${at + 1}`)],
      spec: { mapEach: { inner: { tool: `t${at + 1}` } } },
    }))
    tools.push(sourceTool("t20000"))
    expect(load(documentOf(tools)).problems).toEqual([])
  })
})
