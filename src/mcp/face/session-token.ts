import type { Caller, EvidenceSource, Trust } from "../../call/caller.ts"
import type { Capabilities } from "../../call/interaction/capabilities.ts"
import { isObject, type Json } from "../../schema/json.ts"
import type { Seal } from "./seal.ts"

/** What a legacy session is: all of it travels in the token, so that any replica with the key can carry on. */
export interface SessionToken {
  /** 128 random bits as 32 hex digits. */
  readonly jti: string
  /** `Caller.principal`: a session in other hands is no session. */
  readonly principal: string
  /** Who opened it and how that was known: for people who look at sessions; every request is identified anew. */
  readonly agent: string | undefined
  readonly trust: Trust
  readonly by: readonly EvidenceSource[]
  /** The negotiated protocol version. */
  readonly version: string
  readonly clientInfo: { readonly name: string; readonly version: string } | undefined
  /** What the client can be asked; undefined for nothing. */
  readonly capabilities: Capabilities | undefined
  /** Milliseconds since the epoch. */
  readonly issuedMs: number
  readonly expiresMs: number
}

/** Names and versions that clients claim are cut to this length: a header must hold the token. */
const claimLengthMax = 128

/** What a client says of itself, as far as a session remembers it. */
export const clientClaim = (name: string, version: string): SessionToken["clientInfo"] => ({
  name: name.slice(0, claimLengthMax).toWellFormed(),
  version: version.slice(0, claimLengthMax).toWellFormed(),
})

export function tokenFor(
  caller: Caller,
  {
    clientInfo,
    capabilities,
    version,
  }: Pick<SessionToken, "clientInfo" | "capabilities" | "version">,
  times: { readonly jti: string; readonly nowMs: number; readonly lifetimeMs: number },
): SessionToken {
  return {
    jti: times.jti,
    principal: caller.principal,
    agent: caller.name === undefined ? undefined : `${caller.name}@${caller.version ?? ""}`,
    trust: caller.trust,
    by: caller.by,
    version,
    clientInfo,
    capabilities,
    issuedMs: Math.floor(times.nowMs),
    expiresMs: Math.floor(times.nowMs + times.lifetimeMs),
  }
}

/** Members in a fixed order without their names: a third shorter than an object. */
export const sealToken = (seal: Seal, token: SessionToken): string =>
  seal.seal(
    JSON.stringify([
      token.jti,
      token.principal,
      token.agent ?? null,
      token.trust,
      token.by,
      token.version,
      token.clientInfo ?? null,
      token.capabilities ?? null,
      token.issuedMs,
      token.expiresMs,
    ]),
  )

/** The session a token stands for; undefined when no key of ours made it. Says nothing about its being over. */
export function openToken(seal: Seal, sealed: string): SessionToken | undefined {
  const text = seal.open(sealed)
  if (text === undefined) return undefined
  // Authenticated: nobody but a holder of the key wrote this, so its shape is this function's own.
  const [jti, principal, agent, trust, by, version, clientInfo, capabilities, ...times] =
    JSON.parse(text) as TokenMembers
  const [issuedMs, expiresMs] = times
  return {
    jti,
    principal,
    agent: agent ?? undefined,
    trust,
    by,
    version,
    clientInfo: isObject(clientInfo)
      ? { name: String(clientInfo["name"]), version: String(clientInfo["version"]) }
      : undefined,
    capabilities: capabilities ?? undefined,
    issuedMs,
    expiresMs,
  }
}

type TokenMembers = [
  string,
  string,
  string | null,
  Trust,
  EvidenceSource[],
  string,
  Json,
  Capabilities | null,
  number,
  number,
]
