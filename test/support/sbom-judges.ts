import { readFileSync } from "node:fs"
import { Spec as CycloneDx, Validation } from "@cyclonedx/cyclonedx-library"
import { Ajv2020 } from "ajv/dist/2020.js"
import ajvFormats from "ajv-formats"
import { PackageURL } from "packageurl-js"
import parseLicense from "spdx-expression-parse"
import type { Spec } from "../../src/portable/sbom/print/print.ts"
import type { Mutable } from "./registries.ts"
import { spdx23 } from "./spdx-2-3.ts"

const schemaFile = new URL("../fixtures/sbom/spdx-3.0.1.schema.json", import.meta.url)
const ajv = new Ajv2020({ strict: false, validateSchema: false, allErrors: false })
ajvFormats.default(ajv)
const isSpdx23 = ajv.compile(spdx23)
const isSpdx3 = ajv.compile(JSON.parse(readFileSync(schemaFile, "utf8")))
const cyclonedx = {
  "1.7": new Validation.JsonStrictValidator(CycloneDx.Version.v1dot7),
  "1.6": new Validation.JsonStrictValidator(CycloneDx.Version.v1dot6),
}

/** What outside judges have against an SBOM: of CycloneDX and SPDX 3 the official schemas; nothing when it is sound. */
export async function judged(text: string, spec: Spec): Promise<unknown> {
  const document: Mutable = JSON.parse(text)
  if (spec === "1.7" || spec === "1.6") return (await cyclonedx[spec].validate(text)) ?? undefined
  const isValid = spec === "2.3" ? isSpdx23 : isSpdx3
  return isValid(document) ? undefined : isValid.errors
}

/** Every package URL and every licence expression of an SBOM, read by the parsers that others use; throws for a bad one. */
export function parsedWords(text: string): { readonly purls: number; readonly licenses: number } {
  const purl = /"(?:purl|referenceLocator|software_packageUrl)": ("pkg:[^"]*")/g
  const purls = [...text.matchAll(purl)].map(([, quoted = ""]) => JSON.parse(quoted) as string)
  for (const one of purls) PackageURL.fromString(one)
  const licence = /"(?:licenseDeclared|expression|simplelicensing_licenseExpression)": ("[^"]*")/g
  const licenses = [...text.matchAll(licence)]
    .map(([, quoted = ""]) => JSON.parse(quoted) as string)
    .filter((one) => one !== "NOASSERTION")
  for (const one of licenses) parseLicense(one)
  return { purls: purls.length, licenses: licenses.length }
}
