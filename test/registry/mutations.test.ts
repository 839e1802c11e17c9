import { describe, expect, test } from "vitest"
import {
  depends,
  effect,
  flagship,
  type Row,
  setSource,
  setTool,
  tool,
} from "../support/mutations.ts"
import { codes, found, load, type Mutable } from "../support/registries.ts"

const ref = "/tools/0/inputSchema/$ref"
const firstProvision = "provision_not_registered /servers/0/provides/0"

const setRef = (text: string) => (d: Mutable) => {
  d.tools[0].inputSchema.$ref = text
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

  const rows = [...schemaRows, ...entityRows, ...wordRows]
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
