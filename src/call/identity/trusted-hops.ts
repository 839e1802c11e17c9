import ipaddr from "ipaddr.js"
import type { Peer } from "../caller.ts"
import { uriOf } from "./certificates.ts"
import { createRecent } from "./recent.ts"

type Address = ReturnType<typeof ipaddr.process>
type Range = readonly [Address, number]

const remembered = 10_000

/**
 * Whether a peer is one whose identity headers are believed. `trusted` are addresses, networks, `unix` for peers on a
 * unix socket, or the URI of the certificate that the peer shows; throws an Error for one that is none of these. The
 * verdict is remembered per address. A certificate must have been found good before.
 *
 * On loopback every process of the host, or of the pod, is such a peer.
 */
export function createTrustedHops(trusted: readonly string[]): (peer: Peer) => boolean {
  const isTrustedAddress = trustedAddresses(trusted.filter((one) => !one.includes("://")))
  const uris = new Set(trusted.filter((one) => one.includes("://")))
  return ({ remote, certificate }) => {
    const uri = certificate && uriOf(certificate)
    return isTrustedAddress(remote) || (uri !== undefined && uris.has(uri))
  }
}

function trustedAddresses(ranges: readonly string[]): (remote: string) => boolean {
  const trustsUnix = ranges.includes("unix")
  const networks = ranges.filter((range) => range !== "unix").map(parseRange)
  const verdicts = createRecent<boolean>(remembered)
  return (remote) => {
    if (remote === "unix") return trustsUnix
    const known = verdicts.get(remote)
    if (known !== undefined) return known
    const verdict = isInside(remote, networks)
    verdicts.set(remote, verdict)
    return verdict
  }
}

function isInside(remote: string, networks: readonly Range[]): boolean {
  if (!ipaddr.isValid(remote)) return false
  const address = ipaddr.process(remote) // ::ffff:a.b.c.d is a.b.c.d
  return networks.some(([base, bits]) => {
    if (base.kind() !== address.kind()) return false
    return address.match(base, bits)
  })
}

function parseRange(range: string): Range {
  const [text = "", bits, ...rest] = range.split("/")
  const isWritten = ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text)
  if (!isWritten || rest.length > 0) throw new Error(`${range} is no address and no network`)
  const address = ipaddr.process(text)
  const isMapped = address.kind() === "ipv4" && text.includes(":")
  const width = address.kind() === "ipv4" ? 32 : 128
  const length = bits === undefined ? width : prefixLength(bits) - (isMapped ? 96 : 0)
  if (!(length >= 0 && length <= width)) throw new Error(`${range} has no prefix length`)
  return [address, length]
}

const prefixLength = (bits: string): number => (/^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN)
