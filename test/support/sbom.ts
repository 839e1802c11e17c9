import type { Graph } from "../../src/portable/graph/graph.ts"
import { graphOf } from "../../src/portable/graph/graph-of.ts"
import { type Extras, inventoryOf } from "../../src/portable/sbom/inventory.ts"
import { printSbom, type Spec } from "../../src/portable/sbom/print/print.ts"
import type { Bom } from "../../src/portable/sbom/read/bom.ts"
import { readBom } from "../../src/portable/sbom/read/read-bom.ts"
import type { SbomSettings } from "../../src/portable/sbom/settings.ts"
import { load } from "./registries.ts"

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
