import { readFileSync, statSync } from "node:fs"
import type { Bom } from "../../portable/sbom/read/bom.ts"
import { readBom } from "../../portable/sbom/read/read-bom.ts"
import type { Json } from "../../schema/json.ts"

/** A larger file is not read: an SBOM of ten thousand tools is a tenth of that. */
const bytesMax = 512 * 1024 * 1024

export type BomFile =
  | { readonly ok: true; readonly json: Json; readonly bom: Bom }
  /** Begins with the file's name. */
  | { readonly ok: false; readonly message: string }

/** An SBOM that Postern wrote, in any of its formats. */
export function readBomFile(file: string): BomFile {
  try {
    if (statSync(file).size > bytesMax) return refused(file, "it is larger than 512 MiB")
    const json: Json = JSON.parse(readFileSync(file, "utf8"))
    const bom = readBom(json)
    if (bom !== undefined) return { ok: true, json, bom }
    return refused(file, "it is not CycloneDX 1.7 or 1.6, nor SPDX 2.3 or 3.0.1, in JSON")
  } catch (error) {
    return refused(file, error instanceof Error ? error.message : String(error))
  }
}

const refused = (file: string, reason: string): BomFile => ({
  ok: false,
  message: `${file} cannot be read as an SBOM: ${reason}`,
})
