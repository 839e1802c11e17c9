import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto"

/** A 256-bit key and the name by which sealed texts say which key opens them. */
export interface SealKey {
  /** Letters, digits, `_` and `-`. */
  readonly kid: string
  readonly key: Uint8Array
}

/** Seals texts for one purpose: what was sealed for another does not open. */
export interface Seal {
  /** `p1.<kid>.<base64url(iv ‖ ciphertext ‖ tag)>`, visible ASCII. */
  seal(text: string): string
  /** The text; undefined for whatever this seal, with one of its keys, did not make. */
  open(sealed: string): string | undefined
}

const ivBytes = 12
const tagBytes = 16
const form = /^p1\.([\w-]{1,64})\.([\w-]{38,})$/

/**
 * AES-256-GCM (NIST SP 800-38D) with a random 96-bit IV. The first key seals; every key opens, so that keys rotate by
 * putting a fresh one in front and dropping the last when what it sealed has expired. `purpose` is authenticated with
 * each text. Throws a RangeError for a key that is not 32 bytes, a TypeError when there is none.
 */
export function createSeal(keys: readonly SealKey[], purpose: string): Seal {
  const [first] = keys
  if (first === undefined) throw new TypeError("a seal needs at least one key")
  for (const { kid, key } of keys) {
    if (key.length !== 32)
      throw new RangeError(`session key ${kid}: expected 32 bytes, got ${key.length}`)
    if (!/^[\w-]{1,64}$/.test(kid))
      throw new RangeError(`session key id ${kid}: expected [A-Za-z0-9_-]`)
  }
  const byKid = new Map(keys.map((entry) => [entry.kid, entry.key]))
  const associated = Buffer.from(purpose)
  return {
    seal(text) {
      const iv = randomBytes(ivBytes)
      const cipher = createCipheriv("aes-256-gcm", first.key, iv).setAAD(associated)
      const sealed = Buffer.concat([
        iv,
        cipher.update(text, "utf8"),
        cipher.final(),
        cipher.getAuthTag(),
      ])
      return `p1.${first.kid}.${sealed.toString("base64url")}`
    },
    open(sealed) {
      const [, kid = "", encoded = ""] = form.exec(sealed) ?? []
      const key = byKid.get(kid)
      return key === undefined ? undefined : decrypted(key, associated, encoded)
    },
  }
}

function decrypted(key: Uint8Array, associated: Buffer, encoded: string): string | undefined {
  const bytes = Buffer.from(encoded, "base64url")
  // Node's decoder ignores stray bits at the end: without this, one token would have several spellings.
  if (bytes.length <= ivBytes + tagBytes || bytes.toString("base64url") !== encoded)
    return undefined
  const end = bytes.length - tagBytes
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(0, ivBytes), {
    authTagLength: tagBytes,
  })
  decipher.setAAD(associated).setAuthTag(bytes.subarray(end))
  const text = decipher.update(bytes.subarray(ivBytes, end))
  try {
    return Buffer.concat([text, decipher.final()]).toString("utf8")
  } catch {
    return undefined // The tag does not fit: forged, torn, or sealed for another purpose. All that is to be known.
  }
}
