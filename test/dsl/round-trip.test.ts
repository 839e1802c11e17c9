import { globSync, readFileSync } from "node:fs"
import { basename, join } from "node:path"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { parse } from "yaml"
import { programOf } from "../../src/dsl/source/program.ts"
import * as library from "../../src/index.ts"
import type { JsonObject } from "../../src/schema/json.ts"
import { canonicalSpecs } from "../support/canonical-specs.ts"
import { everyPattern } from "../support/every-pattern.ts"
import { agentOf, toolDependency } from "../support/registries.ts"
import { canonical, exported } from "../support/run-source.ts"
import { soundSpec } from "../support/sound-spec.ts"

/*
 * Whatever a document says, a program can say with the builder: each document is written as a program, and the program
 * gives the very bytes of its canonical form.
 */

const print = (document: JsonObject) => JSON.stringify(document, null, 2)

function expectSame(document: string | object): string {
  const before = canonical(document)
  const program = programOf(before)
  expect(print(exported(program))).toBe(print(before))
  return program
}

const project = join(import.meta.dirname, "../..")
const documents = globSync(
  ["test/fixtures/registries/*.json", "config/registry.json", "examples/*/registry.json"],
  { cwd: project },
).filter((file) => !file.endsWith(".expect.json"))

const provider = (tools: readonly string[]) => ({
  name: "s",
  version: "1.0.0",
  provides: tools.map((tool) => ({ tool })),
})

const provided = (name: string) => ({
  name,
  version: "1.0.0",
  source: { server: "s", serverVersion: "1.0.0", tool: name },
})

interface Dependency {
  readonly type: string
  readonly name: string
  readonly version?: string
  readonly skill?: string
}

/** The compositions of other suites, each in a document in which everything is registered that it depends on. */
const goldenCompositions = globSync("test/golden/{plan,contracts}/*.golden", { cwd: project })
  .sort()
  .flatMap((file) => {
    const [input = ""] = readFileSync(join(project, file), "utf8").split("\n----------\n")
    const { spec, depends, tools = {}, wrong, right } = parse(input)
    const name = file.slice("test/golden/".length)
    if (spec !== undefined) return [[name, registering(spec, depends ?? [])] as const]
    const all = Object.keys(tools).map((tool) => toolDependency(tool))
    const pair = Object.entries<{ spec: JsonObject } | undefined>({ wrong, right })
    return pair.flatMap(([which, one]) =>
      one?.spec === undefined ? [] : [[`${name}, ${which}`, registering(one.spec, all)] as const],
    )
  })

function registering(spec: JsonObject, depends: readonly Dependency[]): object {
  const named = (type: string) => depends.filter((each) => each.type === type)
  return {
    schemaVersion: "2.0",
    servers: [provider(named("tool").map(({ name }) => name))],
    tools: [
      ...named("tool").map(({ name, version }) => ({ ...provided(name), version })),
      { name: "composed", version: "1.0.0", spec, depends },
    ],
    agents: named("agent").map(({ name, version, skill }) =>
      agentOf(name, [], { version, skills: [{ id: skill }] }),
    ),
  }
}

/** Documents with calls of what is not registered, without `depends`: they do not load. */
const unsound = ["map-each", "pipeline", "scatter-gather", "stateful-patterns"]
const isSound = (file: string) => !unsound.some((name) => basename(file) === `golden-${name}.json`)

describe("a registry document as a program", () => {
  test.each(documents)("gives the same document, in the builder's own words: %s", (file) => {
    const program = expectSame(readFileSync(join(project, file), "utf8"))
    expect(program.includes("asWritten")).toBe(!isSound(file))
  })

  test("gives the same document, with a composition of every pattern", () => {
    const program = expectSame(everyPattern())
    expect(program).not.toContain("asWritten")
    expect(program).toContain("confidenceAggregator({")
  })

  test.each(Object.entries(canonicalSpecs))(
    "gives the same %s, with every member it can have",
    (_, { spec, calls }) => {
      expect(expectSame(around(spec, calls))).not.toContain("asWritten")
    },
  )

  test.each(goldenCompositions)("gives the same composition of golden file %s", (_, composed) => {
    expect(expectSame(composed)).not.toContain("asWritten")
  })

  test("gives the same document, whatever its composition is, in any spelling", () => {
    const words = ["fetch", "virtual_fetch", "a.b-c"]
    const depends = [
      ...words.map((name) => toolDependency(name)),
      ...words.map((name) => ({ type: "agent", name, version: "1.0.0", skill: "fetch" })),
    ]
    fc.assert(
      fc.property(soundSpec, (spec) => {
        expectSame({
          schemaVersion: "2.0",
          servers: [provider(words)],
          tools: [...words.map(provided), { name: "it", version: "1.0.0", spec, depends }],
          agents: words.map((name) => agentOf(name, [], { skills: [{ id: "fetch" }] })),
        })
      }),
      { numRuns: 200 },
    )
  })

  test("gives the same document, with annotations and extensions in every place", () => {
    const program = expectSame({
      $comment: "a",
      "x-own": [1],
      schemaVersion: "2.0",
      description: "d",
      metadata: { a: { $ref: "#Q:1.0.0" }, ["__proto__"]: 1 },
      unknownCallerPolicy: "denyAll",
      schemas: [
        { $a: 1, name: "Q", version: "1.0.0", schema: { type: "object" }, description: "q" },
        { name: "R", version: "1.0.0", schema: { $ref: "#Q:1.0.0", title: "r" }, "x-a": 1 },
        { name: "Any", version: "1.0.0", schema: true, deprecated: true },
        { name: "T", version: "1.0.0", schema: { properties: { t: { $ref: "#T:1.0.0" } } } },
      ],
      servers: [{ ...provider(["one"]), $b: 2, deprecationMessage: "old", deprecated: true }],
      tools: [
        {
          ...provided("one"),
          $c: [],
          title: "One",
          tags: ["t"],
          execution: { taskSupport: "optional" },
        },
        {
          name: "two",
          version: "1.0.0",
          depends: [toolDependency("one")],
          spec: {
            $d: 1,
            pipeline: {
              $e: 1,
              steps: [
                { $f: 1, id: "a", operation: { $g: 1, tool: { name: "one" } }, description: "x" },
                { id: "b", operation: { tool: { name: "one" } }, input: { $h: 1, path: "$" } },
              ],
            },
          },
        },
      ],
      agents: [
        agentOf("last", [], {
          capabilities: {
            extensions: [
              { uri: "urn:agentgateway:sbom", required: true, params: { more: 1, depends: [] } },
              { uri: "urn:other" },
            ],
            streaming: true,
          },
        }),
      ],
    })
    expect(program).toContain("spec: asWritten({")
  })

  test("gives the same document, with two versions of a tool and sources on several servers", () => {
    const server = (version: string) => ({ ...provider(["one", "uno"]), version })
    const two = { ...toolDependency("one", "2.0.0") }
    const program = expectSame({
      schemaVersion: "2.0",
      servers: [server("1.0.0"), server("2.0.0")],
      tools: [
        provided("one"),
        {
          name: "one",
          version: "2.0.0",
          source: {
            servers: [
              { server: "s", serverVersion: "2.0.0" },
              { server: "s", serverVersion: "1.0.0", tool: "uno", when: "input.a == 1" },
            ],
            select: "round_robin",
            tool: "one",
            hideFields: ["b"],
          },
        },
        {
          name: "both",
          version: "1.0.0",
          depends: [toolDependency("one"), two],
          spec: {
            scatterGather: {
              targets: [
                { tool: { name: "one", version: "1.0.0" } },
                { tool: { name: "one", version: "2.0.0" } },
                { tool: { name: "one", server: "s", serverVersion: "2.0.0" } },
              ],
            },
          },
        },
      ],
    })
    expect(program).toContain('targets: [pinned(one), pinned(oneV200), sV200.call("one")]')
  })

  test("gives the same document, whatever its entities are called", () => {
    const reserved =
      "class await default of arguments undefined constructor __proto__ 1st a.b a_b A-B -- step own"
    const names = [...Object.keys(library), ...reserved.split(" ")]
    const schemas = [...names, "ns/a", "ns.a"].map((name) => ({ name, schema: true }))
    expectSame({
      schemaVersion: "2.0",
      schemas: schemas.map((schema) => ({ ...schema, version: "1.0.0" })),
      servers: [provider(names)],
      tools: [
        ...names.map(provided),
        ...names.map((name) => ({
          name: `${name}.x`,
          version: "1.0.0",
          depends: [toolDependency(name)],
          spec: {
            pipeline: {
              steps: [
                { id: "step", operation: { tool: { name } } },
                {
                  id: "own",
                  operation: { tool: { name } },
                  input: { reference: { step: "step" } },
                },
              ],
            },
          },
        })),
      ],
      agents: names.map((name) => agentOf(name, [toolDependency(name)])),
    })
  })

  test("names what refers to each other in a circle", () => {
    const call = (name: string) => ({ tool: { name } })
    const loop = (name: string, other: string) => ({
      name,
      version: "1.0.0",
      depends: [toolDependency(other)],
      spec: { mapEach: { inner: call(other) } },
    })
    const program = expectSame({ schemaVersion: "2.0", tools: [loop("a", "b"), loop("b", "a")] })
    expect(program).toContain('toolNamed("a", "1.0.0")')
  })
})

/** A document in which everything is registered that a spec calls. */
function around(spec: JsonObject, calls: readonly string[]): object {
  const called = (kind: string) => [
    ...new Set(
      calls.flatMap((call) => (call.startsWith(`${kind} `) ? (call.split(" ")[1] ?? []) : [])),
    ),
  ]
  const skills = [{ id: "help" }, { id: "find" }]
  const [tools, agents] = [called("tool"), called("agent")]
  return {
    schemaVersion: "2.0",
    servers: [provider(tools), { ...provider(["find"]), name: "library", version: "3.1.0" }],
    tools: [
      ...tools.map(provided),
      ...tools.map((name) => ({ ...provided(name), version: "2.0.0" })),
      {
        name: "it",
        version: "1.0.0",
        spec,
        depends: [
          ...tools.map((name) => toolDependency(name, name === "plan_b" ? "2.0.0" : "1.0.0")),
          ...agents.map((name) => ({
            type: "agent",
            name,
            version: "1.0.0",
            skill: name === "helper" ? "help" : "find",
          })),
        ],
      },
    ],
    agents: agents.map((name) => agentOf(name, [], { skills })),
  }
}
