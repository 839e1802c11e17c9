import type { JsonObject } from "../../../registry/model.ts"
import { compareText, type Edge, type Party } from "../../graph/graph.ts"
import { plain, spdxNames } from "../ids.ts"
import type { Inventory, Item } from "../inventory.ts"
import type { License } from "../license.ts"
import { type SbomSettings, toolName } from "../settings.ts"
import { defined } from "./members.ts"

const none = "NOASSERTION"

/** An SPDX 2.3 document: https://spdx.github.io/spdx-spec/v2.3/. */
export function spdx2(inventory: Inventory): JsonObject {
  const { root, items, uuid, documentName, settings } = inventory
  const ids = idsOf(inventory)
  const idOf = ({ node }: Item) => ids.get(node.id) ?? ""
  const rootId = idOf(root)
  const others = items.map((item) => [idOf(item), item] as const)
  const extracted = extractedLicenses([root, ...items])
  return defined({
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: documentName,
    documentNamespace: `${settings.namespace}/${encodeURIComponent(documentName)}-${uuid}`,
    creationInfo: { created: settings.timestamp, creators: creators(settings) },
    documentDescribes: [rootId],
    hasExtractedLicensingInfos: extracted.length === 0 ? undefined : extracted,
    packages: [
      packageOf(rootId, root, settings),
      ...others
        .sort(([left], [right]) => compareText(left, right))
        .map(([id, item]) => packageOf(id, item, settings)),
    ],
    relationships: [
      {
        spdxElementId: "SPDXRef-DOCUMENT",
        relationshipType: "DESCRIBES",
        relatedSpdxElement: rootId,
      },
      ...relationships(inventory.edges, ids),
    ],
  })
}

type Ids = ReadonlyMap<string, string>

function idsOf({ root, items }: Inventory): Ids {
  const names = spdxNames([root, ...items].map(({ node }) => node))
  return new Map(names.entries().map(([id, name]) => [id, `SPDXRef-${name}`] as const))
}

const tool = ({ toolVersion }: SbomSettings): string => `Tool: ${toolName}-${toolVersion}`

const creators = (settings: SbomSettings): readonly string[] => [
  ...(settings.author === undefined ? [] : [organization(settings.author)]),
  tool(settings),
]

/** What stands in parentheses at the end is the mail address: a name that ends in some says that it has none. */
function organization({ name, email }: Party): string {
  if (email !== undefined) return `Organization: ${name} (${email})`
  return `Organization: ${name}${name.endsWith(")") ? " ()" : ""}`
}

function packageOf(id: string, item: Item, settings: SbomSettings): JsonObject {
  const { node, supplier, purl, license } = item
  const words = licenseWords(license)
  return defined({
    SPDXID: id,
    name: node.name,
    versionInfo: item.version,
    description: node.description,
    supplier: supplier === undefined ? none : organization(supplier),
    downloadLocation: none,
    filesAnalyzed: false,
    licenseConcluded: words,
    licenseDeclared: words,
    copyrightText: none,
    primaryPackagePurpose: purposeOf(item),
    checksums:
      node.digest === undefined
        ? undefined
        : [{ algorithm: "SHA256", checksumValue: node.digest.slice("sha256:".length) }],
    externalRefs:
      purl === undefined
        ? undefined
        : [
            {
              referenceCategory: "PACKAGE-MANAGER",
              referenceType: "purl",
              referenceLocator: purl,
            },
          ],
    annotations: item.properties.map(([name, value]) => ({
      annotationType: "OTHER",
      annotator: tool(settings),
      annotationDate: settings.timestamp,
      comment: `postern:${name}=${value}`,
    })),
  })
}

function purposeOf({ node, purl }: Item): string {
  if (node.kind === "schema") return "FILE"
  if (node.kind === "registry" || node.kind === "model") return "OTHER"
  return purl?.startsWith("pkg:oci/") ? "CONTAINER" : "APPLICATION"
}

const licenseWords = (license: License | undefined): string => {
  switch (license?.kind) {
    case undefined:
      return none
    case "id":
      return license.id
    case "expression":
      return license.expression
    case "name":
      return refOf(license.name)
  }
}

const refOf = (name: string): string => `LicenseRef-${plain(name)}`

/** What the document's own license ids stand for: the words that were written, for there is no other text. */
function extractedLicenses(items: readonly Item[]): readonly JsonObject[] {
  const texts = new Map<string, string>()
  for (const { license } of items) {
    if (license?.kind === "name") texts.set(refOf(license.name), license.name)
    if (license?.kind === "expression")
      for (const ref of license.refs) if (ref.startsWith("LicenseRef-")) texts.set(ref, ref)
  }
  return [...texts]
    .sort(([left], [right]) => compareText(left, right))
    .map(([licenseId, extractedText]) => ({ licenseId, extractedText, name: extractedText }))
}

/** One for each edge, and none the other way round: a server that contains its tools would close a circle. */
function relationships(edges: readonly Edge[], ids: Ids): readonly JsonObject[] {
  return edges
    .map((edge) => ({
      spdxElementId: ids.get(edge.from) ?? "",
      relationshipType: edge.why === "registers" ? "CONTAINS" : "DEPENDS_ON",
      relatedSpdxElement: ids.get(edge.to) ?? "",
      ...(edge.why !== "registers" && { comment: why(edge) }),
    }))
    .sort(
      (left, right) =>
        compareText(left.spdxElementId, right.spdxElementId) ||
        compareText(left.relationshipType, right.relationshipType) ||
        compareText(left.relatedSpdxElement, right.relatedSpdxElement) ||
        compareText(left.comment ?? "", right.comment ?? ""),
    )
}

const why = ({ why: reason, skill }: Edge): string =>
  skill === undefined ? reason : `${reason} skill=${skill}`
