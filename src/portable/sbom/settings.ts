import type { Party } from "../graph/graph.ts"

/** The words of an SBOM that its registry does not have. */
export interface SbomSettings {
  /** Who supplies what the registry registers, where an entity does not say otherwise. */
  readonly supplier: Party | undefined
  /** Who wrote the SBOM. */
  readonly author: Party | undefined
  /** Of what the registry registers, where an entity does not say otherwise: an SPDX expression, or any words. */
  readonly license: string | undefined
  /** Where SPDX documents get their names: an absolute URI, without a slash at its end. */
  readonly namespace: string
  readonly tlp: Tlp | undefined
  /** `YYYY-MM-DDThh:mm:ssZ` */
  readonly timestamp: string
  /** Of Postern. */
  readonly toolVersion: string
}

export const tlps = ["CLEAR", "GREEN", "AMBER", "AMBER_AND_STRICT", "RED"] as const
/** The Traffic Light Protocol: how far the SBOM may travel. */
export type Tlp = (typeof tlps)[number]

/** What wrote the SBOM. */
export const toolName = "postern"
