import { globSync, readFileSync } from "node:fs"
import { describe, expect, test } from "vitest"
import type { Graph } from "../../../src/portable/graph/graph.ts"
import { checkBom } from "../../../src/portable/sbom/check-bom.ts"
import { keyOf } from "../../../src/portable/sbom/read/bom.ts"
import { load, type Mutable, toolDependency } from "../../support/registries.ts"
import { bomOf, graphIn, sbomOf, specs } from "../../support/sbom.ts"
import { judged, parsedWords } from "../../support/sbom-judges.ts"
import { canary, hostile, large, odd, shop } from "../../support/sbom-registry.ts"

const folder = new URL("../../fixtures/registries/", import.meta.url).pathname
const fixtures = globSync("*.json", { cwd: folder }).filter((name) => !name.includes(".expect."))
const sound = fixtures
  .sort()
  .map((name) => [name, readFileSync(folder + name, "utf8")] as const)
  .filter(([, text]) => load(text, { knobs: { missingEntity: "warn" } }).catalog !== undefined)

interface Case {
  readonly name: string
  readonly graph: () => Graph
  readonly around?: string
}

const cases: readonly Case[] = [
  { name: "a registry with one of everything", graph: () => graphIn(shop()) },
  {
    name: "an agent and what it needs",
    graph: () => graphIn(shop()),
    around: "urn:postern:agent:shopper:1.0.0",
  },
  {
    name: "a tool and what it needs",
    graph: () => graphIn(shop()),
    around: "urn:postern:tool:find:2.0.0-rc.1",
  },
  { name: "words that no format takes as they are", graph: () => graphIn(odd()) },
  { name: "an empty registry", graph: () => graphIn({ schemaVersion: "2.0", tools: [] }) },
  { name: "names at the edge of the allowed", graph: () => graphIn(hostile()) },
  { name: "500 tools", graph: () => graphIn(large(500)) },
  {
    name: "a registry with a strange name",
    graph: () => graphIn(shop(), "Äcme & Söhne / 50 % @home #1"),
  },
  ...sound.map(([name, text]) => ({ name, graph: () => graphIn(text) })),
]

test("there are real registries of every dialect among those that are judged", () => {
  expect(sound.map(([name]) => name)).toEqual(
    expect.arrayContaining([
      "flagship.json",
      "golden-v1-source-tools.json",
      "variant-dialect.json",
    ]),
  )
})

describe.each(cases)("The SBOM of $name", ({ graph: make, around }) => {
  const graph = make()
  const printing = around === undefined ? {} : { around }
  const documents = specs.map((spec) => [spec, sbomOf(graph, spec, printing)] as const)

  test("is accepted by outside judges in every format, and holds together", async () => {
    for (const [spec, text] of documents) {
      expect([spec, await judged(text, spec)]).toEqual([spec, undefined])
      expect([spec, checkBom(bomOf(text), around === undefined ? graph : undefined)]).toEqual([
        spec,
        [],
      ])
      expect(parsedWords(text).purls).toBeGreaterThan(0)
      expect(text).not.toContain(canary)
    }
  })

  test("says the same things and the same edges in every format", () => {
    const [first, ...others] = documents.map(([, text]) => factsOf(text))
    for (const other of others) expect(other).toEqual(first)
  })
})

test("an SBOM that lacks what a reference means says that it is incomplete, and where", async () => {
  const document = shop()
  document.agents[0].capabilities.extensions[0].params.depends.push(toolDependency("gone", "9.9.9"))
  for (const spec of specs) {
    const text = sbomOf(graphIn(document), spec)
    expect(await judged(text, spec)).toBeUndefined()
    expect(text).toContain("tool gone@9.9.9")
  }
  const { compositions } = JSON.parse(sbomOf(graphIn(document), "1.7"))
  expect(compositions).toEqual([
    { aggregate: "incomplete", dependencies: ["urn:postern:agent:shopper:1.0.0"] },
    { aggregate: "incomplete", assemblies: ["urn:postern:server:orders:unversioned"] },
  ])
})

test("a schema of more than 64 KiB is there by its digest alone", async () => {
  const document = shop()
  document.schemas[0].schema.description = "x".repeat(70_000)
  const text = sbomOf(graphIn(document), "1.7")
  expect(await judged(text, "1.7")).toBeUndefined()
  expect(text.length).toBeLessThan(70_000)
  expect(text).toContain("urn:postern:schema:Query:1.0.0")
})

describe("The minimum elements of the NTIA", () => {
  const documents = specs.map((spec) => [spec, sbomOf(graphIn(shop()), spec)] as const)

  test.each(documents)(
    "are there in %s: names, versions, suppliers, ids, edges, author, time",
    (spec, text) => {
      const { entries, links, timestamp, toolVersion } = bomOf(text)
      expect(timestamp).toBe("2026-11-21T00:00:00Z")
      expect(toolVersion).toBe("1.2.3")
      expect(text).toContain("Acme Platform Team")
      expect(links.length).toBeGreaterThan(entries.length)
      // Services of CycloneDX have no purl: their bom-ref is all that is unique.
      const isService = (kind: string) => kind === "server" && spec.startsWith("1.")
      for (const { id, kind, name, version, purl } of entries) {
        expect({ id: id !== "", name: name !== "", version, purl }).toEqual({
          id: true,
          name: true,
          version: expect.stringMatching(/./),
          purl: isService(kind) ? undefined : expect.stringMatching(/^pkg:/),
        })
      }
      const supplied = {
        "1.7": /"(?:supplier|provider)": \{/g,
        "1.6": /"(?:supplier|provider)": \{/g,
        "2.3": /"supplier": "Organization: /g,
        "3.0.1": /"suppliedBy": "/g,
      }
      // CycloneDX names the supplier of the document and of the tool, too.
      const more = spec === "1.7" || spec === "1.6" ? 2 : 0
      expect([...text.matchAll(supplied[spec])]).toHaveLength(entries.length + more)
    },
  )
})

/** What an SBOM says, whatever its format. */
function factsOf(text: string) {
  const { entries, links, root } = bomOf(text)
  const keys = new Map(entries.map((entry) => [entry.id, keyOf(entry)]))
  const edges = links.map(({ from, to }) => `${keys.get(from)} → ${keys.get(to)}`)
  return {
    root: keys.get(root),
    things: entries.map((entry) => `${keyOf(entry)} ${entry.digest}`).sort(),
    edges: [...new Set(edges)].sort(),
  }
}

describe("The judges", () => {
  const spoil: Readonly<
    Record<string, { spec: (typeof specs)[number]; change(document: Mutable): void }>
  > = {
    "a component type that CycloneDX has not": {
      spec: "1.7",
      change: (document) => (document.components[0].type = "tool"),
    },
    "a distribution constraint in 1.6": {
      spec: "1.6",
      change: (document) => (document.metadata.distributionConstraints = { tlp: "GREEN" }),
    },
    "a member that CycloneDX does not know": {
      spec: "1.6",
      change: (document) => (document.agents = []),
    },
    "an SPDX package without download location": {
      spec: "2.3",
      change: (document) => delete document.packages[0].downloadLocation,
    },
    "an SPDX relationship of no type": {
      spec: "2.3",
      change: (document) => (document.relationships[1].relationshipType = "FOO"),
    },
    "an SPDX id with an underscore": {
      spec: "2.3",
      change: (document) => (document.packages[1].SPDXID = "SPDXRef-a_b"),
    },
    "an SPDX 3 element without creation info": {
      spec: "3.0.1",
      change: (document) => delete document["@graph"].at(-1).creationInfo,
    },
    "an SPDX 3 purpose that there is not": {
      spec: "3.0.1",
      change: (document) => {
        const found = document["@graph"].find((one: Mutable) => one.type === "software_Package")
        found.software_primaryPurpose = "tool"
      },
    },
  }

  test.each(Object.keys(spoil))("refuse %s", async (name) => {
    const { spec = "1.7", change } = spoil[name] ?? {}
    const document = JSON.parse(sbomOf(graphIn(shop()), spec))
    change?.(document)
    expect(await judged(JSON.stringify(document), spec)).toBeDefined()
  })
})
