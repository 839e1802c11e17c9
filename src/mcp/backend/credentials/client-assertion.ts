import { constants, createPrivateKey, type KeyObject, randomUUID, sign } from "node:crypto"

/** A private key that can sign client assertions, and how. */
export interface SigningKey {
  readonly key: KeyObject
  readonly algorithm: string
}

interface Signature {
  readonly kind: "rsa" | "ec" | "ed25519"
  readonly digest: "sha256" | "sha384" | "sha512" | null
  /** Of an elliptic curve, as Node names it. */
  readonly curve?: string
  readonly isPss?: true
}

/** JWA (RFC 7518 §3, RFC 8037): asymmetric algorithms only. */
const signatures: Readonly<Record<string, Signature>> = {
  RS256: { kind: "rsa", digest: "sha256" },
  RS384: { kind: "rsa", digest: "sha384" },
  RS512: { kind: "rsa", digest: "sha512" },
  PS256: { kind: "rsa", digest: "sha256", isPss: true },
  PS384: { kind: "rsa", digest: "sha384", isPss: true },
  PS512: { kind: "rsa", digest: "sha512", isPss: true },
  ES256: { kind: "ec", digest: "sha256", curve: "prime256v1" },
  ES384: { kind: "ec", digest: "sha384", curve: "secp384r1" },
  ES512: { kind: "ec", digest: "sha512", curve: "secp521r1" },
  EdDSA: { kind: "ed25519", digest: null },
}

export const assertionAlgorithms = Object.keys(signatures)

/**
 * The private key that a text holds, as PEM or JWK, and the algorithm to sign with: the wanted one, or the first that the
 * key is made for. Throws an Error, without a word of the text, for what is no such key.
 */
export function readSigningKey(text: string, wanted: string | undefined): SigningKey {
  const key = parseKey(text)
  if (key === undefined) throw new Error("it holds no private key in PEM or JWK form")
  const able = assertionAlgorithms.filter((algorithm) => fits(key, algorithm))
  const algorithm = wanted ?? able[0]
  if (algorithm === undefined || !able.includes(algorithm)) {
    throw new Error(
      `the key is ${describe(key)}, which signs ${able.join(", ") || "nothing that is known here"}`,
    )
  }
  return { key, algorithm }
}

/** Undefined for anything else. The parser's error is dropped because it may quote the text. */
function parseKey(text: string): KeyObject | undefined {
  try {
    return text.trimStart().startsWith("{")
      ? createPrivateKey({ key: JSON.parse(text), format: "jwk" })
      : createPrivateKey(text)
  } catch {
    return undefined
  }
}

function fits(key: KeyObject, algorithm: string): boolean {
  const signature = signatures[algorithm]
  if (signature === undefined || signature.kind !== key.asymmetricKeyType) return false
  const { modulusLength = 0, namedCurve } = key.asymmetricKeyDetails ?? {}
  return signature.kind === "rsa" ? modulusLength >= 2_048 : signature.curve === namedCurve
}

const describe = ({ asymmetricKeyDetails, asymmetricKeyType }: KeyObject): string =>
  [asymmetricKeyType, asymmetricKeyDetails?.namedCurve, asymmetricKeyDetails?.modulusLength]
    .filter((part) => part !== undefined)
    .join(" ")

const livesSeconds = 60

/** `client_assertion` of RFC 7523 §3: who we are, to whom we say so, once and for a minute. */
export function clientAssertion(
  { key, algorithm }: SigningKey,
  said: {
    readonly clientId: string
    readonly audience: string
    readonly keyId: string | undefined
  },
): string {
  const { audience, clientId, keyId } = said
  const iat = Math.floor(Date.now() / 1_000)
  const header = { alg: algorithm, typ: "JWT", ...(keyId !== undefined && { kid: keyId }) }
  const claims = {
    iss: clientId,
    sub: clientId,
    aud: audience,
    iat,
    exp: iat + livesSeconds,
    jti: randomUUID(),
  }
  const text = `${part(header)}.${part(claims)}`
  return `${text}.${signed(text, key, algorithm)}`
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url")

function signed(text: string, key: KeyObject, algorithm: string): string {
  const { digest = null, isPss } = signatures[algorithm] ?? {}
  const padding = isPss
    ? { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
    : {}
  const how = { key, dsaEncoding: "ieee-p1363" as const, ...padding }
  return sign(digest, Buffer.from(text), how).toString("base64url")
}
