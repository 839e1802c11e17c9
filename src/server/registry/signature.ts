import { createPublicKey } from "node:crypto"
import { readFile } from "node:fs/promises"
import type { FlattenedVerifyGetKey, JSONWebKeySet } from "jose"
import { decodeProtectedHeader } from "jose/decode/protected_header"
import { JOSEError } from "jose/errors"
import { createLocalJWKSet } from "jose/jwks/local"
import { flattenedVerify } from "jose/jws/flattened/verify"
import { usableKeys } from "../../call/identity/usable-keys.ts"
import type { SignatureCheck } from "../../store/http/fetch-document.ts"
import type { SignatureConfig } from "../config/config.ts"

/** Clocks differ; what was signed later than this from now would keep every later document out. */
const aheadMaxMs = 5 * 60_000

/**
 * Detached signatures of the registry document (RFC 7515 appendix F; with `b64: false`, RFC 7797). The algorithms and the
 * keys are the operator's: whatever else a signature names, such as `jku` or `jwk`, is not looked at. Its `iat`, in the
 * protected header, says when it was made; without it an old document with its old signature would pass for a new one.
 */
export const signatureCheck = ({
  algorithms,
  header,
  keys,
  url,
}: SignatureConfig): SignatureCheck => ({
  url,
  header,
  async verify(bytes, signature) {
    const jws = detached(signature)
    const { b64, iat } = readHeader(jws.protected)
    if (typeof iat !== "number" || !(iat > 0)) throw new Error("its header has no iat")
    if (iat * 1_000 > Date.now() + aheadMaxMs) throw new Error("its iat is in the future")
    const keySet = await readKeys(keys)
    const payload = b64 === false ? bytes : Buffer.from(bytes).toString("base64url")
    try {
      await flattenedVerify({ ...jws, payload }, keySet, { algorithms: [...algorithms] })
    } catch (error) {
      throw new Error(wordsOf(error), { cause: error })
    }
    return { signedAtMs: iat * 1_000 }
  },
})

/** `HEADER..SIGNATURE` */
function detached(text: string): { readonly protected: string; readonly signature: string } {
  const [header = "", payload, signature = "", ...rest] = text.split(".")
  const isDetached = payload === "" && rest.length === 0 && header !== "" && signature !== ""
  if (isDetached) return { protected: header, signature }
  throw new Error("it is no detached JWS, which reads HEADER..SIGNATURE")
}

function readHeader(header: string): Readonly<Record<string, unknown>> {
  try {
    return decodeProtectedHeader({ protected: header })
  } catch (cause) {
    throw new Error("its header cannot be read", { cause })
  }
}

async function readKeys(file: string): Promise<FlattenedVerifyGetKey> {
  try {
    const text = await readFile(file, "utf8")
    if (text.includes("-----BEGIN")) return fromPem(text)
    const { keys } = usableKeys(text)
    return createLocalJWKSet({ keys } as JSONWebKeySet) // usableKeys has looked at each of them
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`the keys in ${file} cannot be used: ${reason}`, { cause })
  }
}

/** The one key there is, whatever a signature calls it. */
function fromPem(text: string): FlattenedVerifyGetKey {
  if (text.includes("PRIVATE KEY"))
    throw new Error("it is a private key; only its owner needs that")
  const key = createPublicKey(text)
  return () => key
}

/** Errors of jose hold nothing of the key. */
function wordsOf(error: unknown): string {
  if (error instanceof JOSEError) {
    if (error.code === "ERR_JOSE_ALG_NOT_ALLOWED")
      return "its algorithm is none of registry.signature.algorithms"
    if (error.code === "ERR_JWS_SIGNATURE_VERIFICATION_FAILED")
      return "the signature is not that of this document"
    if (error.code === "ERR_JWKS_NO_MATCHING_KEY") return "it names a key that is not known"
    return `${error.code} ${error.message}`
  }
  return error instanceof Error ? error.message : String(error)
}
