import type { JsonObject } from "../../schema/json.ts"
import type { EvidenceSource, Trust } from "../caller.ts"

/** What one source says about who calls, and what that is worth. */
export interface Finding {
  readonly source: EvidenceSource
  readonly trust: Trust
  /** Undefined where only a version was sent: it is said of whoever else is named. */
  readonly name: string | undefined
  readonly version: string | undefined
  /** Names no registered agent, from a source that nobody vouches for: it contradicts nothing. */
  readonly isLabel: boolean
}

/** What a verified token says, with or without an agent in it. */
export interface TokenFinding {
  readonly issuer: string
  /** When it is over, with the tolerance of its verification, in milliseconds since the epoch. */
  readonly untilMs: number
  readonly subject: string | undefined
  /** The thumbprint of the certificate without which the token is worth nothing (RFC 8705). */
  readonly boundTo: string | undefined
  readonly scopes: readonly string[]
  /** A hash of its claims, but for those that differ between two tokens that mean the same: times, and the id. */
  readonly says: string
  /** Those that the configuration lets tools have. */
  readonly claims: JsonObject
  /** Undefined for a token that names a user and no agent. */
  readonly agent: { readonly name: string; readonly version: string | undefined } | undefined
}
