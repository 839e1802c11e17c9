import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto"
import { readFileSync, statSync } from "node:fs"
import { createSecureContext } from "node:tls"
import type { ListenTls } from "../config/config.ts"
import { namesIn } from "./client-certificates.ts"

/** What a listener shows and believes, read and looked at. All in PEM. */
export interface Material {
  readonly cert: string
  readonly key: string
  readonly ca: string | undefined
  /** When the certificate ends, in milliseconds since the epoch. */
  readonly expiresMs: number
  /** The first name of DNS that the certificate is for, and that is whole; undefined where there is none. */
  readonly host: string | undefined
}

/** A bundle of all public authorities has a quarter of that. */
const fileBytesMax = 1024 * 1024

/**
 * Reads the files of `listen.tls` as they are now. Throws an Error that names the file, what is wrong with it and what
 * to do, and quotes nothing from it. `nowMs` is in milliseconds since the epoch.
 */
export function readMaterial(tls: ListenTls, nowMs: number): Material {
  const { clients, minVersion } = tls
  const cert = readPem(tls.cert, "cert")
  const [leaf] = certificatesIn(cert, tls.cert, "cert")
  const key = keyText(tls)
  const expiresMs = leaf.validToDate.getTime()
  if (!leaf.checkPrivateKey(parseKey(key, tls)))
    throw wrong(
      "key",
      keyPlace(tls),
      `does not belong to the certificate in ${tls.cert}: they are of two pairs`,
    )
  if (expiresMs <= nowMs)
    throw wrong("cert", tls.cert, `ended on ${new Date(expiresMs).toISOString()}; renew it`)
  const ca = clients && readPem(clients.ca, "ca")
  if (clients !== undefined && ca !== undefined) holdAuthority(ca, clients.ca)
  try {
    createSecureContext({ cert, key, ca, minVersion })
  } catch (error) {
    throw wrong("cert", tls.cert, `cannot be used: ${reasonOf(error)}`)
  }
  const host = namesIn(leaf.subjectAltName, "DNS").find((name) => !name.includes("*"))
  return { cert, key, ca, expiresMs, host }
}

/** Where the key is, as it may be printed. */
const keyPlace = ({ key }: ListenTls): string => key.source?.file ?? "(from the environment)"

function keyText({ key }: ListenTls): string {
  return key.source === undefined ? key.reveal() : readPem(key.source.file, "key")
}

type Member = "cert" | "key" | "ca"

const wrong = (member: Member, file: string, what: string, cause?: unknown) =>
  new Error(`listen.tls.${member}: ${file} ${what}`, { cause })

function readPem(file: string, member: Member): string {
  try {
    const { size } = statSync(file)
    if (size > fileBytesMax)
      throw new RangeError(`it has ${size} bytes; at most ${fileBytesMax} are read`)
    return readFileSync(file, "utf8")
  } catch (error) {
    throw wrong(member, file, `cannot be read: ${error instanceof Error ? error.message : error}`)
  }
}

const block = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g

/** The certificates of a file, of which there is at least one. */
function certificatesIn(
  pem: string,
  file: string,
  member: "cert" | "ca",
): [X509Certificate, ...X509Certificate[]] {
  const blocks = pem.match(block) ?? []
  if (blocks.length < pem.split("-----BEGIN CERTIFICATE-----").length - 1)
    throw wrong(member, file, "is cut off: a certificate in it has no end; write it anew")
  const [first, ...others] = blocks.map((text, index) => {
    try {
      return new X509Certificate(text)
    } catch (cause) {
      throw wrong(member, file, `is garbled in certificate ${index + 1}; write it anew`, cause)
    }
  })
  if (first === undefined)
    throw wrong(member, file, "holds no certificate in PEM (-----BEGIN CERTIFICATE-----)")
  return [first, ...others]
}

/** An agent's own certificate in place of its authority's would verify nobody. */
function holdAuthority(pem: string, file: string): void {
  const couldSign = ({ ca, issuer, subject }: X509Certificate) => ca || issuer === subject
  if (!certificatesIn(pem, file, "ca").some(couldSign))
    throw wrong(
      "ca",
      file,
      "holds no authority: expected the certificate that signs those of agents",
    )
}

function parseKey(pem: string, tls: ListenTls): KeyObject {
  const place = keyPlace(tls)
  if (/-----BEGIN ENCRYPTED|^Proc-Type: 4,ENCRYPTED/m.test(pem))
    throw wrong(
      "key",
      place,
      "has a passphrase; write it without: openssl pkey -in KEY -out KEY.plain",
    )
  try {
    return createPrivateKey(pem)
  } catch (cause) {
    throw wrong("key", place, "holds no private key in PEM (-----BEGIN PRIVATE KEY-----)", cause)
  }
}

/** OpenSSL's own message, which is about the form and never quotes the content. */
function reasonOf(error: unknown): string {
  const { code, reason } = error as { code?: unknown; reason?: unknown } // absent ones are undefined, and that is looked at
  return String(reason ?? code ?? "OpenSSL does not say why")
}
