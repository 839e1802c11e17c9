import { X509Certificate } from "node:crypto"
import fc from "fast-check"
import { describe, expect, test } from "vitest"
import { namesIn } from "../../../src/server/tls/client-certificates.ts"
import { certify } from "../../support/certificates.ts"

const namesOf = (sketch: { uris?: string[]; dns?: string[] }) =>
  new X509Certificate(certify({ name: "x", ...sketch }).cert).subjectAltName

const urisIn = (names: string | undefined) => namesIn(names, "URI")

describe("the URIs of a certificate", () => {
  test("are those among its alternative names, as many as there are", () => {
    expect(urisIn(undefined)).toEqual([])
    expect(urisIn(namesOf({ dns: ["a.example"] }))).toEqual([])
    const uris = ["spiffe://example.org/agent/a/1", "https://a.example/?x=1,2"]
    expect(urisIn(namesOf({ uris, dns: ["a.example"] }))).toEqual(uris)
  })

  test("are none of a text that is not understood", () => {
    for (const text of ["URI:a, nonsense", 'URI:a, DNS:"x', "URI:a,URI:b", "URI:a\nURI:b, :", "?"])
      expect([text, urisIn(text)]).toEqual([text, []])
  })

  test("cannot be smuggled in within another name, whatever stands in that", () => {
    const printable = fc.string({ unit: fc.constantFrom(..."aU RI:,\"\\'/;=\n\0é"), maxLength: 20 })
    fc.assert(
      fc.property(fc.array(printable, { maxLength: 3 }), printable, (dns, uri) => {
        const found = urisIn(
          namesOf({ dns: dns.map((name) => `${name}, URI:evil://x`), uris: [uri] }),
        )
        expect(found.length).toBeLessThanOrEqual(1)
        expect(found).not.toContain("evil://x")
      }),
      { numRuns: 60 },
    )
  })
})
