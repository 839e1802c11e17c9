import { generateKeyPairSync, type KeyObject } from "node:crypto"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { FlattenedSign, type JWSHeaderParameters } from "jose"
import { describe, expect, onTestFinished, test } from "vitest"
import { signatureCheck } from "../../../src/server/registry/signature.ts"
import { makeKey } from "../../support/issuer.ts"

type Key = Awaited<ReturnType<typeof makeKey>>

const document = Buffer.from('{"schemaVersion":"2.0"}\n')
const now = () => Math.floor(Date.now() / 1_000)

describe("a detached signature", () => {
  test.each([
    ["with its payload encoded (RFC 7515)", {}],
    ["with its payload as it is (RFC 7797)", { b64: false, crit: ["b64"] }],
  ])("%s holds for the document that was signed, and says when", async (_, more) => {
    const key = await makeKey("k1")
    const iat = now()
    const signature = await sign(key, { iat, ...more })
    const check = checkWith({ keys: [key.jwk] })
    expect(await check.verify(document, signature)).toEqual({ signedAtMs: iat * 1_000 })
    const other = Buffer.from(String(document).replace("2.0", "2.1"))
    await expect(check.verify(other, signature)).rejects.toThrow("not that of this document")
  })

  test("may be made with a key that is known in PEM", async () => {
    const { privateKey, publicKey } = generateKeyPairSync("ed25519")
    const pem = publicKey.export({ type: "spki", format: "pem" })
    const signature = await sign({ privateKey }, { alg: "EdDSA", iat: now() })
    expect(await checkWith(pem).verify(document, signature)).toBeDefined()
    const secret = privateKey.export({ type: "pkcs8", format: "pem" })
    await expect(checkWith(secret).verify(document, signature)).rejects.toThrow("private key")
  })

  test.each<[string, (key: Key) => string | Promise<string>, string]>([
    ["is no JWS", () => "hush", "HEADER..SIGNATURE"],
    ["has its payload inside", () => "e30.e30.e30", "HEADER..SIGNATURE"],
    ["has a header that is none", () => "e3.. e30".replace(" ", ""), "header cannot be read"],
    ["has no time", (key) => sign(key, {}), "has no iat"],
    ["is from tomorrow", (key) => sign(key, { iat: now() + 86_400 }), "in the future"],
    [
      "was made by nobody known",
      async () => sign(await makeKey("k2"), { iat: now(), kid: "k2" }),
      "not known",
    ],
    [
      "was made by another with that name",
      async () => sign(await makeKey("k1"), { iat: now() }),
      "not that of this document",
    ],
    [
      "brings its own key",
      async (key) => sign(await makeKey("k1"), { iat: now(), jwk: key.jwk }),
      "not that of this document",
    ],
    [
      "has an algorithm that is not accepted",
      async () => sign(await makeKey("k1", "RS256"), { alg: "RS256", iat: now() }),
      "none of registry.signature.algorithms",
    ],
    [
      "is not signed at all",
      () => `${part({ alg: "none", iat: now() })}..e30`,
      "none of registry.signature.algorithms",
    ],
    [
      "is keyed with what everybody knows",
      () => `${part({ alg: "HS256", iat: now() })}..e30`,
      "none of registry.signature.algorithms",
    ],
    [
      "asks for what nobody understands",
      () => `${part({ alg: "ES256", iat: now(), crit: ["x"], x: 1 })}..e30`,
      "ERR_",
    ],
  ])("does not hold when it %s", async (_, make, words) => {
    const key = await makeKey("k1")
    const check = checkWith({ keys: [key.jwk] })
    await expect(check.verify(document, await make(key))).rejects.toThrow(words)
  })

  test.each([
    ["are not there", undefined],
    ["are none", "{}"],
    ["are secret", { keys: [{ kty: "oct", k: "hush-hush" }] }],
  ])("cannot be looked at when the keys %s, and the words say nothing of them", async (_, keys) => {
    const signature = await sign(await makeKey("k1"), { iat: now() })
    const failed = checkWith(keys).verify(document, signature)
    await expect(failed).rejects.toThrow(/the keys in .* cannot be used/)
    await expect(failed).rejects.not.toThrow("hush")
  })
})

const part = (header: object) => Buffer.from(JSON.stringify(header)).toString("base64url")

async function sign(
  key: { readonly privateKey: Key["privateKey"] | KeyObject },
  more: JWSHeaderParameters & { iat?: number },
): Promise<string> {
  const header = { alg: "ES256", kid: "k1", ...more }
  const jws = await new FlattenedSign(document).setProtectedHeader(header).sign(key.privateKey)
  return `${jws.protected}..${jws.signature}`
}

function checkWith(keys: object | string | Buffer | undefined) {
  const folder = mkdtempSync(join(tmpdir(), "postern-keys-"))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  const file = join(folder, "keys")
  const isText = typeof keys === "string" || Buffer.isBuffer(keys)
  if (keys !== undefined) writeFileSync(file, isText ? keys : JSON.stringify(keys))
  return signatureCheck({
    keys: file,
    algorithms: ["ES256", "EdDSA"],
    url: "https://a.example/registry.json.jws",
    header: "x-jws-signature",
  })
}
