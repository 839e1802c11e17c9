import type { Trust } from "../caller.ts"
import type { Level } from "../gateway.ts"

/** The `identity` part of the configuration, read and checked. */
export interface IdentitySettings {
  /** One entry per issuer; empty: tokens are not looked at. */
  readonly jwt: readonly JwtSettings[]
  /** Templates of the URIs in agents' certificates; empty: certificates name no agents. */
  readonly mtls: { readonly agents: readonly string[] }
  /**
   * Addresses, networks (`10.0.0.0/8`, `::1/128`), `unix`, or URIs of certificates: peers whose identity headers are
   * believed.
   */
  readonly headers: { readonly trustedFrom: readonly string[] }
  readonly clientInfo: boolean
  /** What a caller's evidence must at least be worth. */
  readonly minTrust: Trust
  readonly onConflict: "deny" | "warn"
  readonly unknownCaller: Level
}

export interface JwtSettings {
  /** Exactly as in the token's `iss`, a final slash included. */
  readonly issuer: string
  /** One of these must be in the token's `aud`. */
  readonly audience: readonly string[]
  /** Asymmetric ones only. */
  readonly algorithms: readonly string[]
  /** Of the token's header, `at+jwt` after RFC 9068; any when undefined. */
  readonly typ?: string
  /** The claims that hold the agent's name and version. */
  readonly claims: { readonly name: string; readonly version: string }
  /** Further claims, that tools may have. */
  readonly callerClaims: readonly string[]
  readonly jwks: JwksSource
  /** Seconds since `iat`; unlimited when undefined. */
  readonly maxTokenAge?: number
  /** Seconds that clocks may differ. */
  readonly clockTolerance: number
  /** How long keys are believed that could not be fetched again. */
  readonly maxStaleMs: number
}

export type JwksSource =
  | { readonly url: string }
  | { readonly file: string }
  | { readonly keys: readonly unknown[] }

export interface IdentityPorts {
  /** Milliseconds since the epoch. */
  now(): number
  /**
   * The text of a 200 answer from `url`. Rejects for any other status, a redirect, an oversized body, and when `signal`
   * aborts.
   */
  fetchJwks(url: string, signal: AbortSignal): Promise<string>
  /** Runs `task` once after `delayMs`, without keeping the process alive; returns what calls it off. Absent: a timer. */
  after?(delayMs: number, task: () => void): () => void
}
