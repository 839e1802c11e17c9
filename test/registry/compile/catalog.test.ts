import { describe, expect, test } from "vitest"
import type { Catalog } from "../../../src/registry/catalog.ts"
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
} from "../../support/registries.ts"

function catalogOf(document: Mutable, env?: (name: string) => string | undefined): Catalog {
  const { catalog, problems } = load(document, env === undefined ? {} : { env })
  if (catalog === undefined) throw new Error(JSON.stringify(problems))
  return catalog
}

describe("The catalog", () => {
  test("finds a tool by its exact name and version only", () => {
    const catalog = catalogOf(fixture("flagship.json"))
    expect(catalog.tool("fetch", "1.2.3")?.entity.name).toBe("fetch")
    expect(catalog.tool("fetch", "1.2.4")).toBeUndefined()
    expect(catalog.tool("fetch", undefined)).toBeUndefined()
    expect(catalog.tool("Fetch", "1.2.3")).toBeUndefined()
  })

  test("orders versions by SemVer, then opaque ones, then none", () => {
    const versions = ["1.0.0", "opaque", "1.10.0", "1.9.0", "1.10.0-rc.1", "2026-01-18"]
    const tools = versions.map((version) => sourceTool("a", { version }))
    expect(
      catalogOf(documentOf(tools))
        .toolsNamed("a")
        .map(({ version }) => version),
    ).toEqual(["1.10.0", "1.10.0-rc.1", "1.9.0", "1.0.0", "opaque", "2026-01-18"])
  })

  test("shows everybody's tools in their highest version, in name order", () => {
    const tools = [
      sourceTool("b"),
      sourceTool("a", { version: "2.0.0" }),
      sourceTool("a", { version: "10.0.0" }),
    ]
    const { tools: everything } = catalogOf(documentOf(tools)).everything
    expect([...everything].map(([name, { version }]) => [name, version])).toEqual([
      ["a", "10.0.0"],
      ["b", "1.0.0"],
    ])
  })

  test("gives agents with equal dependencies one scope", () => {
    const tools = [sourceTool("a"), sourceTool("b")]
    const agents = [
      agentOf("x", [toolDependency("a"), toolDependency("b")]),
      agentOf("y", [toolDependency("b"), toolDependency("a")]),
      agentOf("z", [toolDependency("a")]),
    ]
    const [x, y, z] = catalogOf(documentOf(tools, { agents })).agents
    expect(x?.scope).toBe(y?.scope)
    expect([...(x?.scope.tools.keys() ?? [])]).toEqual(["a", "b"])
    expect(x?.scope).not.toBe(z?.scope)
  })

  test("does not show the parts of a composition to who depends on it", () => {
    const spec = { mapEach: { inner: { tool: "part" } } }
    const whole = { name: "whole", version: "1.0.0", depends: [toolDependency("part")], spec }
    const agents = [agentOf("x", [toolDependency("whole")])]
    const catalog = catalogOf(documentOf([sourceTool("part"), whole], { agents }))
    expect([...(catalog.agents[0]?.scope.tools.keys() ?? [])]).toEqual(["whole"])
    expect(catalog.tool("whole", "1.0.0")?.implementation).toMatchObject({
      kind: "composition",
      pattern: "mapEach",
    })
  })

  test("routes each tool to the server version that its source names", () => {
    const tools = [
      sourceTool("a"),
      { name: "b", version: "1.0.0", source: { server: "s", serverVersion: "2.0.0", tool: "x" } },
    ]
    const document = documentOf([...tools])
    document.servers[0].provides = [{ tool: "a" }]
    document.servers.push({ name: "s", version: "2.0.0", provides: [{ tool: "x" }] })
    const routes = catalogOf(document).tools.map(({ implementation }) =>
      implementation.kind === "source"
        ? [implementation.server.version, implementation.tool]
        : undefined,
    )
    expect(routes).toEqual([
      ["1.0.0", "a"],
      ["2.0.0", "x"],
    ])
  })

  test("knows an agent by its card's url, when only one has it", () => {
    const url = "https://shared.example"
    const agents = [agentOf("x", []), agentOf("y", [], { url }), agentOf("z", [], { url })]
    const catalog = catalogOf(documentOf([sourceTool("a")], { agents }))
    expect(catalog.agentByUrl("https://agents.example/x")?.name).toBe("x")
    expect(catalog.agentByUrl(url)).toBeUndefined()
    expect(catalog.agentByUrl("https://agents.example/x/")).toBeUndefined()
  })
})

describe("An agent", () => {
  const catalog = catalogOf(
    documentOf([sourceTool("a")], {
      agents: [
        agentOf("two", [], { version: "1.0.0" }),
        agentOf("two", [], { version: "2.0.0" }),
        agentOf("one", []),
        { ...agentOf("none", []), version: undefined },
      ],
    }),
  )
  const find = (name: string, version?: string) => {
    const match = catalog.findAgent(name, version)
    return match.found ? [match.agent.version, match.versionAssumed] : match.registered
  }

  test("is found by exact version", () => expect(find("two", "2.0.0")).toEqual(["2.0.0", false]))
  test("without version is the only one, and that is noted", () => {
    expect(find("one")).toEqual(["1.0.0", true])
  })
  test("without version among several is nobody", () => {
    expect(find("two")).toEqual(["2.0.0", "1.0.0"])
  })
  test("of an unknown version is nobody, never the closest", () => {
    expect(find("one", "1.0.1")).toEqual(["1.0.0"])
  })
  test("registered without version stands for every version", () => {
    expect(find("none", "7.7.7")).toEqual([undefined, false])
    expect(find("none")).toEqual([undefined, false])
  })
})

describe("Defaults", () => {
  const documentWith = (defaults: object) => documentOf([sourceTool("a", withDefaults(defaults))])
  const withDefaults = (defaults: object) => ({
    source: { server: "s", serverVersion: "1.0.0", tool: "a", defaults },
  })
  const filled = (defaults: object, variables: { [name: string]: string }) => {
    const [tool] = catalogOf(documentWith(defaults), (name) => variables[name]).tools
    return tool?.implementation.kind === "source" ? tool.implementation.defaults : undefined
  }

  test("get their variables from the environment, at any depth", () => {
    const defaults = { a: "${A}", list: ["x-${A}-y", 1], deep: { b: "${A}${B}" } }
    expect(filled(defaults, { A: "1", B: "2" })).toEqual({
      a: "1",
      list: ["x-1-y", 1],
      deep: { b: "12" },
    })
  })

  test("are replaced once: what a variable holds is not looked into", () => {
    expect(filled({ a: "${A}" }, { A: "${B}", B: "secret" })).toEqual({ a: "${B}" })
  })

  test("take the value after :- for what is unset or empty", () => {
    expect(filled({ a: "${A:-x}", b: "${B:-y}", c: "${C:-}" }, { B: "" })).toEqual({
      a: "x",
      b: "y",
      c: "",
    })
  })

  test("without their variable make the tool unavailable, and say which", () => {
    const loaded = load(documentWith({ deep: ["${GONE}"] }), { env: () => undefined })
    expect(found(loaded)).toEqual(["env_missing /tools/0/source/defaults/deep/0"])
    expect(loaded.problems[0]?.severity).toBe("warn")
    expect(loaded.catalog?.tools[0]?.unavailable).toContain("GONE")
  })

  test("are left alone where there is no environment to look at", () => {
    const loaded = load(documentWith({ a: "${GONE}" }))
    expect(loaded.problems).toEqual([])
    expect(loaded.catalog?.tools[0]?.implementation).toMatchObject({ defaults: { a: "${GONE}" } })
  })
})

describe("The digest", () => {
  const digest = (document: Mutable) => catalogOf(document).digest

  test("is that of SHA-256", () => {
    expect(digest(fixture("flagship.json"))).toMatch(/^sha256:[0-9a-f]{64}$/)
  })

  test("does not change with comments and dialect", () => {
    const plain = documentOf([sourceTool("a", { inputSchema: { type: "object" } })])
    const spelled = structuredClone(plain)
    spelled.$comment = "spelled otherwise"
    spelled.tools[0].$note = 1
    spelled.tools[0].source.target = spelled.tools[0].source.server
    delete spelled.tools[0].source.server
    spelled.tools[0].inputSchema = { inline: { type: "object" } }
    expect(digest(spelled)).toBe(digest(plain))
  })

  test.each<[string, (document: Mutable) => void]>([
    [
      "description",
      (d) => {
        d.tools[0].description = "x"
      },
    ],
    [
      "schema",
      (d) => {
        d.tools[0].inputSchema = { type: "object", title: "x" }
      },
    ],
    [
      "default",
      (d) => {
        d.tools[0].source.defaults = { a: 1 }
      },
    ],
    [
      "dependency",
      (d) => {
        d.agents[0].capabilities.extensions[0].params.depends = []
      },
    ],
    [
      "provision",
      (d) => {
        d.servers[0].provides[0].version = "1.0.0"
      },
    ],
    [
      "extension",
      (d) => {
        d["x-owner"] = "me"
      },
    ],
  ])("changes with a %s", (_, change) => {
    const document = documentOf([sourceTool("a")], {
      agents: [agentOf("x", [toolDependency("a")])],
    })
    const before = digest(document)
    change(document)
    expect(digest(document)).not.toBe(before)
  })
})

describe("With missingEntity: warn", () => {
  const unavailable = (document: Mutable) => {
    const loaded = load(document, { knobs: { missingEntity: "warn" } })
    expect(loaded.problems.map(({ severity }) => severity)).not.toContain("error")
    return loaded.catalog?.tools.map((tool) => tool.unavailable)
  }
  const source = { server: "gone", serverVersion: "1.0.0", tool: "a" }

  test("a tool on a server that is not there is unavailable, and the others are not", () => {
    const tools = [sourceTool("a", { source }), sourceTool("b")]
    expect(unavailable(documentOf(tools))).toEqual([expect.stringContaining("gone"), undefined])
  })

  test("a tool that its server does not provide is unavailable", () => {
    const document = documentOf([sourceTool("a")])
    document.servers[0].provides = []
    expect(unavailable(document)).toEqual([expect.stringContaining("does not provide")])
  })

  test("a tool with a schema that is not there is unavailable, never without a schema", () => {
    const tools = [sourceTool("a", { inputSchema: { $ref: "#Gone:1.0.0" } })]
    expect(unavailable(documentOf(tools))).toEqual([expect.stringContaining("#Gone:1.0.0")])
  })

  test("a schema that refers to one that is not there makes its users unavailable", () => {
    const schemas = [{ name: "S", version: "1.0.0", schema: { $ref: "#Gone:1.0.0" } }]
    const tools = [sourceTool("a", { outputSchema: { $ref: "#S:1.0.0" } })]
    expect(unavailable(documentOf(tools, { schemas }))).toEqual([expect.stringContaining("Gone")])
  })

  test("a composition that calls what is unavailable is unavailable, and so are its callers", () => {
    const calling = (name: string, callee: string) => ({
      name,
      version: "1.0.0",
      depends: [toolDependency(callee)],
      spec: { mapEach: { inner: { tool: callee } } },
    })
    const tools = [calling("c", "b"), calling("b", "a"), sourceTool("a", { source })]
    expect(unavailable(documentOf(tools))).toEqual([
      expect.stringContaining("b@1.0.0"),
      expect.stringContaining("a@1.0.0"),
      expect.stringContaining("gone"),
    ])
  })

  test("a dependency that resolves to nothing grants nothing", () => {
    const agents = [agentOf("x", [toolDependency("a", "9.0.0"), toolDependency("b")])]
    const loaded = load(documentOf([sourceTool("a"), sourceTool("b")], { agents }), {
      knobs: { missingEntity: "warn" },
    })
    expect([...(loaded.catalog?.agents[0]?.scope.tools.keys() ?? [])]).toEqual(["b"])
  })
})

describe("The knobs of startup validation", () => {
  const document = () => {
    const made = fixture("flagship.json")
    made.tools[0].source.tool = "nope"
    made.servers[4].deprecated = true
    made.schemas.push({ name: "Unused", version: "1.0.0", schema: {} })
    return made
  }
  const severities = (knobs: object) =>
    Object.fromEntries(load(document(), { knobs }).problems.map((p) => [p.code, p.severity]))

  test.each(["error", "warn"] as const)("set the severity of their codes to %s", (level) => {
    const knobs = { missingEntity: level, deprecatedEntity: level, unusedSchema: level }
    expect(severities(knobs)).toMatchObject({
      source_not_provided: level,
      deprecated_server: level,
      unused_schema: level,
    })
  })

  test("silence them with ignore, and change nothing else", () => {
    const knobs = { missingEntity: "ignore", deprecatedEntity: "ignore", unusedSchema: "ignore" }
    expect(severities(knobs)).toEqual({ provision_not_registered: "warn" })
  })

  test("cannot configure a circle or a range away", () => {
    const made = fixture("flagship.json")
    made.tools[0].source.serverVersion = ">=1.0.0"
    made.agents[0].capabilities.extensions[0].params.depends.push(
      toolDependency("research_and_summarize"),
    )
    const knobs = {
      missingEntity: "ignore",
      deprecatedEntity: "ignore",
      unusedSchema: "ignore",
    } as const
    const loaded = load(made, { knobs })
    expect(loaded.catalog).toBeUndefined()
    expect(codes(loaded)).toEqual(expect.arrayContaining(["circular_dependency", "version_range"]))
  })
})
