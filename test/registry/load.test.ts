import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { authoring } from "../../src/registry/draft.ts"
import { defaultLoadLimits } from "../../src/registry/limits.ts"
import { loadRegistry } from "../../src/registry/load.ts"
import {
  agentOf,
  codes,
  documentOf,
  fixture,
  fixtureText,
  load,
  type Mutable,
  sourceTool,
  toolDependency,
} from "../support/registries.ts"

/** Every tool is on `s`; tool `i` may call those before it. */
const anyDocument = fc
  .record({
    tools: fc.integer({ min: 1, max: 8 }),
    agents: fc.array(fc.uniqueArray(fc.nat(7), { maxLength: 8 }), { maxLength: 4 }),
    descriptions: fc.array(fc.string(), { maxLength: 8 }),
  })
  .map(({ tools, agents, descriptions }) => {
    const made = Array.from({ length: tools }, (_, at) =>
      sourceTool(`t${at}`, { description: descriptions[at] ?? "" }),
    )
    const depending = agents.map((numbers, at) =>
      agentOf(
        `a${at}`,
        numbers.filter((number) => number < tools).map((number) => toolDependency(`t${number}`)),
      ),
    )
    return documentOf(made, { agents: depending })
  })

const dependsOf = (agent: Mutable): Mutable[] => agent.capabilities.extensions[0].params.depends
const scopeOf = (document: Mutable, agent: number): string[] => [
  ...(load(document).catalog?.agents[agent]?.scope.tools.keys() ?? []),
]

describe("In any registry", () => {
  test("an agent sees exactly the tools it depends on", () => {
    fc.assert(
      fc.property(anyDocument, (document) => {
        const { catalog, problems } = load(document)
        expect(problems).toEqual([])
        for (const [at, agent] of document.agents.entries()) {
          const names = dependsOf(agent).map(({ name }) => name)
          expect([...(catalog?.agents[at]?.scope.tools.keys() ?? [])]).toEqual(names.sort())
        }
      }),
      { numRuns: 50 },
    )
  })

  test("removing a dependency never adds a tool to anybody", () => {
    fc.assert(
      fc.property(anyDocument, fc.nat(), fc.nat(), (document, which, what) => {
        fc.pre(document.agents.length > 0)
        const at = which % document.agents.length
        const before = document.agents.map((_: Mutable, agent: number) => scopeOf(document, agent))
        const changed = structuredClone(document)
        dependsOf(changed.agents[at]).splice(what % (dependsOf(changed.agents[at]).length || 1), 1)
        for (const [agent, seen] of before.entries())
          expect(seen).toEqual(expect.arrayContaining(scopeOf(changed, agent)))
      }),
      { numRuns: 50 },
    )
  })

  test("the order of members, white space and comments do not change the digest", () => {
    fc.assert(
      fc.property(
        anyDocument,
        fc.integer({ min: 0, max: 8 }),
        fc.string(),
        (document, indent, note) => {
          const shuffled = JSON.stringify({ $comment: note, ...reversed(document) }, null, indent)
          expect(load(shuffled).catalog?.digest).toBe(load(document).catalog?.digest)
        },
      ),
      { numRuns: 50 },
    )
  })
})

/** The same document with the members of every object in the opposite order. */
function reversed(value: Mutable): Mutable {
  if (Array.isArray(value)) return value.map(reversed)
  if (typeof value !== "object" || value === null) return value
  const entries = Object.entries(value).map(([key, member]) => [key, reversed(member)] as const)
  return Object.fromEntries(entries.reverse())
}

describe("Loading", () => {
  test("a document of 10,000 tools has no problems and pauses at every entity", () => {
    const tools = Array.from({ length: 10_000 }, (_, at) =>
      sourceTool(`t${at}`, {
        inputSchema: { type: "object", properties: { q: { $ref: "#Q:1.0.0" } } },
      }),
    )
    const document = documentOf(tools, {
      schemas: [{ name: "Q", version: "1.0.0", schema: { type: "string" } }],
      agents: Array.from({ length: 100 }, (_, at) => agentOf(`a${at}`, [toolDependency(`t${at}`)])),
    })
    const options = { knobs: authoring, limits: defaultLoadLimits }
    const slices = loadRegistry(JSON.stringify(document), options)
    let pauses = 0
    for (;;) {
      const step = slices.next()
      if (step.done) {
        expect(step.value.problems).toEqual([])
        expect(step.value.catalog?.everything.tools.size).toBe(10_000)
        break
      }
      pauses++
    }
    // Reading, resolving, linking and judging schemas, pinning, compiling and hashing stop at every tool.
    expect(pauses).toBeGreaterThan(6 * 10_000)
  }, 60_000)

  test("a schema of more parts than the stack holds arguments is too complex, and nothing worse", () => {
    const many: readonly boolean[] = Array(200_000).fill(true)
    const byName = Object.fromEntries(many.map((_, at) => [`p${at}`, true]))
    const schemas = [
      { allOf: [{ $ref: "#/$defs/a" }], $defs: { a: { allOf: many } } },
      { type: "object", allOf: [{ anyOf: many }] },
      { type: "object", dependentSchemas: byName },
    ]
    for (const inputSchema of schemas) {
      const { catalog, problems } = load(
        JSON.stringify(documentOf([sourceTool("t", { inputSchema })])),
      )
      expect(catalog).toBeUndefined()
      expect(problems[0]?.code).toMatch(/^(?:schema_too_complex|input_schema_not_object)$/)
    }
  })

  test("the same text twice gives the same problems and the same digest", () => {
    const text = fixtureText("flagship.json")
    const [first, second] = [load(text), load(text)]
    expect(first.problems).toEqual(second.problems)
    expect(first.catalog?.digest).toBe(second.catalog?.digest)
  })

  test("puts problems in the order of the document, with file, line and column", () => {
    const { problems } = load(fixtureText("flagship.json"))
    const lines = problems.map(({ line }) => line ?? 0)
    expect(problems.every(({ file }) => file === "registry.json")).toBe(true)
    expect(lines).toEqual([...lines].sort((a, b) => a - b))
    expect(lines[0]).toBeGreaterThan(1)
  })

  test("text that is no JSON gives one problem, no document and no catalog", () => {
    const loaded = load('{"tools": [')
    expect(codes(loaded)).toEqual(["json_syntax"])
    expect(loaded.document).toBeUndefined()
    expect(loaded.catalog).toBeUndefined()
  })

  test("says everything that is wrong at once, in every stage", () => {
    const document = fixture("flagship.json")
    document.tools[0].unknown = 1
    document.tools[1].source.server = "nope"
    document.tools[2].inputSchema = { type: "string" }
    document.agents[0].capabilities.extensions[0].params.depends[0].version = "*"
    expect(codes(load(document))).toEqual(
      expect.arrayContaining([
        "unknown_field",
        "server_not_found",
        "input_schema_not_object",
        "version_range",
      ]),
    )
  })
})
