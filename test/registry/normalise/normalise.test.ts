import { describe, expect, test } from "vitest"
import type { Draft } from "../../../src/registry/draft.ts"
import { found, readMembers, readText } from "../../support/registry-reading.ts"

const source = { server: "s", tool: "t" }
const tool = { name: "t", version: "1.0.0", source }

function draftOf(members: object): Draft {
  const { draft } = readMembers(members)
  if (draft === undefined) throw new Error("no draft")
  return draft
}

describe("the schemaVersion", () => {
  test.each([
    ["1.0", "1", ["v1_document /schemaVersion"]],
    ["1", "1", ["v1_document /schemaVersion"]],
    ["2", "2", []],
    ["2.0", "2", []],
    ["2.0.0", "2", []],
    ["2.1", "newer", ["schema_version_newer /schemaVersion"]],
    ["3.0", undefined, ["schema_version_unsupported /schemaVersion"]],
    ["0.9", undefined, ["schema_version_unsupported /schemaVersion"]],
    ["2.x", "2", ["invalid_value /schemaVersion"]],
    ["", "2", ["invalid_value /schemaVersion"]],
  ])("%j is read as %s", (schemaVersion, profile, problems) => {
    const reading = readText(JSON.stringify({ schemaVersion, tools: [tool] }))
    expect(reading.draft?.profile).toBe(profile)
    expect(found(reading)).toEqual(problems)
  })

  test.each([
    ["schemas", "2"],
    ["servers", "2"],
    ["agents", "2"],
    ["tools", "1"],
  ])("that is absent beside %s means %s", (section, profile) => {
    const reading = readText(JSON.stringify({ [section]: [{ $comment: "c" }] }))
    expect(reading.draft?.profile).toBe(profile)
    expect(readText(JSON.stringify({ [section]: [] })).draft?.profile).toBe("1")
  })

  test.each(["{}", '{"error":"internal"}', '{"__proto__":{"tools":[]}}'])(
    "and of every section is absent from what is no registry: %s",
    (text) => {
      const reading = readText(text)
      expect(reading.draft).toBeUndefined()
      expect(found(reading)).toEqual(["document_not_registry "])
    },
  )

  test("of version 1 asks for no versions and takes unknown fields lightly", () => {
    const text = JSON.stringify({
      schemaVersion: "1.0",
      tools: [{ name: "t", source, colour: "red" }],
    })
    expect(readText(text).problems).toMatchObject([
      { code: "v1_document" },
      { code: "unknown_field", severity: "warn" },
    ])
  })
})

describe("a draft", () => {
  test("knows whether the document declares servers at all", () => {
    expect(draftOf({ tools: [tool] }).declaresServers).toBe(false)
    expect(draftOf({ tools: [tool], servers: [] }).declaresServers).toBe(true)
  })

  test("knows which sources were spelled target", () => {
    const draft = draftOf({
      tools: [tool, { ...tool, name: "u", source: { target: "s", tool: "t" } }],
    })
    const [plain, spelled] = draft.document.tools.map((entity) => entity.source ?? {})
    expect(draft.spelledTarget.has(plain ?? {})).toBe(false)
    expect(draft.spelledTarget.has(spelled ?? {})).toBe(true)
  })

  test("remembers where each part was written, whatever the spelling", () => {
    const { document, origins } = draftOf({
      tools: [
        { $comment: "c" },
        {
          name: "t",
          version: "1.0.0",
          implementation: { source: { target: "s", tool: "t", defaults: { a: 1 } } },
          defaults: { b: 2 },
          inputSchema: { inline: { type: "object" } },
          outputSchema: { ref: "#S" },
          depends: [{ $comment: "c" }, { type: "tool", name: "u" }],
        },
      ],
      servers: [{ name: "s", providedTools: [{ name: "t", inputSchemaRef: "#S" }] }],
    })
    const [entity] = document.tools
    const [server] = document.servers
    if (entity?.source === undefined || server === undefined) throw new Error("nothing was read")
    const { source: read, outputSchema, depends = [] } = entity
    expect(origins.of(entity)).toBe("/tools/1")
    expect(origins.of(entity, "inputSchema")).toBe("/tools/1/inputSchema/inline")
    expect(origins.of(read)).toBe("/tools/1/implementation/source")
    expect(origins.of(read, "server")).toBe("/tools/1/implementation/source/target")
    expect(origins.of(read, "tool")).toBe("/tools/1/implementation/source/tool")
    expect(origins.of(read.defaults ?? {}, "b")).toBe("/tools/1/defaults/b")
    expect(origins.of(Object(outputSchema), "$ref")).toBe("/tools/1/outputSchema/ref")
    expect(depends.map((dependency) => origins.of(dependency))).toEqual(["/tools/1/depends/1"])
    expect(server.provides.map((provision) => origins.of(provision))).toEqual([
      "/servers/0/providedTools/0",
    ])
    expect(origins.of(server.provides[0] ?? {}, "inputSchema")).toBe(
      "/servers/0/providedTools/0/inputSchemaRef",
    )
  })

  test("finds the composition of every spec, wherever it is written", () => {
    const spec = { pipeline: { steps: [{ id: "a", operation: { tool: "t" } }] } }
    const draft = draftOf({ tools: [{ name: "p", version: "1.0.0", implementation: { spec } }] })
    const [composition] = draft.compositions.values()
    expect(composition?.calls.map(({ name, pointer }) => [name, pointer])).toEqual([
      ["t", "/tools/0/implementation/spec/pipeline/steps/0/operation/tool"],
    ])
  })

  test("holds a place for dependencies that stand for several", () => {
    const draft = draftOf({
      agents: [
        {
          name: "a",
          version: "1.0.0",
          dependencies: [
            { tool: "t" },
            { agent: "b" },
            { server: { name: "s", versionConstraint: "1.0.0", tools: ["x"] } },
          ],
        },
      ],
    })
    const depends = draft.document.agents[0]?.depends ?? []
    expect(depends.map((dependency) => draft.groups?.get(dependency))).toEqual([
      undefined,
      { of: "agent" },
      { of: "server", server: "s", version: "1.0.0", tools: ["x"] },
    ])
  })

  test("keeps entities that are broken in themselves, so that nobody misses them", () => {
    const { document } = draftOf({
      schemas: [{ name: "S", version: "^1" }],
      tools: [{ name: "a b", version: "1.0.0" }, { version: "1.0.0" }, { name: 1 }],
    })
    expect(document.schemas).toMatchObject([{ name: "S", version: "^1", schema: true }])
    expect(document.tools.map(({ name }) => name)).toEqual(["a b"])
  })

  test("shares what needs no change with what was read", () => {
    const card = { name: "a", version: "1.0.0", skills: [{ id: "s", "x-anything": [1] }] }
    const draft = draftOf({ agents: [card] })
    expect(draft.document.agents[0]?.card).toEqual(card)
    expect(draft.document.agents[0]?.card["skills"]).toEqual(card.skills)
  })
})

describe("an agent's dependencies", () => {
  const sbom = (depends: readonly object[]) => ({
    uri: "urn:agentgateway:sbom",
    params: { depends },
  })
  const dependency = (name: string) => ({ type: "tool", name, version: "1.0.0" })
  const conflicts = (agent: object) =>
    found(readMembers({ agents: [{ name: "a", version: "1.0.0", ...agent }] })).filter((line) =>
      line.startsWith("depends_conflict"),
    )

  test("agree when they say the same in several places, in any order", () => {
    const [a, b] = [dependency("a"), dependency("b")]
    const capabilities = { extensions: [sbom([a, b]), sbom([b, a])] }
    expect(conflicts({ capabilities, depends: [b, a] })).toEqual([])
  })

  test("conflict when two places differ", () => {
    const capabilities = { extensions: [sbom([dependency("a")])] }
    expect(conflicts({ capabilities, depends: [] })).toEqual(["depends_conflict /agents/0"])
    expect(conflicts({ capabilities, dependencies: [{ tool: "a" }] })).toHaveLength(1)
    expect(conflicts({ depends: [], dependencies: [{ server: { name: "s" } }] })).toHaveLength(1)
  })

  test("are none at all without an SBOM, which differs from an empty one", () => {
    const [silent, empty] = draftOf({
      agents: [
        { name: "a", version: "1.0.0" },
        { name: "b", version: "1.0.0", depends: [] },
      ],
    }).document.agents
    expect(silent?.depends).toBeUndefined()
    expect(empty?.depends).toEqual([])
  })
})

describe("a hostile document", () => {
  test("may have 100,000 dependencies, and is told the limit", () => {
    const depends = Array.from({ length: 100_000 }, () => ({ type: "tool", name: "t" }))
    const reading = readMembers({ tools: [{ ...tool, depends }] })
    expect(reading.problems).toMatchObject([
      { code: "document_too_large", severity: "error", pointer: "/tools/0/depends" },
    ])
    expect(reading.draft?.document.tools[0]?.depends).toEqual([])
  })

  test("may have any number of unknown fields, and is told of the first", () => {
    const many = Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [`field${n}`, n]))
    expect(found(readMembers({ tools: [{ ...tool, ...many }] }))).toHaveLength(100)
  })

  test("cannot hide an error behind any number of warnings", () => {
    const tools: object[] = Array.from({ length: 30_000 }, () => ({ name: "t", source }))
    tools.push({ name: "t", source: 1 })
    const codes = readMembers({ tools }).problems.map(({ code }) => code)
    expect(codes).toContain("invalid_type")
    expect(codes.length).toBeLessThan(tools.length)
  })

  test("may use the names of what every object inherits", () => {
    const names = ["__proto__", "constructor", "toString", "hasOwnProperty"]
    const text = `{"schemaVersion":"2.0","tools":[${names
      .map(
        (name) =>
          `{"name":"${name}","version":"1.0.0","source":{"server":"${name}","tool":"t","defaults":{"${name}":1},"hideFields":["${name}"]},"${name}":1,"inputSchema":{"properties":{"${name}":{}}}}`,
      )
      .join()}]}`
    const reading = readText(text)
    expect(found(reading).sort()).toEqual(
      names
        .flatMap((name, index) => [
          `hidden_field_in_schema /tools/${index}/inputSchema/properties/${name}`,
          `unknown_field /tools/${index}/${name}`,
        ])
        .sort(),
    )
    expect(reading.draft?.document.tools.map(({ name }) => name)).toEqual(names)
  })

  test("without its own members is not given those that objects inherit", () => {
    const { document } = draftOf({ tools: [tool], agents: [{ name: "a", version: "1.0.0" }] })
    expect(JSON.stringify(document.tools[0])).not.toContain("function")
    expect(found(readMembers({ tools: [{ ...tool, depends: [{}] }] }))).toEqual([
      "comment_element_skipped /tools/0/depends/0",
    ])
  })

  test("may refer through ten thousand schemas to one", () => {
    const schemas = Array.from({ length: 10_000 }, (_, n) => ({
      name: `S${n}`,
      version: "1.0.0",
      schema: { $ref: `#/schemas/S${n + 1}` },
    }))
    expect(readMembers({ schemas, tools: [tool] }).problems).toMatchObject([
      { code: "dialect_form", data: { form: "ref.pointer", count: 10_000 } },
    ])
  })
})

describe("an include", () => {
  test.each(["$ref", "$include", "$import"])(
    "by %s is refused on every object of the format",
    (key) => {
      const members = {
        [key]: "x",
        schemas: [{ name: "S", version: "1.0.0", schema: {}, [key]: "x" }],
        servers: [
          { name: "s", version: "1.0.0", provides: [{ tool: "t", [key]: "x" }], [key]: "x" },
        ],
        tools: [
          { ...tool, source: { ...source, [key]: "x" }, depends: [{ [key]: "x" }], [key]: "x" },
        ],
      }
      const pointers = [
        "",
        "/schemas/0",
        "/servers/0",
        "/servers/0/provides/0",
        "/tools/0",
        "/tools/0/source",
        "/tools/0/depends/0",
      ]
      expect(found(readMembers(members)).sort()).toEqual(
        pointers.map((pointer) => `include_unsupported ${pointer}/${key}`).sort(),
      )
    },
  )

  test("is data where the document holds data", () => {
    const members = {
      metadata: { $ref: "x" },
      tools: [
        {
          ...tool,
          metadata: { $include: 1 },
          annotations: { $ref: 1 },
          source: { ...source, defaults: { $ref: "x" } },
        },
      ],
      agents: [
        {
          name: "a",
          version: "1.0.0",
          description: "d",
          url: "u",
          protocolVersion: "p",
          defaultInputModes: [],
          defaultOutputModes: [],
          skills: [],
          depends: [],
          $ref: "x",
        },
      ],
    }
    expect(found(readMembers(members))).toEqual(["dialect_form /agents/0/depends"])
  })
})

test("execution is an object with a taskSupport that MCP knows, and of tools of servers only", () => {
  const tools = [{ execution: 1 }, { execution: { taskSupport: "maybe" } }, { execution: {} }].map(
    (more, index) => ({ ...tool, name: `t${index}`, ...more }),
  )
  const provides = [{ tool: "t", execution: { taskSupport: ["required"] } }]
  const composed = { name: "c", version: "1.0.0", spec: {}, execution: { taskSupport: "optional" } }
  const servers = [{ name: "p", version: "1.0.0", provides }]
  const reading = found(readMembers({ servers, tools: [...tools, composed] }))
  expect(reading.filter((line) => line.includes("execution"))).toEqual([
    "invalid_value /servers/0/provides/0/execution/taskSupport",
    "invalid_type /tools/0/execution",
    "invalid_value /tools/1/execution/taskSupport",
    "invalid_value /tools/3/execution",
  ])
})

test("icons are objects with an address that a client may fetch", () => {
  const icon = { src: "https://shop.example/icon.png", mimeType: "image/png", theme: "dark" }
  const icons = [icon, { src: "javascript:alert(1)" }, { src: "file:///etc/passwd" }, "x", {}]
  const provides = [{ tool: "t", icons: { src: icon.src } }]
  const servers = [{ name: "p", version: "1.0.0", provides }]
  const reading = readMembers({ servers, tools: [{ ...tool, icons }] })
  expect(found(reading).filter((line) => line.includes("icons"))).toEqual([
    "invalid_type /servers/0/provides/0/icons",
    ...[1, 2, 3, 4].map((index) => `invalid_value /tools/0/icons/${index}`),
  ])
  expect(reading.draft?.document.tools[0]?.icons).toEqual([icon])
})
