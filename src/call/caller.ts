import type { CatalogAgent } from "../registry/catalog.ts"
import type { JsonObject } from "../schema/json.ts"

/** How well a caller's name is established; each level is worth more than those before it. */
export const trustLevels = ["anonymous", "claimed", "asserted", "verified"] as const
export type Trust = (typeof trustLevels)[number]

export const atLeast = (have: Trust, need: Trust): boolean =>
  trustLevels.indexOf(have) >= trustLevels.indexOf(need)

export type EvidenceSource = "mtls" | "jwt" | "header" | "xfcc" | "card" | "clientInfo"

/** The certificate that the other end of a connection showed, on that connection. */
export interface PeerCertificate {
  /** Why it is not believed; undefined for one that chains to the configured authorities. */
  readonly fault: string | undefined
  /** The URIs among its subject alternative names. */
  readonly uris: readonly string[]
  /** Its SHA-256 in base64url: `x5t#S256` (RFC 8705 §3.1). */
  readonly thumbprint: string
  /** When it expires, in milliseconds since the epoch. */
  readonly untilMs: number
}

/** The other end of the connection that a request came on. */
export interface Peer {
  /** The TCP peer; never `X-Forwarded-For`. */
  readonly remote: string
  /** Undefined where none was asked for, or none shown. */
  readonly certificate: PeerCertificate | undefined
}

/** What a request shows of its sender, as it arrived. Nothing here is believed yet. */
export interface Evidence extends Peer {
  /** Raw values; repeated headers arrive joined by ", ", which no valid value survives. */
  readonly authorization: string | undefined
  readonly agentName: string | undefined
  readonly agentVersion: string | undefined
  /** `X-Caller-Agent`: looked up in the registry, never fetched. */
  readonly callerAgent: string | undefined
  /** `X-Forwarded-Client-Cert`: what a proxy says of the certificate that was shown to it. */
  readonly forwardedCertificate: string | undefined
  readonly clientInfo: { readonly name: string; readonly version?: string } | undefined
  /** The principal that a presented, opened session token is bound to. */
  readonly sessionPrincipal: string | undefined
}

/** Who calls, for one request. Frozen; never a credential for the next request. */
export interface Caller {
  /** What the evidence says, registered or not; undefined for an anonymous caller. */
  readonly name: string | undefined
  readonly version: string | undefined
  /** The registered agent; undefined for an unknown caller that the configuration lets in. */
  readonly agent: CatalogAgent | undefined
  readonly trust: Trust
  readonly by: readonly EvidenceSource[]
  readonly issuer?: string
  readonly subject?: string
  /** The user a verified token names beside the agent, or instead of one. */
  readonly onBehalfOf?: string
  readonly scopes: readonly string[]
  /** A hash of all that the verified token says, but for its times and its id. */
  readonly tokenSays?: string
  /**
   * When the verified token or certificate expires, in milliseconds since the epoch: streams that it opened end then.
   */
  readonly untilMs?: number
  /** Of the verified token: those that the configuration lets tools have. */
  readonly claims: JsonObject
  /** A token could prove more, and none was sent. */
  readonly challenge: boolean
  readonly remote: string
  /** Things the audit notes: `version_assumed`, `unknown_caller`, … */
  readonly warnings: readonly string[]
  /** A hash of name, version, issuer and subject: what sessions, cursors and pools are bound to. */
  readonly principal: string
}

/**
 * What is cached for one caller is for no other: the key covers the agent, the subject of its token, and all that the
 * token says.
 */
export const cacheScopeOf = ({ principal, tokenSays }: Caller): string =>
  tokenSays === undefined ? principal : `${principal}.${tokenSays}`
