import type { JsonObject } from "../../../registry/model.ts"
import type { Inventory } from "../inventory.ts"
import { cyclonedx } from "./cyclonedx.ts"
import { spdx2 } from "./spdx2.ts"
import { spdx3 } from "./spdx3.ts"

/** The versions of each format that are written; the first is the usual one. */
export const versions = {
  cyclonedx: ["1.7", "1.6"],
  spdx: ["2.3", "3.0.1"],
} as const

export type Spec = (typeof versions)[keyof typeof versions][number]

/** The text of an SBOM: the same bytes for the same inventory. */
export const printSbom = (inventory: Inventory, spec: Spec): string =>
  `${JSON.stringify(sbom(inventory, spec), null, 2)}\n`

function sbom(inventory: Inventory, spec: Spec): JsonObject {
  switch (spec) {
    case "1.7":
    case "1.6":
      return cyclonedx(inventory, spec)
    case "2.3":
      return spdx2(inventory)
    case "3.0.1":
      return spdx3(inventory)
  }
}
