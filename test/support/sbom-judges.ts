import { readFileSync } from "node:fs"
import { Spec as CycloneDx, Validation } from "@cyclonedx/cyclonedx-library"
import { Ajv2020 } from "ajv/dist/2020.js"
import ajvFormats from "ajv-formats"
import { PackageURL } from "packageurl-js"
import parseLicense from "spdx-expression-parse"
import type { Spec } from "../../src/portable/sbom/print/print.ts"
import type { Mutable } from "./registries.ts"
import { spdx23 } from "./spdx-2-3.ts"

const ajv = new Ajv2020({ strict: false, validateSchema: false, allErrors: false })
ajvFormats.default(ajv)
const isSpdx23 = ajv.compile(official("2.3"))
/** What the official schema leaves to its text: forms of ids, times and creators. */
const isStrictSpdx23 = ajv.compile(spdx23)
const isSpdx3 = ajv.compile(official("3.0.1"))
const cyclonedx = {
  "1.7": new Validation.JsonStrictValidator(CycloneDx.Version.v1dot7),
  "1.6": new Validation.JsonStrictValidator(CycloneDx.Version.v1dot6),
}

function official(version: string): object {
  const file = new URL(`../fixtures/sbom/spdx-${version}.schema.json`, import.meta.url)
  const { $schema: _, ...schema } = JSON.parse(readFileSync(file, "utf8")) // drafts without the difference that it makes
  return schema
}

/** What outside judges have against an SBOM, by the official schema of each format; nothing when it is sound. */
export async function judged(text: string, spec: Spec): Promise<unknown> {
  const document: Mutable = JSON.parse(text)
  if (spec === "1.7" || spec === "1.6") return (await cyclonedx[spec].validate(text)) ?? undefined
  for (const isValid of spec === "2.3" ? [isSpdx23, isStrictSpdx23] : [isSpdx3])
    if (!isValid(document)) return isValid.errors
  return undefined
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
