import { join } from "node:path"
import { goldenFiles } from "../../golden.ts"
import { graphIn, sbomOf, specs } from "../../support/sbom.ts"

// A file is named after a format and its version: a registry above, its SBOM below, byte for byte.
goldenFiles(join(import.meta.dirname, "../../golden/sbom"), (input, name) => {
  const spec = specs.find((one) => name.endsWith(`-${one}`)) ?? "1.7"
  return sbomOf(graphIn(input, "acme-registry"), spec)
})
