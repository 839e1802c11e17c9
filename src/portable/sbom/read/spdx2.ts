import type { Json } from "../../../registry/model.ts"
import { step } from "../../../registry/normalise/pointer.ts"
import type { Bom, Entry } from "./bom.ts"
import { listIn, textIn, textsIn, unknownIn } from "./json.ts"

const members =
  "spdxVersion dataLicense SPDXID name documentNamespace creationInfo documentDescribes hasExtractedLicensingInfos packages relationships"

export function readSpdx2(json: Json): Bom {
  const relationships = listIn(json, "relationships").map((one) => ({
    from: textIn(one, "spdxElementId") ?? "",
    type: textIn(one, "relationshipType"),
    to: textIn(one, "relatedSpdxElement") ?? "",
  }))
  const creation = step(json, "creationInfo")
  const tools = textsIn(creation, "creators").filter((creator) => creator.startsWith(tool))
  const described = textsIn(json, "documentDescribes")
  return {
    spec: "2.3",
    timestamp: textIn(creation, "created"),
    toolVersion: tools[0]?.slice(tool.length),
    root: described[0] ?? "",
    entries: listIn(json, "packages").map(readPackage),
    links: relationships
      .filter(({ type }) => type !== "DESCRIBES")
      .map(({ from, to }) => ({ from, to })),
    mentions: [
      ...described.map((id) => ({ where: "documentDescribes", id })),
      ...relationships
        .filter(({ type }) => type === "DESCRIBES")
        .flatMap(({ from, to }) => [from, to].map((id) => ({ where: "DESCRIBES", id }))),
    ],
    others: [textIn(json, "SPDXID") ?? ""],
    listed: undefined,
    unknown: unknownIn(json, members.split(" ")),
  }
}

const tool = "Tool: postern-"

function readPackage(entry: Json): Entry {
  const hashes = listIn(entry, "checksums").filter((one) => textIn(one, "algorithm") === "SHA256")
  const purl = listIn(entry, "externalRefs").find((one) => textIn(one, "referenceType") === "purl")
  return {
    id: textIn(entry, "SPDXID") ?? "",
    kind: annotation(entry, "postern:kind=") ?? "",
    name: textIn(entry, "name") ?? "",
    version: textIn(entry, "versionInfo"),
    digest: annotation(entry, "postern:digest="),
    hashes: hashes.map((hash) => textIn(hash, "checksumValue") ?? ""),
    purl: textIn(purl, "referenceLocator"),
  }
}

function annotation(entry: Json, prefix: string): string | undefined {
  const comments = listIn(entry, "annotations").map((one) => textIn(one, "comment"))
  return comments.find((comment) => comment?.startsWith(prefix))?.slice(prefix.length)
}
