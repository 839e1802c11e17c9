import fc from "fast-check"
import { PackageURL } from "packageurl-js"
import parseLicense from "spdx-expression-parse"
import { describe, expect, test } from "vitest"
import { readPurl, writePurl } from "../../../src/portable/graph/purl.ts"
import { uuidOf } from "../../../src/portable/sbom/ids.ts"
import { readLicense } from "../../../src/portable/sbom/license.ts"
import known from "../../../src/portable/sbom/license-ids.json" with { type: "json" }
import { graphIn, sbomOf } from "../../support/sbom.ts"
import { judged } from "../../support/sbom-judges.ts"

describe("A licence", () => {
  test.each([
    ["MIT", { kind: "id", id: "MIT" }],
    ["apache-2.0", { kind: "id", id: "Apache-2.0" }],
    [
      "MIT or (apache-2.0 AND BSD-3-Clause)",
      { kind: "expression", expression: "MIT OR (Apache-2.0 AND BSD-3-Clause)", refs: [] },
    ],
    [
      "GPL-2.0+ with classpath-exception-2.0",
      { kind: "expression", expression: "GPL-2.0+ WITH Classpath-exception-2.0", refs: [] },
    ],
    [
      "LicenseRef-Acme",
      { kind: "expression", expression: "LicenseRef-Acme", refs: ["LicenseRef-Acme"] },
    ],
    ["Proprietary", { kind: "name", name: "Proprietary" }],
    ["MIT OR", { kind: "name", name: "MIT OR" }],
    ["(MIT", { kind: "name", name: "(MIT" }],
    ["MIT Apache-2.0", { kind: "name", name: "MIT Apache-2.0" }],
    ["MIT WITH nothing", { kind: "name", name: "MIT WITH nothing" }],
    ["constructor", { kind: "name", name: "constructor" }],
    ["", { kind: "name", name: "" }],
    [`${"(".repeat(10_000)}MIT`, { kind: "name", name: `${"(".repeat(10_000)}MIT` }],
  ])("that is written %j has one meaning", (text, license) => {
    expect(readLicense(text)).toEqual(license)
  })

  test("that is on the list is one for other parsers, and for the schemas of CycloneDX", async () => {
    for (const id of known.licenses) expect(() => parseLicense(id)).not.toThrow()
    for (const one of known.exceptions)
      expect(() => parseLicense(`GPL-2.0-only WITH ${one}`)).not.toThrow()
    const document = JSON.parse(sbomOf(graphIn({ schemaVersion: "2.0", tools: [] }), "1.6"))
    document.metadata.component.licenses = known.licenses.map((id) => ({ license: { id } }))
    for (const spec of ["1.6", "1.7"] as const) {
      const $schema = `http://cyclonedx.org/schema/bom-${spec}.schema.json`
      const text = JSON.stringify({ ...document, $schema, specVersion: spec })
      expect(await judged(text, spec)).toBeUndefined()
    }
  })
})

describe("A package URL", () => {
  test.each([
    ["pkg:npm/%40acme/server@1.2.3", "pkg:npm/%40acme/server@1.2.3"],
    ["pkg:npm/@acme/server@1.2.3", "pkg:npm/%40acme/server@1.2.3"],
    ["pkg:NPM/left-pad", "pkg:npm/left-pad"],
    [
      "pkg:docker/x@sha256%3Aab?repository_url=u:p@ghcr.io/acme?x",
      "pkg:docker/x@sha256:ab?repository_url=ghcr.io%2Facme",
    ],
    ["pkg:npm/a@1?token=secret&arch=x64#path", "pkg:npm/a@1?arch=x64"],
    ["pkg:npm/a@1?download_url=https://u:p@x", "pkg:npm/a@1"],
    ["pkg:golang/github.com/a/b@v1.0.0", "pkg:golang/github.com/a/b@v1.0.0"],
  ])("that is written %j is published as %j", (text, published) => {
    const made = readPurl(text)?.text
    expect(made).toBe(published)
    expect(PackageURL.fromString(made ?? "").name).toBe(readPurl(text)?.name)
  })

  test.each([
    "",
    "npm/a",
    "pkg:",
    "pkg:npm",
    "pkg:npm/",
    "pkg:npm/a@",
    "pkg:npm/a//b",
    "pkg:npm/%E0%A4%A",
    "pkg:n m/a",
  ])("is not %j", (text) => {
    expect(readPurl(text)).toBeUndefined()
  })

  test("that is written is read back by others as it was meant", () => {
    const segment = fc
      .stringMatching(/^[A-Za-z0-9_.+ äß%@/:-]{1,20}$/)
      .filter((text) => !/^\.+$|^ | $|\//.test(text))
    fc.assert(
      fc.property(segment, segment, segment, (namespace, name, version) => {
        const read = PackageURL.fromString(writePurl({ type: "generic", namespace, name, version }))
        expect([read.namespace, read.name, read.version]).toEqual([namespace, name, version])
      }),
    )
  })
})

test("a serial number is the UUID of its name (RFC 9562, appendix A.4 uses another namespace)", () => {
  // `python3 -c 'import uuid; print(uuid.uuid5(uuid.NAMESPACE_URL, "postern:sha256:0"))'`
  expect(uuidOf("postern:sha256:0")).toBe("ed15fbb9-e5d8-5040-a805-f7f9dd50791e")
  expect(uuidOf("postern:sha256:0#a")).not.toBe(uuidOf("postern:sha256:0"))
})
