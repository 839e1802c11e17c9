import { isObject, type JsonObject } from "../../schema/json.ts"

export interface UsableKeys {
  readonly keys: readonly JsonObject[]
  /** What was left out, and why; never key material. */
  readonly dropped: readonly string[]
}

const textLengthMax = 1_048_576
const rsaBitsMin = 2_048

/**
 * The public signature keys of a JSON Web Key Set (RFC 7517). Throws an Error for what is not a key set, for one
 * without a usable key, and for one of several keys of which one has no `kid`: it would be a guess which key a token
 * means.
 */
export function usableKeys(text: string): UsableKeys {
  if (text.length > textLengthMax) throw new Error("the key set is too long")
  const set: unknown = JSON.parse(text)
  const all = isObject(set) ? set["keys"] : undefined
  if (!Array.isArray(all)) throw new Error("no JSON Web Key Set: it has no `keys`")
  const found = all.map((key, index) => ({ key, index, fault: faultOf(key) }))
  const dropped = found.flatMap(({ index, fault }) => (fault ? [`key ${index} ${fault}`] : []))
  const keys = found.flatMap(({ key, fault }) =>
    fault === undefined && isObject(key) ? [key] : [],
  )
  if (keys.length === 0) throw new Error(["no usable key in the set", ...dropped].join("; "))
  if (keys.length > 1 && keys.some(({ kid }) => typeof kid !== "string")) {
    throw new Error("several keys, and one has no `kid`")
  }
  return { keys, dropped }
}

function faultOf(key: unknown): string | undefined {
  if (!isObject(key)) return "is no object"
  if (!["RSA", "EC", "OKP"].includes(String(key["kty"]))) return "is no public key"
  if ("d" in key) return "is a private key"
  if (key["use"] !== undefined && key["use"] !== "sig") return "is not for signatures"
  if (key["kty"] === "RSA" && bits(key["n"]) < rsaBitsMin)
    return `has fewer than ${rsaBitsMin} bits`
  return
}

function bits(modulus: unknown): number {
  const bytes = Buffer.from(typeof modulus === "string" ? modulus : "", "base64url")
  const first = bytes.findIndex((byte) => byte !== 0)
  const leading = bytes[first]
  return leading === undefined ? 0 : (bytes.length - first) * 8 - (Math.clz32(leading) - 24)
}
