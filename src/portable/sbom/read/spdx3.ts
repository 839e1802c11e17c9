import type { Json } from "../../../registry/model.ts"
import type { Bom, Entry } from "./bom.ts"
import { listIn, textIn, textsIn, unknownIn } from "./json.ts"

export function readSpdx3(json: Json): Bom {
  const elements = listIn(json, "@graph")
  const ofType = (type: string) => elements.filter((one) => textIn(one, "type") === type)
  const [creation] = ofType("CreationInfo")
  const [tool] = ofType("Tool")
  const [sbom] = ofType("software_Sbom")
  const packages = ofType("software_Package")
  const relations = elements.filter((one) => textIn(one, "relationshipType") !== undefined)
  return {
    spec: "3.0.1",
    timestamp: textIn(creation, "created"),
    toolVersion: textIn(tool, "name")?.replace("postern-", ""),
    root: textsIn(sbom, "rootElement")[0] ?? "",
    entries: packages.map(readPackage),
    links: relations.filter(isNeed).flatMap(targetsOf),
    mentions: [
      ...elements.flatMap((one) => mentionsIn(one)),
      ...relations
        .filter((one) => !isNeed(one))
        .flatMap(targetsOf)
        .flatMap(({ from, to }) => [from, to].map((id) => ({ where: "Relationship", id }))),
    ],
    others: elements
      .filter((one) => textIn(one, "type") !== "software_Package")
      .map((one) => textIn(one, "spdxId") ?? textIn(one, "@id") ?? ""),
    listed: undefined,
    unknown: unknownIn(json, ["@context", "@graph"]),
  }
}

const isNeed = (relation: Json): boolean =>
  ["contains", "dependsOn"].includes(textIn(relation, "relationshipType") ?? "")

const targetsOf = (relation: Json) =>
  textsIn(relation, "to").map((to) => ({ from: textIn(relation, "from") ?? "", to }))

/** What an element refers to, besides what a relationship relates. */
const mentionsIn = (element: Json) => [
  ...["suppliedBy", "creationInfo", "dataLicense"].flatMap((where) => {
    const id = textIn(element, where)
    return id === undefined ? [] : [{ where, id }]
  }),
  ...["element", "rootElement", "createdBy", "createdUsing"].flatMap((where) =>
    textsIn(element, where).map((id) => ({ where, id })),
  ),
]

function readPackage(element: Json): Entry {
  const hashes = listIn(element, "verifiedUsing").filter(
    (hash) => textIn(hash, "algorithm") === "sha256",
  )
  return {
    id: textIn(element, "spdxId") ?? "",
    kind: property(element, "postern:kind") ?? "",
    name: textIn(element, "name") ?? "",
    version: textIn(element, "software_packageVersion"),
    digest: property(element, "postern:digest"),
    hashes: hashes.map((hash) => textIn(hash, "hashValue") ?? ""),
    purl: textIn(element, "software_packageUrl"),
  }
}

function property(element: Json, name: string): string | undefined {
  const properties = listIn(element, "extension").flatMap((one) =>
    listIn(one, "extension_cdxProperty"),
  )
  const found = properties.find((one) => textIn(one, "extension_cdxPropName") === name)
  return textIn(found, "extension_cdxPropValue")
}
