import type { Json } from "../../../registry/model.ts"
import { step } from "../../../registry/normalise/pointer.ts"
import type { CycloneDxVersion } from "../print/cyclonedx.ts"
import type { Bom, Entry, Mention } from "./bom.ts"
import { listIn, textIn, textsIn, unknownIn } from "./json.ts"

const members =
  "$schema bomFormat specVersion serialNumber version metadata components services dependencies compositions"

export function readCyclonedx(json: Json, spec: CycloneDxVersion): Bom {
  const metadata = step(json, "metadata")
  const component = step(metadata, "component")
  const root = component === undefined ? [] : [component]
  const entries = [...root, ...listIn(json, "components"), ...listIn(json, "services")]
  const dependencies = listIn(json, "dependencies")
  const [tool] = listIn(step(metadata, "tools"), "components")
  return {
    spec,
    timestamp: textIn(metadata, "timestamp"),
    toolVersion: textIn(tool, "version"),
    root: textIn(component, "bom-ref") ?? "",
    entries: entries.map(readEntry),
    links: dependencies.flatMap((entry) =>
      textsIn(entry, "dependsOn").map((to) => ({ from: textIn(entry, "ref") ?? "", to })),
    ),
    mentions: [...mentionsIn("provides", dependencies), ...compositions(json)],
    others: [],
    listed: dependencies.map((entry) => textIn(entry, "ref") ?? ""),
    unknown: unknownIn(json, members.split(" ")),
  }
}

const mentionsIn = (key: string, holders: readonly Json[]): readonly Mention[] =>
  holders.flatMap((holder) => textsIn(holder, key).map((id) => ({ where: key, id })))

const compositions = (json: Json): readonly Mention[] =>
  ["assemblies", "dependencies"].flatMap((key) => mentionsIn(key, listIn(json, "compositions")))

function readEntry(entry: Json): Entry {
  const group = textIn(entry, "group")
  const name = textIn(entry, "name") ?? ""
  const kind = property(entry, "postern:kind") ?? ""
  const hashes = listIn(entry, "hashes").filter((hash) => textIn(hash, "alg") === "SHA-256")
  return {
    id: textIn(entry, "bom-ref") ?? "",
    kind,
    name: kind === "package" && group !== undefined ? `${group}/${name}` : name,
    version: textIn(entry, "version"),
    digest: property(entry, "postern:digest"),
    hashes: hashes.map((hash) => textIn(hash, "content") ?? ""),
    purl: textIn(entry, "purl"),
  }
}

function property(entry: Json, name: string): string | undefined {
  const found = listIn(entry, "properties").find((one) => textIn(one, "name") === name)
  return textIn(found, "value")
}
