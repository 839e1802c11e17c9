import { createHash } from "node:crypto"
import type { Socket } from "node:net"
import type { TLSSocket } from "node:tls"
import type { PeerCertificate } from "../../call/caller.ts"

/**
 * What clients showed, looked at once for each connection. That a certificate is there says nothing: one of a foreign
 * authority is, too, and only `authorized` tells whether it was verified on this connection, or on the one it resumes.
 */
export function clientCertificates(): (socket: Socket) => PeerCertificate | undefined {
  const seen = new WeakMap<Socket, { readonly shown: PeerCertificate | undefined }>()
  return (socket) => {
    const known = seen.get(socket)
    if (known !== undefined) return known.shown
    const shown = isSecure(socket) ? shownOn(socket) : undefined
    seen.set(socket, { shown })
    return shown
  }
}

const isSecure = (socket: Socket): socket is TLSSocket => "encrypted" in socket

function shownOn(socket: TLSSocket): PeerCertificate | undefined {
  const certificate = socket.getPeerX509Certificate()
  if (certificate === undefined) return
  return {
    fault: socket.authorized ? undefined : String(socket.authorizationError),
    uris: namesIn(certificate.subjectAltName, "URI"),
    thumbprint: createHash("sha256").update(certificate.raw).digest("base64url"),
    untilMs: certificate.validToDate.getTime(),
  }
}

/** One alternative name as Node writes it. A value that could be taken for more is quoted as JSON. */
const alternative = /([A-Za-z][A-Za-z ]*):("(?:[^"\\]|\\.)*"|[^",]*)(?:, |$)/y

/** A certificate's alternative names of one kind, from Node's text form; none of a text that is not wholly understood. */
export function namesIn(names = "", wanted: "URI" | "DNS"): readonly string[] {
  const found: string[] = []
  alternative.lastIndex = 0
  while (alternative.lastIndex < names.length) {
    const [, kind, value = ""] = alternative.exec(names) ?? []
    if (kind === undefined) return []
    if (kind === wanted) found.push(value.startsWith('"') ? String(JSON.parse(value)) : value)
  }
  return found
}
