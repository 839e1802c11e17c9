import { describe, expect, test } from "vitest"
import type { Graph } from "../../src/portable/graph/graph.ts"
import { graphOf } from "../../src/portable/graph/graph-of.ts"
import { slice } from "../../src/portable/graph/slice.ts"
import {
  agentOf,
  documentOf,
  type LoadWith,
  load,
  type Mutable,
  sourceTool,
  toolDependency,
} from "../support/registries.ts"

function graph(document: Mutable, more: LoadWith = {}): Graph {
  const { catalog, problems } = load(document, more)
  if (catalog === undefined) throw new Error(JSON.stringify(problems))
  return graphOf(catalog, { name: "test" })
}

/** `from > to why`, without what all ids begin with. */
const edgesOf = ({ edges }: Graph): string[] =>
  edges.map(({ from, to, why, skill }) =>
    `${from} > ${to} ${why}${skill === undefined ? "" : ` ${skill}`}`.replaceAll(
      "urn:postern:",
      "",
    ),
  )

const idsOf = ({ nodes }: Graph): string[] => nodes.map(({ id }) => id.replace("urn:postern:", ""))

const text = { type: "object", properties: { text: { type: "string" } } }
const schema = (name: string, more: object = {}) => ({
  name,
  version: "1.0.0",
  schema: text,
  ...more,
})

describe("the graph of a registry", () => {
  test("leads from agents over tools and servers to schemas, and says why", () => {
    const whole = {
      name: "whole",
      version: "2.0.0",
      spec: { pipeline: { steps: [{ id: "a", operation: { tool: "part" } }] } },
      depends: [toolDependency("part")],
      inputSchema: { $ref: "#Query:1.0.0" },
    }
    const document = documentOf(
      [sourceTool("part", { inputSchema: { $ref: "#Query:1.0.0" }, outputSchema: text }), whole],
      {
        schemas: [
          schema("Query", {
            schema: { type: "object", properties: { deep: { $ref: "#Deep:1.0.0" } } },
          }),
          schema("Deep"),
          schema("Unused"),
        ],
        agents: [
          agentOf("helper", [], { skills: [{ id: "help", inputSchema: { $ref: "#Deep:1.0.0" } }] }),
          agentOf("asker", [
            toolDependency("whole", "2.0.0"),
            { type: "agent", name: "helper", version: "1.0.0", skill: "help" },
          ]),
        ],
      },
    )
    expect(edgesOf(graph(document))).toEqual([
      "agent:asker:1.0.0 > agent:helper:1.0.0 depends help",
      "agent:asker:1.0.0 > tool:whole:2.0.0 depends",
      "agent:helper:1.0.0 > schema:Deep:1.0.0 inputSchema",
      "registry > agent:asker:1.0.0 registers",
      "registry > agent:helper:1.0.0 registers",
      "registry > schema:Unused:1.0.0 registers",
      "registry > server:s:1.0.0 registers",
      "schema:Query:1.0.0 > schema:Deep:1.0.0 $ref",
      "tool:part:1.0.0 > schema:Query:1.0.0 inputSchema",
      "tool:part:1.0.0 > server:s:1.0.0 source",
      "tool:whole:2.0.0 > schema:Query:1.0.0 inputSchema",
      "tool:whole:2.0.0 > tool:part:1.0.0 depends",
    ])
  })

  test("has what a composition calls past the registry, every server of a source, and contracts of servers", () => {
    const document = documentOf(
      [
        {
          name: "either",
          version: "1.0.0",
          source: { tool: "x", servers: [{ server: "one" }, { server: "two", tool: "y" }] },
        },
        {
          name: "direct",
          version: "1.0.0",
          spec: { mapEach: { inner: { tool: { name: "z", server: "three" } } } },
        },
      ],
      {
        schemas: [schema("In")],
        servers: [
          { name: "one", provides: [{ tool: "x", inputSchema: { $ref: "#In:1.0.0" } }] },
          { name: "two", version: "1", provides: [{ tool: "y" }] },
          { name: "three", version: "1.0.0", provides: [{ tool: "z" }] },
        ],
      },
    )
    const drawn = graph(document)
    expect(edgesOf(drawn).filter((edge) => !edge.startsWith("registry"))).toEqual([
      "server:one:unversioned > schema:In:1.0.0 inputSchema",
      "tool:direct:1.0.0 > server:three:1.0.0 direct",
      "tool:either:1.0.0 > schema:In:1.0.0 inputSchema",
      "tool:either:1.0.0 > server:one:unversioned source",
      "tool:either:1.0.0 > server:two:1 source",
    ])
    expect(drawn.nodes.find(({ name }) => name === "either")).toMatchObject({
      sourceTools: ["x", "y"],
      pattern: undefined,
    })
  })

  test("has packages and models that metadata names, without what could be a credential", () => {
    const document = documentOf([sourceTool("a")], {
      agents: [
        agentOf("x", [toolDependency("a")], {
          url: "https://user:pass@agents.example/x?key=secret#f",
          metadata: {
            model: { name: "some model", version: "5" },
            supplier: "Acme",
            other: "secret",
          },
        }),
        agentOf("y", []),
      ],
    })
    document.servers[0].metadata = {
      purl: "pkg:npm/@acme/server@1.2.3?download_url=https://u:secret@x/&arch=x64#sub",
      license: "MIT",
    }
    const { catalog } = load(document)
    const drawn =
      catalog &&
      graphOf(catalog, {
        name: "n",
        model: { name: "m", version: undefined, purl: undefined, supplier: undefined },
      })
    expect(drawn?.nodes.filter(({ kind }) => kind === "package" || kind === "model")).toEqual([
      {
        kind: "model",
        id: "urn:postern:model:m:unversioned",
        name: "m",
        version: undefined,
        description: undefined,
        digest: undefined,
        purl: undefined,
        supplier: undefined,
      },
      expect.objectContaining({
        name: "some model",
        id: expect.stringMatching(/^urn:postern:model:some-model-[0-9a-f]{8}:5$/),
      }),
      expect.objectContaining({
        name: "@acme/server",
        version: "1.2.3",
        purl: "pkg:npm/%40acme/server@1.2.3?arch=x64",
      }),
    ])
    expect(drawn?.nodes.find(({ name }) => name === "x")).toMatchObject({
      url: "https://agents.example/x",
      supplier: { name: "Acme" },
    })
    expect(JSON.stringify(drawn)).not.toContain("secret")
  })

  test("reaches schemas that refer to each other in a circle, and has no edge from a node to itself", () => {
    const to = (name: string) => ({
      type: "object",
      properties: { next: { $ref: `#${name}:1.0.0` } },
    })
    const schemas = [
      schema("A", { schema: to("B") }),
      schema("B", { schema: to("A") }),
      schema("Own", { schema: to("Own") }),
    ]
    expect(
      edgesOf(graph(documentOf([], { schemas }))).filter((edge) => !edge.includes("server")),
    ).toEqual([
      "registry > schema:A:1.0.0 registers",
      "registry > schema:Own:1.0.0 registers",
      "schema:A:1.0.0 > schema:B:1.0.0 $ref",
      "schema:B:1.0.0 > schema:A:1.0.0 $ref",
    ])
  })

  test("says what is referred to and not registered, where the configuration lets that pass", () => {
    const document = documentOf([sourceTool("a")], {
      agents: [agentOf("x", [toolDependency("a"), toolDependency("gone", "3.0.0")])],
    })
    const drawn = graph(document, { knobs: { missingEntity: "warn" } })
    expect(drawn.unresolved).toEqual([
      { from: "urn:postern:agent:x:1.0.0", kind: "tool", name: "gone", version: "3.0.0" },
    ])
  })

  test("changes the digest of what changed and of the registry, and of nothing else", () => {
    const document = documentOf([sourceTool("a"), sourceTool("b")])
    const before = graph(document)
    document.tools[0].description = "other words"
    document.tools[1].source.defaults = { hidden: 1 }
    const after = graph(document)
    const changed = after.nodes.filter(
      ({ digest }, index) => digest !== before.nodes[index]?.digest,
    )
    expect(changed.map(({ id }) => id)).toEqual([
      "urn:postern:registry",
      "urn:postern:tool:a:1.0.0",
    ])
  })
})

describe("a slice", () => {
  const document = documentOf([sourceTool("a"), sourceTool("b")], {
    agents: [
      agentOf("x", [toolDependency("a")]),
      agentOf("y", [toolDependency("a"), toolDependency("b")]),
    ],
  })

  test("holds what an entity needs, what needs it, or both, and never the registry", () => {
    const whole = graph(document)
    const a = "urn:postern:tool:a:1.0.0"
    expect(idsOf(slice(whole, a, "needs"))).toEqual(["server:s:1.0.0", "tool:a:1.0.0"])
    expect(idsOf(slice(whole, a, "neededBy"))).toEqual([
      "agent:x:1.0.0",
      "agent:y:1.0.0",
      "tool:a:1.0.0",
    ])
    const both = slice(whole, a, "both")
    expect(both.root).toBe(a)
    expect(edgesOf(both)).toEqual([
      "agent:x:1.0.0 > tool:a:1.0.0 depends",
      "agent:y:1.0.0 > tool:a:1.0.0 depends",
      "tool:a:1.0.0 > server:s:1.0.0 source",
    ])
    expect(slice(whole, whole.root, "needs")).toBe(whole)
    expect(() => slice(whole, "urn:postern:tool:z:1", "needs")).toThrow(RangeError)
  })
})
