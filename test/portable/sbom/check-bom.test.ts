import { describe, expect, test } from "vitest"
import { checkBom } from "../../../src/portable/sbom/check-bom.ts"
import { diffBoms, isEmpty } from "../../../src/portable/sbom/diff-boms.ts"
import { readBom } from "../../../src/portable/sbom/read/read-bom.ts"
import type { Mutable } from "../../support/registries.ts"
import { bomOf, graphIn, sbomOf, specs } from "../../support/sbom.ts"
import { shop } from "../../support/sbom-registry.ts"

const graph = graphIn(shop())
type Spec = (typeof specs)[number]

function problemsOf(spec: Spec, spoil: (document: Mutable) => void): readonly string[] {
  const document = JSON.parse(sbomOf(graph, spec))
  spoil(document)
  return checkBom(bomOf(JSON.stringify(document)), graph).map(({ code, at }) => `${code} ${at}`)
}

const find = "urn:postern:tool:find:1.0.0"
const catalog = "urn:postern:server:catalog:1.2.0"
const componentOf = (document: Mutable, ref: string) =>
  document.components.find((one: Mutable) => one["bom-ref"] === ref)
const dependencyOf = (document: Mutable, ref: string) =>
  document.dependencies.find((one: Mutable) => one.ref === ref)

describe("What no schema sees in CycloneDX is found:", () => {
  test("two things under one id", () => {
    expect(
      problemsOf("1.7", (document) => document.components.push(componentOf(document, find))),
    ).toContain(`duplicate_id ${find}`)
  })

  test("dependencies, provides and compositions that lead nowhere", () => {
    const gone = "urn:postern:tool:gone:1"
    for (const spoil of [
      (document: Mutable) => dependencyOf(document, find).dependsOn.push(gone),
      (document: Mutable) => dependencyOf(document, catalog).provides.push(gone),
      (document: Mutable) => document.compositions[1].assemblies.push(gone),
      (document: Mutable) => document.dependencies.push({ ref: gone, dependsOn: [] }),
    ])
      expect(problemsOf("1.7", spoil)).toContain(`dangling_reference ${gone}`)
  })

  test("a thing that dependencies do not mention, or mention twice", () => {
    expect(
      problemsOf("1.6", (document) => {
        document.dependencies = document.dependencies.filter((one: Mutable) => one.ref !== catalog)
      }),
    ).toContain(`dependencies_incomplete ${catalog}`)
    expect(
      problemsOf("1.6", (document) => document.dependencies.push(dependencyOf(document, find))),
    ).toContain(`dependencies_incomplete ${find}`)
  })

  test("what needs itself, and what nothing leads to", () => {
    expect(
      problemsOf("1.7", (document) => dependencyOf(document, find).dependsOn.push(find)),
    ).toEqual([`self_reference ${find}`])
    expect(
      problemsOf("1.7", (document) => {
        for (const one of document.dependencies)
          one.dependsOn = one.dependsOn.filter((ref: string) => ref !== catalog)
      }),
    ).toContain(`unreachable ${catalog}`)
  })

  test("a hash that is not that of the digest, a purl that is none, a member nobody knows", () => {
    expect(
      problemsOf("1.7", (document) => {
        componentOf(document, find).hashes[0].content = "0".repeat(64)
      }),
    ).toEqual([`hash_wrong ${find}`])
    expect(
      problemsOf("1.7", (document) => {
        componentOf(document, find).purl = "npm:find"
      }),
    ).toEqual([`purl_invalid ${find}`])
    expect(problemsOf("1.7", (document) => Object.assign(document, { agents: [] }))).toEqual([
      "unknown_member agents",
    ])
  })

  test("another version or digest than the registry has, and what is left out", () => {
    expect(
      problemsOf("1.7", (document) => {
        componentOf(document, find).version = "1.0.1"
      }),
    ).toEqual([`registry_differs ${find}`, "registry_differs tool find@1.0.0"])
  })
})

describe("What no schema sees in SPDX is found:", () => {
  test("relationships that lead nowhere, ids given twice, a root that is not there", () => {
    expect(
      problemsOf("2.3", (document) => {
        document.relationships[1].relatedSpdxElement = "SPDXRef-gone"
      }),
    ).toContain("dangling_reference SPDXRef-gone")
    expect(
      problemsOf("2.3", (document) => document.packages.push(document.packages[1])),
    ).toContainEqual(expect.stringMatching(/^duplicate_id SPDXRef-/))
    expect(
      problemsOf("2.3", (document) => {
        document.documentDescribes = []
      }),
    ).toContain("root_missing ")
  })

  test("elements of SPDX 3 that speak of what is not there", () => {
    for (const [type, key] of [
      ["software_Package", "suppliedBy"],
      ["software_Sbom", "rootElement"],
      ["Relationship", "to"],
    ] as const)
      expect(
        problemsOf("3.0.1", (document) => {
          const element = document["@graph"].find((one: Mutable) => one.type === type)
          element[key] = Array.isArray(element[key]) ? ["urn:gone"] : "urn:gone"
        }),
      ).toContain("dangling_reference urn:gone")
  })

  test("a package without its kind", () => {
    expect(
      problemsOf("2.3", (document) => {
        document.packages[0].annotations = []
      }),
    ).toContain("kind_missing SPDXRef-registry")
  })
})

test.each([
  ["null", null],
  ["a text", "x"],
  ["a list", []],
  ["CycloneDX of another version", { bomFormat: "CycloneDX", specVersion: "1.5" }],
  ["SPDX of another version", { spdxVersion: "SPDX-2.2" }],
  ["a package.json", { name: "x", version: "1.0.0", dependencies: {} }],
])("%s is no SBOM that is read", (_, json) => {
  expect(readBom(json)).toBeUndefined()
})

test.each([
  ["CycloneDX", { bomFormat: "CycloneDX", specVersion: "1.7", components: 1, dependencies: {} }],
  [
    "SPDX 2.3",
    { spdxVersion: "SPDX-2.3", packages: [null, [], { SPDXID: 1 }], relationships: [[]] },
  ],
  [
    "SPDX 3",
    {
      "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
      "@graph": [null, { type: [] }],
    },
  ],
])("what is in %s and of another shape is a problem, not an exception", (_, json) => {
  const bom = readBom(json)
  expect(bom && checkBom(bom, graph).map(({ code }) => code)).toContain("root_missing")
})

describe("The difference of two SBOMs", () => {
  test("is what came, went and changed, whatever their formats", () => {
    const document = shop()
    document.tools[0].description = "Finds them"
    document.agents.pop()
    document.agents[0].capabilities.extensions[0].params.depends.pop()
    document.schemas.push({ name: "New", version: "1.0.0", schema: { type: "string" } })
    const after = graphIn(document)
    const expected = {
      added: ["schema New@1.0.0"],
      removed: ["agent acme/clerk@3.1.4"],
      changed: [
        { what: "agent shopper@1.0.0", before: expect.any(String), after: expect.any(String) },
        { what: "tool find@1.0.0", before: expect.any(String), after: expect.any(String) },
      ],
      edgesAdded: [{ from: "registry", to: "schema New@1.0.0" }],
      edgesRemoved: [
        { from: "agent acme/clerk@3.1.4", to: "schema Query@1.0.0" },
        { from: "agent shopper@1.0.0", to: "agent acme/clerk@3.1.4" },
        { from: "registry", to: "agent acme/clerk@3.1.4" },
      ],
    }
    for (const before of specs)
      for (const now of specs)
        expect(diffBoms(bomOf(sbomOf(graph, before)), bomOf(sbomOf(after, now)))).toEqual(expected)
  })

  test("is nothing between the formats of one registry", () => {
    const [first = "", ...others] = specs.map((spec) => sbomOf(graph, spec))
    for (const other of others) expect(isEmpty(diffBoms(bomOf(first), bomOf(other)))).toBe(true)
  })
})
