import { generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto"
import type { OutgoingHttpHeaders } from "node:http"
import { request as send } from "node:https"
import { text } from "node:stream/consumers"
import type { Answer, RawRequest } from "./face-server.ts"

/** A certificate with its key, both in PEM. */
export interface Certified {
  readonly name: string
  readonly cert: string
  readonly key: string
  readonly privateKey: KeyObject
}

export interface CertificateSketch {
  readonly name: string
  /** Who signs it; otherwise it signs itself. */
  readonly by?: Certified
  readonly isAuthority?: boolean
  readonly uris?: readonly string[]
  readonly dns?: readonly string[]
  /** IPv4. */
  readonly addresses?: readonly string[]
  /** Minutes from now. */
  readonly begins?: number
  readonly ends?: number
}

/** An X.509 certificate (RFC 5280) on P-256: Node reads them and has nothing that makes them. */
export function certify(sketch: CertificateSketch): Certified {
  const { by, name, isAuthority = false, begins = -60, ends = 60 } = sketch
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  const constraints = sequence(...(isAuthority ? [der(boolean, 255)] : []))
  const names = alternativeNames(sketch)
  const extensions = [
    sequence(basicConstraints, der(boolean, 255), der(octets, constraints)),
    ...(names.length === 0 ? [] : [sequence(subjectAltName, der(octets, sequence(...names)))]),
  ]
  const toSign = sequence(
    der(0xa0, der(integer, 2)), // version 3
    der(integer, 1, randomBytes(8)),
    ecdsaWithSha256,
    commonName(by?.name ?? name),
    sequence(time(begins), time(ends)),
    commonName(name),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, sequence(...extensions)),
  )
  const signature = sign("sha256", toSign, by?.privateKey ?? privateKey)
  const whole = sequence(toSign, ecdsaWithSha256, der(bits, 0, signature))
  const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString()
  return { name, privateKey, key, cert: pem(whole) }
}

const [boolean, integer, bits, octets, oid, utf8, utcTime] = [1, 2, 3, 4, 6, 12, 23] as const

/** Tag, length, content: bytes, or what is encoded already. */
function der(tag: number, ...parts: readonly (number | Uint8Array)[]): Buffer {
  const content = Buffer.concat(
    parts.map((part) => (typeof part === "number" ? Buffer.from([part]) : part)),
  )
  const { length } = content
  const bytes =
    length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length]
  return Buffer.concat([Buffer.from([tag, ...bytes]), content]) // which takes the last 8 bits of each number
}

const sequence = (...parts: readonly Uint8Array[]) => der(0x30, ...parts)

const basicConstraints = der(oid, 0x55, 0x1d, 0x13)
const subjectAltName = der(oid, 0x55, 0x1d, 0x11)
const ecdsaWithSha256 = sequence(der(oid, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2))

const commonName = (name: string) =>
  sequence(der(0x31, sequence(der(oid, 0x55, 4, 3), der(utf8, Buffer.from(name)))))

function time(minutes: number): Buffer {
  const date = new Date(Date.now() + minutes * 60_000).toISOString()
  return der(utcTime, Buffer.from(`${date.replace(/\D/g, "").slice(2, 14)}Z`))
}

/** Tags of GeneralName: 2 a name of DNS, 6 a URI, 7 an address. */
const alternativeNames = ({ addresses = [], dns = [], uris = [] }: CertificateSketch) => [
  ...dns.map((name) => der(0x82, Buffer.from(name))),
  ...uris.map((uri) => der(0x86, Buffer.from(uri))),
  ...addresses.map((address) => der(0x87, ...address.split(".").map(Number))),
]

const pem = (bytes: Buffer) =>
  `-----BEGIN CERTIFICATE-----\n${bytes.toString("base64").replace(/.{1,64}/g, "$&\n")}-----END CERTIFICATE-----\n`

/** What a client shows, and whom it believes. */
export interface TlsClient {
  readonly ca: string
  readonly cert?: string
  readonly key?: string
  /** As whom it knows the server, whatever address that is at. */
  readonly servername?: string
}

/** One request over TLS on a connection of its own; the answer when it has ended. Rejects where TLS does not come about. */
export function overTls(
  port: number,
  client: TlsClient,
  { method = "POST", path = "/mcp", headers = {}, body }: RawRequest = {},
): Promise<Answer> {
  const options = { host: "127.0.0.1", port, method, path, agent: false, ...client }
  return new Promise((resolve, reject) => {
    const outgoing = send({ ...options, headers: headers as OutgoingHttpHeaders }, (incoming) => {
      text(incoming).then(
        (body) =>
          resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text: body }),
        reject,
      )
    })
    outgoing.on("error", reject)
    outgoing.end(body)
  })
}
