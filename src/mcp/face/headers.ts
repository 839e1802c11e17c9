import type { IncomingMessage } from "node:http"

import type { Evidence, Peer } from "../../call/caller.ts"

/** Header values by lower-case name; repeated headers joined by ", ", the list-like and the single ones alike. */
export type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>

/**
 * The one way headers are read here. Node's own object keeps the first of two `Authorization` or `Host` headers and
 * drops the second, so that two readers could disagree; here the second shows, and no valid value survives the join.
 */
export function headersOf({ headers, rawHeaders }: IncomingMessage): RequestHeaders {
  let names = 0
  for (const _ in headers) names++
  return names * 2 === rawHeaders.length ? headers : joined(rawHeaders)
}

function joined(rawHeaders: readonly string[]): RequestHeaders {
  const headers: Record<string, string> = Object.create(null)
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = String(rawHeaders[index]).toLowerCase()
    const value = String(rawHeaders[index + 1])
    const before = headers[name]
    headers[name] = before === undefined ? value : `${before}, ${value}`
  }
  return headers
}

/** One value. (Only `set-cookie`, which means nothing in a request, is ever an array.) */
export function header(headers: RequestHeaders, name: string): string | undefined {
  const value = headers[name]
  return typeof value === "string" ? value : undefined
}

/** What a request shows of its sender, with what its session or its envelope adds. */
export function evidenceOf(
  headers: RequestHeaders,
  { remote, certificate }: Peer,
  clientInfo: Evidence["clientInfo"],
  sessionPrincipal: string | undefined,
): Evidence {
  return {
    remote,
    certificate,
    authorization: header(headers, "authorization"),
    agentName: header(headers, "x-agent-name"),
    agentVersion: header(headers, "x-agent-version"),
    callerAgent: header(headers, "x-caller-agent"),
    forwardedCertificate: header(headers, "x-forwarded-client-cert"),
    clientInfo,
    sessionPrincipal,
  }
}
