/**
 * What SPDX 2.3 asks of a document (https://spdx.github.io/spdx-spec/v2.3/), as JSON Schema and as strictly as its own: no
 * member that it does not name. Only what SBOMs of registries have is here: packages, no files and no snippets.
 */

const text = { type: "string", minLength: 1 }
const id = { type: "string", pattern: "^SPDXRef-[A-Za-z0-9.-]+$" }
const utc = { type: "string", pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$" }
const actor = { type: "string", pattern: "^(?:Person|Organization|Tool): .+$" }
const oneOf = (words: string) => ({ enum: words.split(" ") })
const list = (items: object) => ({ type: "array", items })

const closed = (required: object, optional: object = {}) => ({
  type: "object",
  properties: { ...required, ...optional },
  required: Object.keys(required),
  additionalProperties: false,
})

const checksum = closed({
  algorithm: oneOf(
    "SHA1 SHA224 SHA256 SHA384 SHA512 SHA3-256 SHA3-384 SHA3-512 BLAKE2b-256 BLAKE2b-384 BLAKE2b-512 BLAKE3 MD2 MD4 MD5 MD6 ADLER32",
  ),
  checksumValue: { type: "string", pattern: "^[0-9a-f]+$" },
})

const annotation = closed({
  annotationDate: utc,
  annotationType: oneOf("OTHER REVIEW"),
  annotator: actor,
  comment: text,
})

const externalRef = closed(
  {
    referenceCategory: oneOf("OTHER PERSISTENT-ID SECURITY PACKAGE-MANAGER"),
    referenceType: text,
    referenceLocator: { type: "string", pattern: "^\\S+$" },
  },
  { comment: text },
)

const somebody = { type: "string", pattern: "^(?:NOASSERTION|(?:Person|Organization): .+)$" }

const softwarePackage = closed(
  { SPDXID: id, name: text, downloadLocation: text },
  {
    versionInfo: text,
    packageFileName: text,
    supplier: somebody,
    originator: somebody,
    filesAnalyzed: { type: "boolean" },
    checksums: list(checksum),
    homepage: text,
    sourceInfo: text,
    licenseConcluded: text,
    licenseDeclared: text,
    licenseComments: text,
    copyrightText: text,
    summary: text,
    description: { type: "string" },
    comment: text,
    externalRefs: list(externalRef),
    attributionTexts: list(text),
    annotations: list(annotation),
    primaryPackagePurpose: oneOf(
      "OTHER INSTALL ARCHIVE FIRMWARE APPLICATION FRAMEWORK LIBRARY CONTAINER SOURCE DEVICE OPERATING_SYSTEM FILE",
    ),
    builtDate: utc,
    releaseDate: utc,
    validUntilDate: utc,
  },
)

const relationship = closed(
  {
    spdxElementId: id,
    relationshipType: oneOf(
      "DESCRIBES DESCRIBED_BY CONTAINS CONTAINED_BY DEPENDS_ON DEPENDENCY_OF OTHER",
    ),
    relatedSpdxElement: id,
  },
  { comment: text },
)

const extracted = closed(
  { licenseId: { type: "string", pattern: "^LicenseRef-[A-Za-z0-9.-]+$" }, extractedText: text },
  { name: text, comment: text, seeAlsos: list(text) },
)

export const spdx23 = closed(
  {
    spdxVersion: { const: "SPDX-2.3" },
    dataLicense: { const: "CC0-1.0" },
    SPDXID: { const: "SPDXRef-DOCUMENT" },
    name: text,
    documentNamespace: { type: "string", format: "uri", pattern: "^[^#]+$" },
    creationInfo: closed(
      { created: utc, creators: { ...list(actor), minItems: 1 } },
      { comment: text, licenseListVersion: text },
    ),
    packages: list(softwarePackage),
    relationships: list(relationship),
  },
  {
    comment: text,
    documentDescribes: list(id),
    hasExtractedLicensingInfos: list(extracted),
    annotations: list(annotation),
  },
)
