import { readFileSync } from "node:fs"
import { Spec as CycloneDx, Validation } from "@cyclonedx/cyclonedx-library"
import { Ajv2020 } from "ajv/dist/2020.js"
import ajvFormats from "ajv-formats"
import { PackageURL } from "packageurl-js"
import parseLicense from "spdx-expression-parse"
import type { Graph } from "../../src/portable/graph/graph.ts"
import { graphOf } from "../../src/portable/graph/graph-of.ts"
import { type Extras, inventoryOf } from "../../src/portable/sbom/inventory.ts"
import { printSbom, type Spec } from "../../src/portable/sbom/print/print.ts"
import type { Bom } from "../../src/portable/sbom/read/bom.ts"
import { readBom } from "../../src/portable/sbom/read/read-bom.ts"
import type { SbomSettings } from "../../src/portable/sbom/settings.ts"
import { load, type Mutable } from "./registries.ts"
import { spdx23 } from "./spdx-2-3.ts"

export const specs: readonly Spec[] = ["1.7", "1.6", "2.3", "3.0.1"]

const settings: SbomSettings = {
  supplier: { name: "Acme", url: "https://acme.example/", email: "team@acme.example" },
  author: { name: "Acme Platform Team", url: undefined, email: undefined },
  license: "Apache-2.0",
  namespace: "https://acme.example/spdx",
  tlp: "GREEN",
  timestamp: "2026-11-21T00:00:00Z",
  toolVersion: "1.2.3",
}

/** The graph of a document given as text or as a tree. */
export function graphIn(document: unknown, name = "acme"): Graph {
  const { catalog, problems } = load(document, { knobs: { missingEntity: "warn" } })
  if (catalog === undefined) throw new Error(JSON.stringify(problems))
  return graphOf(catalog, { name })
}

export interface Printing {
  readonly around?: string
  readonly settings?: Partial<SbomSettings>
  readonly extras?: Extras
}

export function sbomOf(graph: Graph, spec: Spec, printing: Printing = {}): string {
  const inventory = inventoryOf(graph, printing.around, {
    settings: { ...settings, ...printing.settings },
    extras: printing.extras ?? new Map(),
  })
  return printSbom(inventory, spec)
}

export function bomOf(text: string): Bom {
  const bom = readBom(JSON.parse(text))
  if (bom === undefined) throw new Error("no SBOM")
  return bom
}

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
