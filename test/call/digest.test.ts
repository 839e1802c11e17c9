import { createHash, createHmac } from "node:crypto"
import { expect, test } from "vitest"
import { createDigest } from "../../src/call/digest.ts"
import { parseExact } from "../../src/schema/parse-exact.ts"

test("a digest is SHA-256 over the JSON text, with its length in bytes", () => {
  const digest = createDigest({ mode: "digest", key: undefined })
  const text = '{"q":"é"}'
  const expected = createHash("sha256").update(text).digest("hex")
  expect(digest({ q: "é" })).toEqual({
    text,
    digested: { digest: `sha256:${expected}`, bytes: 10 },
  })
})

test("a digest with a key cannot be made without it", () => {
  const digest = createDigest({ mode: "digest", key: "k" })
  const expected = createHmac("sha256", "k").update('{"q":1}').digest("hex")
  expect(digest({ q: 1 })?.digested).toEqual({ digest: `hmac-sha256:${expected}`, bytes: 7 })
})

test("nothing is said of what is absent, or where nothing is to be said", () => {
  expect(createDigest({ mode: "digest", key: undefined })(undefined)).toBeUndefined()
  expect(createDigest({ mode: "none", key: "k" })({ q: 1 })).toBeUndefined()
})

test("a digest is over the digits that are sent", () => {
  const digest = createDigest({ mode: "digest", key: undefined })
  const { exact } = parseExact("[12345678901234567890]")
  expect(digest(exact)?.digested.bytes).toBe(22)
})
