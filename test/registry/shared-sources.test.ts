import { describe, expect, test } from "vitest"
import { documentJson } from "../../src/registry/write/document-json.ts"
import type { Json, JsonObject } from "../../src/schema/json.ts"
import {
  agentOf,
  documentOf,
  found,
  load,
  type Mutable,
  sourceTool,
  toolDependency,
} from "../support/registries.ts"

const at = (name: string, version = "1.0.0") => ({ server: name, serverVersion: version })

interface Provided {
  readonly tool?: string
  readonly version?: string
  readonly inputSchema?: JsonObject
  readonly outputSchema?: JsonObject
  readonly annotations?: JsonObject
}

/** One tool `search` on servers `a` and `b`, which provide it as said. */
function documentWith(source: object, provided: { a?: Provided; b?: Provided } = {}, more = {}) {
  return documentOf([sourceTool("search", { source: { tool: "search", ...source }, ...more })], {
    servers: (["a", "b"] as const).map((name) => ({
      name,
      version: "1.0.0",
      provides: [{ tool: "search", ...provided[name] }],
    })),
  })
}
const both = { servers: [at("a"), at("b")] }
const objectOf = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({
  type: "object",
  properties,
  additionalProperties: false,
  ...more,
})
const implementation = (document: Mutable) => {
  const { catalog, problems } = load(document)
  const [tool] = catalog?.tools ?? []
  if (tool?.implementation.kind !== "source") throw new Error(JSON.stringify(problems))
  return tool.implementation
}

describe("A tool of several servers", () => {
  test("has them in the order of the document, with their own names and conditions", () => {
    const servers = [
      { ...at("b"), when: "input.q == 'x'" },
      { ...at("a"), tool: "find" },
    ]
    const { choice, ...first } = implementation(
      documentWith({ servers, select: "round_robin" }, { a: { tool: "find" } }),
    )
    expect(first).toMatchObject({ server: { name: "b" }, tool: "search" })
    expect(choice).toMatchObject({
      select: "round_robin",
      among: [
        { server: { name: "b" }, tool: "search", when: "input.q == 'x'" },
        { server: { name: "a" }, tool: "find" },
      ],
    })
  })

  test("is asked for at the first that can be had, where nothing else is said", () => {
    expect(implementation(documentWith(both)).choice?.select).toBe("first_available")
  })

  test("is that of one server where it names one", () => {
    expect(implementation(documentWith({ servers: [at("a")] })).choice).toBeUndefined()
  })

  test("is written in canonical form with the versions that were found, and read again as the same", () => {
    const servers = [
      { server: "a", $note: "near" },
      { ...at("b"), when: { field: "$.q", op: "eq", value: 1 } },
    ]
    const once = load(documentWith({ servers, select: "first_available" }))
    expect(found(once)).toEqual(["reference_unpinned /tools/0/source/servers/0"])
    const written = documentJson(once.document ?? (undefined as never)) as Mutable
    expect(written.tools[0].source).toEqual({
      servers: [{ $note: "near", ...at("a") }, servers[1]],
      select: "first_available",
      tool: "search",
    })
    const twice = load(written)
    expect(found(twice)).toEqual([])
    expect(twice.catalog?.digest).toBe(once.catalog?.digest)
  })

  test("counts as drawn from each, for agents that depend on a server, too", () => {
    const document = documentWith(
      { servers: [at("a"), { ...at("b"), tool: "find" }] },
      { b: { tool: "find" } },
    )
    document.agents = [
      agentOf("x", [], {
        capabilities: {},
        dependencies: [{ server: { name: "b", versionConstraint: "1.0.0", tools: ["find"] } }],
      }),
    ]
    const loaded = load(document)
    expect(found(loaded).filter((line) => !line.includes("dialect_form"))).toEqual([
      "server_dependency_expanded /agents/0/dependencies/0",
    ])
    expect([...(loaded.catalog?.agents[0]?.scope.tools.keys() ?? [])]).toEqual(["search"])
  })

  test("is as bad as the worst of them says", () => {
    const read = { readOnlyHint: true, openWorldHint: false }
    const shown = (b: JsonObject | undefined, more = {}) =>
      load(documentWith(both, { a: { annotations: read }, b: b ? { annotations: b } : {} }, more))
        .catalog?.tools[0]?.shown.annotations
    expect(shown(read)).toMatchObject(read)
    expect(shown(undefined)).toMatchObject({ readOnlyHint: false, openWorldHint: true })
    expect(shown({ ...read, openWorldHint: true })).toMatchObject({ ...read, openWorldHint: true })
    expect(shown(undefined, { annotations: read })).toMatchObject(read)
  })

  test("cannot be used when one of them is missing: its calls would go elsewhere", () => {
    const { catalog } = load(documentWith({ servers: [at("a"), at("gone")] }), {
      knobs: { missingEntity: "warn" },
    })
    expect(catalog?.tools[0]?.unavailable).toContain('server "gone" is not registered')
  })
})

describe("What is wrong with it is a problem at its place:", () => {
  const source = "/tools/0/source"
  const cases: [string, object, string[]][] = [
    ["no server", { servers: [] }, [`invalid_value ${source}/servers`]],
    [
      "more than 16",
      { servers: Array.from({ length: 17 }, (_, n) => ({ ...at("a"), when: `input.n == ${n}` })) },
      [`invalid_value ${source}/servers`],
    ],
    ["no list", { servers: at("a") }, [`invalid_type ${source}/servers`]],
    [
      "a server without a name",
      { servers: [at("a"), { tool: "x" }] },
      [`missing_field ${source}/servers/1`],
    ],
    [
      "a misspelt member",
      { servers: [at("a"), { ...at("b"), wen: "true" }] },
      [`unknown_field ${source}/servers/1/wen`],
    ],
    [
      "one server beside several",
      { ...both, ...at("a") },
      [`invalid_value ${source}/server`, `invalid_value ${source}/serverVersion`],
    ],
    [
      "a selection of one",
      { ...at("a"), select: "round_robin" },
      [`invalid_value ${source}/select`],
    ],
    ["an unknown selection", { ...both, select: "fastest" }, [`invalid_value ${source}/select`]],
    [
      "an unknown server",
      { servers: [at("a"), at("c")] },
      [`server_not_found ${source}/servers/1/server`],
    ],
    [
      "an unknown version",
      { servers: [at("a"), at("b", "2.0.0")] },
      [`server_not_found ${source}/servers/1/serverVersion`],
    ],
    [
      "a range",
      { servers: [at("a"), at("b", "^1.0.0")] },
      [`version_range ${source}/servers/1/serverVersion`],
    ],
    [
      "a tool that it does not provide",
      { servers: [at("a"), { ...at("b"), tool: "find" }] },
      [`source_not_provided ${source}/servers/1/tool`],
    ],
    [
      "the same server twice",
      { servers: [at("a"), at("a")] },
      [`duplicate_source ${source}/servers/1`],
    ],
    [
      "a condition that is none",
      { servers: [at("a"), { ...at("b"), when: "input.n +" }] },
      [`expression_invalid ${source}/servers/1/when`],
    ],
    [
      "a condition that is a text",
      { servers: [at("a"), { ...at("b"), when: "'x'" }] },
      [`expression_type ${source}/servers/1/when`],
    ],
    [
      "a condition on what is not there",
      { servers: [at("a"), { ...at("b"), when: "steps.x == 1" }] },
      [`expression_invalid ${source}/servers/1/when`],
    ],
    [
      "a slow condition",
      { servers: [at("a"), { ...at("b"), when: "input.q.matches('(a+)+')" }] },
      [`expression_regex ${source}/servers/1/when`],
    ],
    [
      "a predicate without a field",
      { servers: [at("a"), { ...at("b"), when: { op: "eq", value: 1 } }] },
      [`missing_field ${source}/servers/1/when`],
    ],
  ]
  test.each(cases)("%s", (_, source, expected) => {
    const loaded = load(documentWith(source))
    expect(loaded.catalog).toBeUndefined()
    const errors = found({
      ...loaded,
      problems: loaded.problems.filter(({ severity }) => severity === "error"),
    })
    expect(errors).toEqual(expected)
  })
})

describe("The contracts of several servers agree", () => {
  const one = "/tools/0/source/servers/1"
  const q = { q: { type: "string" } }
  const disagrees = (document: Mutable) => {
    const { problems } = load(document)
    const [problem] = problems.filter(({ code }) => code === "provisions_disagree")
    return problem && `${problem.pointer} ${problem.message}`
  }
  const inputs = (a: JsonObject, b: JsonObject, more = {}, source = {}) =>
    documentWith({ ...both, ...source }, { a: { inputSchema: a }, b: { inputSchema: b } }, more)

  test("where the second takes all that the first takes, or more", () => {
    expect(disagrees(inputs(objectOf(q), objectOf(q)))).toBeUndefined()
    expect(disagrees(inputs(objectOf(q), { type: "object" }))).toBeUndefined()
    expect(disagrees(documentWith(both, { a: { inputSchema: objectOf(q) } }))).toBeUndefined()
  })

  test("and otherwise the error shows a call that it does not take", () => {
    const strict = objectOf({ q: { type: "string", maxLength: 3 } })
    expect(disagrees(inputs(objectOf(q), strict))).toMatch(
      new RegExp(
        `^${one} "b@1.0.0" does not take all that callers may send: /q: .*counter-example`,
      ),
    )
  })

  test("when the tool's own schema says less than both", () => {
    const strict = objectOf({ q: { type: "string", maxLength: 3 } })
    const own = { inputSchema: objectOf({ q: { enum: ["a", "b"] } }) }
    expect(disagrees(inputs(objectOf(q), strict, own))).toBeUndefined()
    const wide = { inputSchema: objectOf({ q: { type: ["string", "number"] } }) }
    expect(disagrees(inputs(objectOf(q), strict, wide))).toContain(one)
  })

  test("also with a schema of the tool's own that says more than both: calls are checked", () => {
    const wide = { inputSchema: { type: "object" } }
    expect(disagrees(inputs(objectOf(q), objectOf(q), wide))).toBeUndefined()
    const single = documentWith({ servers: [at("a")] }, { a: { inputSchema: objectOf(q) } }, wide)
    expect(disagrees(single)).toBeUndefined()
  })

  test("when defaults and hidden fields make up for the difference", () => {
    const needing = objectOf({ ...q, mode: { enum: ["fast"] } }, { required: ["mode"] })
    const offering = objectOf({ ...q, mode: { type: "string" } })
    expect(disagrees(inputs(offering, needing))).toContain("/mode")
    const source = (mode: Json) => ({ defaults: { mode }, hideFields: ["mode"] })
    expect(disagrees(inputs(offering, needing, {}, source("fast")))).toBeUndefined()
    expect(disagrees(inputs(offering, needing, {}, source("slow")))).toContain(one)
    expect(disagrees(inputs(offering, needing, {}, { defaults: { mode: "fast" } }))).toContain(one)
    expect(disagrees(inputs(offering, needing, {}, source("${MODE}")))).toBeUndefined()
    expect(disagrees(inputs(offering, needing, {}, { hideFields: ["mode"] }))).toContain(one)
  })

  test("and no default is told", () => {
    const needing = objectOf({ ...q, mode: { enum: ["fast"] } })
    const offering = objectOf({ ...q, mode: { type: "string" } })
    const source = { defaults: { mode: "s3cret" }, hideFields: ["mode"] }
    const said = disagrees(inputs(offering, needing, {}, source))
    expect(said).toContain(one)
    expect(said).not.toContain("s3cret")
  })

  test("in what they give, unless a transform makes something else of it", () => {
    const outputs = (more = {}) =>
      documentWith(
        both,
        { a: { outputSchema: objectOf(q) }, b: { outputSchema: { type: "object" } } },
        more,
      )
    expect(disagrees(outputs())).toContain("does not give only what callers are told")
    const outputTransform = { mappings: { q: { path: "$.q" } } }
    expect(disagrees(outputs({ outputTransform }))).toBeUndefined()
  })
})

test("A composition may call a tool of several servers like any other", () => {
  const spec = { pipeline: { steps: [{ id: "s", operation: { tool: { name: "search" } } }] } }
  const document = documentWith(both)
  document.tools.push({
    ...{ name: "c", version: "1.0.0", inputSchema: { type: "object" } },
    ...{ depends: [toolDependency("search")], spec },
  })
  expect(found(load(document))).toEqual([])
})
