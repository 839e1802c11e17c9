import { describe, expect, test } from "vitest"
import { codes, fixture, fixtureText, found, load, type Mutable } from "../support/registries.ts"

const flagship = () => fixture("flagship.json")
const before = found(load(fixtureText("flagship.json")))

/** The problems that a change brings, as `code pointer`, and those that it removes with a minus before them. */
function effect(change: (document: Mutable) => void): string[] {
  const document = flagship()
  change(document)
  const after = found(load(document))
  const gone = before.filter((problem) => !after.includes(problem)).map((problem) => `-${problem}`)
  return [...after.filter((problem) => !before.includes(problem)), ...gone]
}

const depends = (document: Mutable, agent: number): Mutable =>
  document.agents[agent].capabilities.extensions[0].params.depends

const tool = (document: Mutable, name: string): Mutable =>
  document.tools.find((candidate: Mutable) => candidate.name === name)

const ref = "/tools/0/inputSchema/$ref"
const firstProvision = "provision_not_registered /servers/0/provides/0"
const firstDependency = "/agents/0/capabilities/extensions/0/params/depends/0"

type Row = readonly [change: string, expected: readonly string[], (document: Mutable) => void]

const setRef = (text: string) => (d: Mutable) => {
  d.tools[0].inputSchema.$ref = text
}
const setSource = (changes: object) => (d: Mutable) => {
  Object.assign(d.tools[0].source, changes)
}
const setDependency = (changes: object) => (d: Mutable) => {
  Object.assign(depends(d, 0)[0], changes)
}
const setTool = (name: string, changes: object) => (d: Mutable) => {
  Object.assign(tool(d, name), changes)
}

const schemaRows: Row[] = [
  [
    "a reference to a version there is not",
    [`schema_not_found ${ref}`],
    setRef("#SearchQuery:9.9.9"),
  ],
  ["a reference to a name there is not", [`schema_not_found ${ref}`], setRef("#Nope:1.0.0")],
  ["a reference without version", [`reference_unpinned ${ref}`], setRef("#SearchQuery")],
  ["a reference to a web page", [`ref_external ${ref}`], setRef("https://example.com/a.json")],
  ["a reference to a range", [`version_range ${ref}`], setRef("#SearchQuery:^1.0.0")],
  ["a pointer to nothing", [`ref_invalid ${ref}`], setRef("#/$defs/Nope")],
  [
    "a second version and a reference without one",
    [`unused_schema /schemas/12`, `reference_ambiguous ${ref}`],
    (d) => {
      d.schemas.push({ name: "SearchQuery", version: "2.0.0", schema: { type: "object" } })
      d.tools[0].inputSchema.$ref = "#SearchQuery"
    },
  ],
  [
    "a schema of its own type inside itself",
    [],
    (d) => {
      d.schemas[1].schema.properties.and = { $ref: "#SearchFilters:1.0.0" }
    },
  ],
  [
    "a reference to its own definitions",
    [],
    (d) => {
      d.tools[3].inputSchema = {
        type: "object",
        properties: { a: { $ref: "#/$defs/A" } },
        $defs: { A: { type: "string" } },
      }
    },
  ],
  [
    "a property named $ref",
    [],
    (d) => {
      d.tools[3].inputSchema = { type: "object", properties: { $ref: { type: "string" } } }
    },
  ],
  [
    "a default that looks like a reference",
    [],
    (d) => {
      d.tools[3].inputSchema = { type: "object", default: { $ref: "#Nope:1.0.0" } }
    },
  ],
]

const entityRows: Row[] = [
  [
    "an unknown server",
    [`server_not_found /tools/0/source/server`, firstProvision],
    setSource({ server: "nope" }),
  ],
  [
    "an unknown version of a server",
    [firstProvision, `server_not_found /tools/0/source/serverVersion`],
    setSource({ serverVersion: "9.0.0" }),
  ],
  [
    "a range of servers",
    [firstProvision, `version_range /tools/0/source/serverVersion`],
    setSource({ serverVersion: ">=1.0.0" }),
  ],
  [
    "a tool that the server does not provide",
    [firstProvision, `source_not_provided /tools/0/source/tool`],
    setSource({ tool: "nope" }),
  ],
  [
    "a source without the server's version",
    [`reference_unpinned /tools/0/source`],
    (d) => {
      delete d.tools[0].source.serverVersion
    },
  ],
  [
    "a server spelled target",
    [`dialect_form /tools/0/source/target`],
    (d) => {
      d.tools[0].source.target = d.tools[0].source.server
      delete d.tools[0].source.server
    },
  ],
  [
    "a target that is nowhere declared",
    [
      "provision_not_registered /servers/0/provides/3",
      "dialect_form /tools/3/source/target",
      "server_implied /tools/3/source/target",
    ],
    (d) => {
      d.tools[3].source = { target: "elsewhere", tool: "list_documents" }
    },
  ],
  [
    "a tool registered twice",
    [`duplicate_entity /tools/27`],
    (d) => {
      d.tools.push(structuredClone(d.tools[3]))
    },
  ],
  [
    "a second version of a tool",
    [],
    (d) => {
      addSecondVersion(d)
    },
  ],
  [
    "a second one without version",
    [`mixed_versioning /tools/27`, `version_missing /tools/27`],
    (d) => {
      const { version: _, ...copy } = structuredClone(d.tools[3])
      d.tools.push(copy)
    },
  ],
  [
    "an agent that depends on two versions",
    [`dependency_conflict /agents/3/capabilities/extensions/0/params/depends/10`],
    (d) => {
      addSecondVersion(d)
      depends(d, 3).push({ type: "tool", name: "list_documents", version: "2.0.0" })
    },
  ],
  [
    "a tool that lost its version",
    [
      "version_missing /tools/3",
      "unversioned_match /agents/3/capabilities/extensions/0/params/depends/3",
    ],
    (d) => {
      delete d.tools[3].version
    },
  ],
  [
    "a provision named twice",
    ["duplicate_provision /servers/0/provides/4"],
    (d) => {
      d.servers[0].provides.push({ tool: "get_document", version: "1.0.0" })
    },
  ],
  [
    "a tool of another version than its provision",
    ["provision_version_mismatch /tools/2/version"],
    (d) => {
      d.tools[2].version = "1.1.0"
      for (const { capabilities } of d.agents)
        for (const dependency of capabilities.extensions[0].params.depends)
          if (dependency.name === "get_document") dependency.version = "1.1.0"
    },
  ],
]

function addSecondVersion(d: Mutable): void {
  const copy = structuredClone(d.tools[3])
  d.servers.push({
    name: "document-service",
    version: "2.0.0",
    provides: [{ tool: "list_documents", version: "2.0.0" }],
  })
  copy.version = "2.0.0"
  copy.source.serverVersion = "2.0.0"
  d.tools.push(copy)
}

const dependencyRows: Row[] = [
  [
    "a dependency on *",
    [`version_range ${firstDependency}/version`],
    setDependency({ version: "*" }),
  ],
  [
    "a dependency on latest",
    [`version_range ${firstDependency}/version`],
    setDependency({ version: "latest" }),
  ],
  [
    "a dependency on v1.0.0",
    [`tool_not_found ${firstDependency}`, `version_not_semver ${firstDependency}/version`],
    setDependency({ version: "v1.0.0" }),
  ],
  [
    "a dependency without version",
    [`reference_unpinned ${firstDependency}`],
    (d) => {
      delete depends(d, 0)[0].version
    },
  ],
  [
    "a dependency on a neighbour",
    [`tool_not_found ${firstDependency}`],
    setDependency({ version: "1.0.1" }),
  ],
  [
    "a dependency on virtual_…",
    [`virtual_prefix_stripped ${firstDependency}/name`],
    setDependency({ name: "virtual_search_documents" }),
  ],
  [
    "a dependency on a schema",
    [`invalid_value ${firstDependency}/type`],
    setDependency({ type: "schema" }),
  ],
  [
    "an agent dependency without skill",
    [`skill_missing /agents/2/capabilities/extensions/0/params/depends/0`],
    (d) => {
      delete depends(d, 2)[0].skill
    },
  ],
  [
    "a dependency on an unknown skill",
    [`skill_not_found /agents/2/capabilities/extensions/0/params/depends/0/skill`],
    (d) => {
      depends(d, 2)[0].skill = "nope"
    },
  ],
  [
    "a dependency named twice",
    [`duplicate_dependency /agents/0/capabilities/extensions/0/params/depends/3`],
    (d) => {
      depends(d, 0).push({ ...depends(d, 0)[0] })
    },
  ],
  [
    "an agent without SBOM",
    [`agent_without_sbom /agents/1`],
    (d) => {
      d.agents[1].capabilities.extensions = []
    },
  ],
  [
    "an SBOM without depends",
    [`missing_field /agents/1/capabilities/extensions/0/params`],
    (d) => {
      delete d.agents[1].capabilities.extensions[0].params.depends
    },
  ],
  [
    "an agent with two different depends",
    [`depends_conflict /agents/1`, `dialect_form /agents/1/depends`],
    (d) => {
      d.agents[1].depends = [{ type: "tool", name: "fetch", version: "1.2.3" }]
    },
  ],
]

const compositionRows: Row[] = [
  [
    "a tool that retries itself",
    [`depends_derived /tools/27`, `circular_dependency /tools/27/spec/retry/inner/tool`],
    (d) => {
      d.tools.push({
        name: "loop",
        version: "1.0.0",
        spec: {
          retry: {
            inner: { tool: { name: "loop" } },
            maxAttempts: 2,
            backoff: { fixed: { delayMs: 1 } },
          },
        },
      })
    },
  ],
  [
    "an agent that depends on the composition that calls it",
    [`circular_dependency /tools/25/depends/0`],
    (d) => {
      depends(d, 0).push({ type: "tool", name: "research_and_summarize", version: "1.0.0" })
    },
  ],
  [
    "a call that is not in depends",
    [`call_not_in_depends /tools/23/spec/scatterGather/targets/1/tool`],
    (d) => {
      tool(d, "multi_search").depends.pop()
    },
  ],
  [
    "a composition without depends",
    [`depends_derived /tools/23`],
    (d) => {
      delete tool(d, "multi_search").depends
    },
  ],
  [
    "a dependency that nobody calls",
    [`depends_unused /tools/23/depends/2`],
    (d) => {
      tool(d, "multi_search").depends.push({ type: "tool", name: "fetch", version: "1.2.3" })
    },
  ],
  [
    "a direct call",
    [
      `depends_unused /tools/26/depends/1`,
      `direct_server_call /tools/26/spec/pipeline/steps/1/operation/tool`,
    ],
    (d) => {
      const [, last] = tool(d, "create_task_and_notify").spec.pipeline.steps
      last.operation.tool = {
        name: "get_notifications",
        server: "notification-service",
        serverVersion: "1.0.0",
      }
    },
  ],
  [
    "a step that refers to a later one",
    [`step_order /tools/22/spec/pipeline/steps/0/input/reference`],
    (d) => {
      tool(d, "fetch_and_store").spec.pipeline.steps[0].input = {
        reference: { step: "store_document", path: "$" },
      }
    },
  ],
  [
    "a step that refers to none",
    [`step_not_found /tools/22/spec/pipeline/steps/1/input/construct/fields/title/reference`],
    (d) => {
      tool(
        d,
        "fetch_and_store",
      ).spec.pipeline.steps[1].input.construct.fields.title.reference.step = "nope"
    },
  ],
  [
    "a path that is none",
    [`path_invalid /tools/22/spec/pipeline/steps/1/input/construct/fields/title/reference/path`],
    (d) => {
      tool(
        d,
        "fetch_and_store",
      ).spec.pipeline.steps[1].input.construct.fields.title.reference.path = "url"
    },
  ],
  [
    "an unknown pattern",
    [`pattern_unknown /tools/23/spec`],
    setTool("multi_search", { spec: { scatter: {} } }),
  ],
  [
    "two patterns",
    [`pattern_ambiguous /tools/23/spec`],
    (d) => {
      tool(d, "multi_search").spec.schemaMap = { mappings: {} }
    },
  ],
]

const wordRows: Row[] = [
  [
    "a misspelt field",
    [`unknown_field /tools/0/source/hideFeilds`],
    setSource({ hideFeilds: ["a"] }),
  ],
  [
    "an include",
    [`include_unsupported /$include`],
    (d) => {
      d.$include = "other.json"
    },
  ],
  [
    "a deprecated server",
    [`deprecated_server /tools/5/source/server`, `deprecated_server /tools/4/source/server`],
    (d) => {
      d.servers.find(({ name }: Mutable) => name === "fetch-server").deprecated = true
    },
  ],
  [
    "a deprecated tool",
    [
      "dialect_form /tools/4/deprecated",
      "deprecated_tool /tools/22/depends/0",
      "deprecated_tool /agents/0/capabilities/extensions/0/params/depends/1",
      "deprecated_tool /agents/3/capabilities/extensions/0/params/depends/4",
    ],
    setTool("fetch", { deprecated: "use get_webpage" }),
  ],
  [
    "a secret in defaults",
    [`secret_in_document /tools/0/source/defaults/api_key`],
    setSource({ defaults: { api_key: "abc" } }),
  ],
  [
    "a field that is hidden and described",
    [`hidden_field_in_schema /tools/2/inputSchema/properties/id`],
    (d) => {
      tool(d, "get_document").source.hideFields = ["id"]
    },
  ],
  [
    "a newer version with an unknown section",
    [`schema_version_newer /schemaVersion`, `unknown_field /widgets`],
    (d) => {
      d.schemaVersion = "2.1"
      d.widgets = []
    },
  ],
  [
    "no version",
    [`schema_version_missing`],
    (d) => {
      delete d.schemaVersion
    },
  ],
  [
    "a version that is a number",
    [`invalid_type /schemaVersion`],
    (d) => {
      d.schemaVersion = 2
    },
  ],
]

describe("The flagship with", () => {
  test("nothing changed has its five idle provisions and nothing else", () => {
    expect(codes(load(flagship()))).toEqual(Array(5).fill("provision_not_registered"))
  })

  const rows = [...schemaRows, ...entityRows, ...dependencyRows, ...compositionRows, ...wordRows]
  test.each(rows)("%s has exactly the problems of that", (_, expected, change) => {
    expect(effect(change).sort()).toEqual([...expected].sort())
  })

  test("schemas that apply each other has one loop, at its first reference", () => {
    const problems = effect((d) => {
      d.schemas[1].schema = { allOf: [{ $ref: "#SearchQuery:1.0.0" }] }
      d.schemas[0].schema = { anyOf: [{ $ref: "#SearchFilters:1.0.0" }] }
    })
    expect(problems.filter((problem) => problem.startsWith("schema_ref_loop"))).toEqual([
      "schema_ref_loop /schemas/0/schema/anyOf/0/$ref",
    ])
  })

  test("a target that is not the server reports the conflict", () => {
    expect(effect(setSource({ target: "nope" }))).toContain("dialect_conflict /tools/0/source")
  })

  test("two steps of one id reports the second", () => {
    const problems = effect((d) => {
      const [first, second] = tool(d, "fetch_and_store").spec.pipeline.steps
      second.id = first.id
    })
    expect(problems).toContain("step_duplicate /tools/22/spec/pipeline/steps/1/id")
  })

  test("version 3.0 is not looked at any further", () => {
    const document = { ...flagship(), schemaVersion: "3.0", tools: [{ nonsense: true }] }
    expect(found(load(document))).toEqual(["schema_version_unsupported /schemaVersion"])
  })

  test("no servers implies each server once, and there are no idle provisions", () => {
    const document = flagship()
    delete document.servers
    const loaded = load(document)
    expect(codes(loaded)).toEqual(Array(10).fill("server_implied"))
    expect(loaded.document?.servers.map(({ name }) => name)).toContain("document-service")
  })
})
