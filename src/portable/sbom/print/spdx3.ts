import type { JsonObject } from "../../../registry/model.ts"
import { compareText, type Edge, type Party } from "../../graph/graph.ts"
import { plain, spdxNames } from "../ids.ts"
import type { Inventory, Item } from "../inventory.ts"
import type { License } from "../license.ts"
import { toolName } from "../settings.ts"
import { defined } from "./members.ts"

const creation = "_:creation"

interface Element extends JsonObject {
  readonly type: string
  readonly spdxId: string
}

/** An SPDX 3.0.1 document in JSON-LD: https://spdx.github.io/spdx-spec/v3.0.1/. */
export function spdx3(inventory: Inventory): JsonObject {
  return {
    "@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld",
    "@graph": new Writer(inventory).graph(),
  }
}

class Writer {
  readonly #inventory: Inventory
  readonly #base: string
  readonly #names: ReadonlyMap<string, string>

  constructor(inventory: Inventory) {
    const { settings, documentName, uuid, root, items } = inventory
    this.#inventory = inventory
    this.#names = spdxNames([root, ...items].map(({ node }) => node))
    this.#base = `${settings.namespace}/${encodeURIComponent(documentName)}-${uuid}`
  }

  graph(): readonly JsonObject[] {
    const { root, items, documentName } = this.#inventory
    const all = [root, ...items]
    const agents = [...this.#agents(all), this.#tool()]
    const licenses = this.#licenses(all)
    const content = [
      ...all.map((item) => this.#package(item)),
      ...licenses,
      ...this.#relationships(all),
    ]
    const ids = [...agents, ...content].map(({ spdxId }) => spdxId).sort()
    const sbom = this.#element("software_Sbom", "sbom", {
      profileConformance: profiles(licenses.length > 0),
      rootElement: [this.#id(root)],
      element: ids,
      software_sbomType: ["deployed"],
    })
    const document = this.#element("SpdxDocument", "document", {
      name: documentName,
      dataLicense: this.#iri("data-license"),
      profileConformance: profiles(true),
      rootElement: [sbom.spdxId],
      element: [...ids, this.#iri("data-license"), sbom.spdxId].sort(),
    })
    const dataLicense = this.#element("simplelicensing_LicenseExpression", "data-license", {
      simplelicensing_licenseExpression: "CC0-1.0",
    })
    const rest = [...content, sbom, document, dataLicense].sort((left, right) =>
      compareText(left.spdxId, right.spdxId),
    )
    return [this.#creationInfo(), ...agents, ...rest]
  }

  #iri(name: string): string {
    return `${this.#base}#${name}`
  }

  #name({ node }: Item): string {
    return this.#names.get(node.id) ?? ""
  }

  #id(item: Item): string {
    return this.#iri(this.#name(item))
  }

  #element(type: string, name: string, members: JsonObject): Element {
    return { type, spdxId: this.#iri(name), creationInfo: creation, ...members }
  }

  #creationInfo(): JsonObject {
    const { author, timestamp } = this.#inventory.settings
    return {
      "@id": creation,
      type: "CreationInfo",
      specVersion: "3.0.1",
      created: timestamp,
      createdBy: [author === undefined ? this.#iri("exporter") : this.#organization(author)],
      createdUsing: [this.#iri("tool")],
    }
  }

  #tool(): Element {
    const name = `${toolName}-${this.#inventory.settings.toolVersion}`
    return this.#element("Tool", "tool", { name })
  }

  #organization({ name }: Party): string {
    return this.#iri(`organization-${plain(name)}`)
  }

  /** The author and every supplier; where nobody is said to be the author, Postern is. */
  #agents(items: readonly Item[]): readonly Element[] {
    const { author } = this.#inventory.settings
    const parties = [
      ...(author === undefined ? [] : [author]),
      ...items.flatMap(({ supplier }) => supplier ?? []),
    ]
    const names = new Map(parties.map((party) => [this.#organization(party), party.name]))
    const organizations = [...names]
      .sort(([left], [right]) => compareText(left, right))
      .map(([spdxId, name]) => ({ type: "Organization", spdxId, creationInfo: creation, name }))
    if (author !== undefined) return organizations
    return [this.#element("SoftwareAgent", "exporter", { name: toolName }), ...organizations]
  }

  #package(item: Item): Element {
    const { node, supplier, purl, properties } = item
    return this.#element(
      "software_Package",
      this.#name(item),
      defined({
        name: node.name,
        software_packageVersion: item.version,
        description: node.description,
        suppliedBy: supplier && this.#organization(supplier),
        software_primaryPurpose: purposeOf(item),
        software_packageUrl: purl,
        verifiedUsing:
          node.digest === undefined
            ? undefined
            : [
                {
                  type: "Hash",
                  algorithm: "sha256",
                  hashValue: node.digest.slice("sha256:".length),
                },
              ],
        extension: [
          {
            type: "extension_CdxPropertiesExtension",
            extension_cdxProperty: properties.map(([name, value]) => ({
              type: "extension_CdxPropertyEntry",
              extension_cdxPropName: `postern:${name}`,
              extension_cdxPropValue: value,
            })),
          },
        ],
      }),
    )
  }

  #licenses(items: readonly Item[]): readonly Element[] {
    const elements = new Map<string, Element>()
    for (const { license } of items) {
      if (license === undefined) continue
      const name = licenseName(license)
      elements.set(name, this.#license(name, license))
    }
    return [...elements.values()]
  }

  #license(name: string, license: License): Element {
    if (license.kind === "name")
      return this.#element("simplelicensing_SimpleLicensingText", name, {
        name: license.name,
        simplelicensing_licenseText: license.name,
      })
    return this.#element("simplelicensing_LicenseExpression", name, {
      simplelicensing_licenseExpression: licenseText(license),
    })
  }

  /**
   * Edges are grouped by where they begin and what they mean. What leads to a schema means two things: tools that know
   * dependencies alone must reach it, too.
   */
  #relationships(items: readonly Item[]): readonly Element[] {
    const byId = new Map(items.map((item) => [item.node.id, item]))
    const targets = new Map<string, { type: string; from: Item; to: Set<string> }>()
    for (const edge of this.#inventory.edges) {
      const from = byId.get(edge.from)
      const to = byId.get(edge.to)
      if (from === undefined || to === undefined) throw new RangeError("an edge without its nodes")
      for (const type of typesOf(edge)) {
        const key = `${edge.from} ${type}`
        const known = targets.get(key) ?? { type, from, to: new Set() }
        targets.set(key, known)
        known.to.add(this.#id(to))
      }
    }
    const written = [...targets.values()].map(({ type, from, to }) =>
      this.#relationship(from, type, [...to]),
    )
    const licensed = items.flatMap((item) => {
      if (item.license === undefined) return []
      const to = [this.#iri(licenseName(item.license))]
      return licensing.map((type) => this.#relationship(item, type, to))
    })
    return [...written, ...licensed]
  }

  #relationship(from: Item, relationshipType: string, to: readonly string[]): Element {
    const isRuntime = relationshipType === "dependsOn"
    return this.#element(
      isRuntime ? "LifecycleScopedRelationship" : "Relationship",
      `relationship-${this.#name(from)}-${relationshipType}`,
      {
        relationshipType,
        from: this.#id(from),
        to: to.toSorted(),
        ...(isRuntime && { scope: "runtime" }),
      },
    )
  }
}

const profiles = (hasLicenses: boolean): readonly string[] => [
  "core",
  "software",
  "extension",
  ...(hasLicenses ? ["simpleLicensing"] : []),
]

const licenseText = (license: License): string => {
  switch (license.kind) {
    case "id":
      return license.id
    case "expression":
      return license.expression
    case "name":
      return license.name
  }
}

const licenseName = (license: License): string => `license-${plain(licenseText(license))}`

const licensing = ["hasConcludedLicense", "hasDeclaredLicense"] as const

function typesOf({ why }: Edge): readonly string[] {
  switch (why) {
    case "registers":
      return ["contains"]
    case "inputSchema":
    case "outputSchema":
    case "$ref":
      return ["dependsOn", "hasSpecification"]
    case "depends":
    case "source":
    case "direct":
    case "endpoint":
    case "implementation":
    case "model":
      return ["dependsOn"]
  }
}

function purposeOf({ node, purl }: Item): string {
  if (node.kind === "registry") return "platform"
  if (node.kind === "schema") return "specification"
  if (node.kind === "model") return "model"
  return purl?.startsWith("pkg:oci/") ? "container" : "application"
}
