import type { Json } from "../../../registry/model.ts"
import type { Bom } from "./bom.ts"
import { readCyclonedx } from "./cyclonedx.ts"
import { textIn } from "./json.ts"
import { readSpdx2 } from "./spdx2.ts"
import { readSpdx3 } from "./spdx3.ts"

/** Reads an SBOM in any of the formats that are written. Undefined for anything else. */
export function readBom(json: Json): Bom | undefined {
  const version = textIn(json, "specVersion")
  if (textIn(json, "bomFormat") === "CycloneDX")
    return version === "1.7" || version === "1.6" ? readCyclonedx(json, version) : undefined
  if (textIn(json, "spdxVersion") === "SPDX-2.3") return readSpdx2(json)
  const isLinked = textIn(json, "@context") === "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
  return isLinked ? readSpdx3(json) : undefined
}
