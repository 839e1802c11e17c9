import { hash } from "node:crypto"
// From its parts: the whole package signs and encrypts, too, and takes three times as long to load.
import type { JSONWebKeySet, JWTPayload, JWTVerifyOptions } from "jose"
import { decodeProtectedHeader } from "jose/decode/protected_header"
import * as errors from "jose/errors"
import { createLocalJWKSet } from "jose/jwks/local"
import { decodeJwt } from "jose/jwt/decode"
import { jwtVerify } from "jose/jwt/verify"
import { isObject, type Json, type JsonObject } from "../schema/json.ts"
import type { TokenFinding } from "./identity/finding.ts"
import { type KeySet, type KeySetState, openKeySet } from "./identity/key-set.ts"
import { isAgentName, isVersion } from "./identity/names.ts"
import { createRecent } from "./identity/recent.ts"
import type { IdentityPorts, JwtSettings } from "./identity/settings.ts"
import { usableKeys } from "./identity/usable-keys.ts"
import { ok, type Result, refuse } from "./refusal.ts"

export interface Tokens {
  /** What a bearer token says, once everything about it is checked. A promise only for a token not seen lately. */
  verify(token: string): Result<TokenFinding> | Promise<Result<TokenFinding>>
  /** Of each issuer's keys, for metrics and readiness. */
  states(): readonly (KeySetState & { readonly issuer: string })[]
  close(): void
}

type GetKey = ReturnType<typeof createLocalJWKSet>

interface Issuer {
  readonly settings: JwtSettings
  readonly keys: KeySet<GetKey>
  readonly options: Omit<JWTVerifyOptions, "currentDate">
}

interface Outcome {
  readonly result: Result<TokenFinding>
  readonly untilMs: number
  readonly issuer: Issuer | undefined
  /** The keys it was verified with: with other keys it might not be. */
  readonly keys: GetKey | undefined
}

const outcomesMax = 10_000
const goodForMs = 60_000
const badForMs = 1_000
const asymmetric = /^(?:(?:ES|RS|PS)(?:256|384|512)|EdDSA|Ed25519)$/

/**
 * Verifies tokens against the keys of the issuers in the configuration (RFC 7519, RFC 8725). The issuer is chosen by the
 * token's `iss` before anything is believed, and the token is then verified against that entry alone. Outcomes are
 * remembered by a digest of the token, because a signature costs 50 to 100 µs. Throws an Error for settings that cannot
 * be meant.
 */
export function openTokens(list: readonly JwtSettings[], ports: IdentityPorts): Tokens {
  const issuers = new Map(list.map((settings) => [settings.issuer, openIssuer(settings, ports)]))
  const outcomes = createRecent<Outcome>(outcomesMax)
  const pending = new Map<string, Promise<Result<TokenFinding>>>()

  const remember = async (token: string, digest: string): Promise<Result<TokenFinding>> => {
    try {
      const outcome = await verifyOnce(token, issuers, ports)
      if (outcome.untilMs > ports.now()) outcomes.set(digest, outcome)
      return outcome.result
    } finally {
      pending.delete(digest)
    }
  }

  return {
    verify(token) {
      const digest = hash("sha256", token, "base64")
      const known = outcomes.get(digest)
      if (known !== undefined && holds(known, ports.now())) return known.result
      const running = pending.get(digest) ?? remember(token, digest)
      pending.set(digest, running)
      return running
    },
    states: () =>
      [...issuers.values()].map(({ settings, keys }) => ({
        issuer: settings.issuer,
        ...keys.state(),
      })),
    close() {
      for (const { keys } of issuers.values()) keys.close()
    },
  }
}

function openIssuer(settings: JwtSettings, ports: IdentityPorts): Issuer {
  const { algorithms, audience, clockTolerance, issuer, jwks, maxStaleMs, maxTokenAge, typ } =
    settings
  const weak = algorithms.filter((algorithm) => !asymmetric.test(algorithm))
  if (weak.length > 0 || algorithms.length === 0 || audience.length === 0) {
    throw new Error(`${issuer}: needs an audience and asymmetric algorithms, has ${weak}`)
  }
  const options = {
    issuer,
    audience: [...audience],
    algorithms: [...algorithms],
    requiredClaims: ["exp"],
    clockTolerance,
    ...(typ !== undefined && { typ }),
    ...(maxTokenAge !== undefined && { maxTokenAge }),
  }
  const keys = openKeySet(jwks, maxStaleMs, ports, (text) => {
    const { keys, dropped } = usableKeys(text)
    if (dropped.length > 0 && "keys" in jwks) throw new Error(`${issuer}: ${dropped.join("; ")}`)
    return createLocalJWKSet({ keys } as JSONWebKeySet) // usableKeys has looked at each of them
  })
  return { settings, keys, options }
}

const holds = ({ untilMs, issuer, keys }: Outcome, nowMs: number): boolean =>
  nowMs < untilMs &&
  (issuer === undefined || (issuer.keys.current() === keys && issuer.keys.state().isUsable))

async function verifyOnce(
  token: string,
  issuers: ReadonlyMap<string, Issuer>,
  ports: IdentityPorts,
): Promise<Outcome> {
  const said = readIssuer(token)
  if (said === undefined)
    return bad(ports, "it is no JWT: the issuer gave a token of another kind, or it was cut off")
  const issuer = issuers.get(said)
  if (issuer === undefined) return bad(ports, `no token of a configured issuer: ${quoted(said)}`)
  const { keys } = issuer
  if (!keys.state().isUsable) await keys.refresh()
  if (!keys.state().isUsable) return away(issuer)
  try {
    return await verifyWith(token, issuer, ports)
  } catch (cause) {
    if (!(cause instanceof errors.JWKSNoMatchingKey)) return refused(token, issuer, ports, cause)
    const looked = await keys.refresh() // the issuer may have a key that was made since
    if (looked === "unavailable") return away(issuer)
    if (looked === "recent") return refused(token, issuer, ports, cause)
  }
  return verifyWith(token, issuer, ports).catch((cause) => refused(token, issuer, ports, cause))
}

/** Of a token that nothing is known about yet: it chooses the keys to try, and no more. */
function readIssuer(token: string): string | undefined {
  try {
    return decodeJwt(token).iss ?? ""
  } catch (cause) {
    if (cause instanceof errors.JOSEError) return
    throw cause
  }
}

/** For the audit; anybody may have written it. */
const quoted = (issuer: string): string => JSON.stringify(issuer).slice(0, 200)

/** Rejects with an error of jose, or with its TypeError for a key that cannot be used. */
async function verifyWith(token: string, issuer: Issuer, ports: IdentityPorts): Promise<Outcome> {
  const getKey = issuer.keys.current()
  if (getKey === undefined) return away(issuer)
  const nowMs = ports.now()
  const options = { ...issuer.options, currentDate: new Date(nowMs) }
  const { payload } = await jwtVerify(token, getKey, options)
  const finding = readClaims(payload, issuer.settings)
  if (typeof finding === "string") return bad(ports, finding)
  const untilMs = Math.min(nowMs + goodForMs, endOf(payload, issuer.settings))
  return { result: ok(finding), untilMs, issuer, keys: getKey }
}

/** When a token is over, with the tolerance that its verification had, in milliseconds. */
function endOf({ exp = 0, iat }: JWTPayload, { clockTolerance, maxTokenAge }: JwtSettings): number {
  const aged = iat === undefined || maxTokenAge === undefined ? exp : iat + maxTokenAge
  return (Math.min(exp, aged) + clockTolerance) * 1_000
}

/** What a verified token says, or what is wrong with it. */
function readClaims(payload: JWTPayload, settings: JwtSettings): TokenFinding | string {
  const { issuer, claims, callerClaims } = settings
  const boundTo = thumbprintIn(payload["cnf"])
  if (boundTo === undefined && payload["cnf"] !== undefined)
    return "the token is bound to a key in a way that is not known here (cnf)"
  const name = payload[claims.name]
  const version = payload[claims.version]
  const { sub } = payload
  if (sub !== undefined && typeof sub !== "string") return "sub is no string"
  const found = {
    issuer,
    untilMs: endOf(payload, settings),
    subject: sub,
    boundTo,
    scopes: readScopes(payload),
    says: hashOf(payload),
    claims: pickClaims(payload, callerClaims),
  }
  if (name === undefined) return { ...found, agent: undefined }
  if (typeof name !== "string" || !isAgentName(name)) return `${claims.name} is no name`
  if (version !== undefined && (typeof version !== "string" || !isVersion(version))) {
    return `${claims.version} is no version`
  }
  return { ...found, agent: { name, version } }
}

/** Of a certificate, where the token is bound to that and to nothing else (RFC 8705 §3.1). */
function thumbprintIn(confirmation: unknown): string | undefined {
  if (!isObject(confirmation)) return
  const { "x5t#S256": thumbprint, ...others } = confirmation
  return typeof thumbprint === "string" && Object.keys(others).length === 0 ? thumbprint : undefined
}

function hashOf({ exp: _, iat: _1, nbf: _2, jti: _3, ...said }: JWTPayload): string {
  const members = Object.entries(said).sort(([a], [b]) => (a < b ? -1 : 1))
  return hash("sha256", JSON.stringify(members))
}

/** A token's claims are JSON; its own members only, whatever a name in the configuration is. */
const pickClaims = (payload: JWTPayload, names: readonly string[]): JsonObject =>
  Object.fromEntries(
    names.flatMap((name) => (Object.hasOwn(payload, name) ? [[name, payload[name] as Json]] : [])),
  )

/** RFC 8693's `scope`, or the `scp` of some issuers. */
function readScopes({ scope, scp }: JWTPayload): readonly string[] {
  const written = scope ?? scp
  if (typeof written === "string") return written.split(" ").filter((name) => name !== "")
  return Array.isArray(written) ? written.filter((name) => typeof name === "string") : []
}

function refused(token: string, issuer: Issuer, ports: IdentityPorts, cause: unknown): Outcome {
  const words = cause instanceof errors.JWTExpired ? "expired" : "invalid credentials"
  const kid = readKid(token)
  return bad(ports, `${issuer.settings.issuer}, kid ${kid}: ${describe(cause)}`, words)
}

/** Anything that goes wrong in a verification leaves the token unverified, jose's plain TypeErrors included. */
function describe(cause: unknown): string {
  if (cause instanceof errors.JOSEError) return `${cause.code} ${cause.message}`
  return cause instanceof Error ? cause.message : String(cause)
}

function readKid(token: string): string {
  try {
    return JSON.stringify(decodeProtectedHeader(token).kid) ?? "none"
  } catch (cause) {
    return cause instanceof Error ? "unreadable" : String(cause)
  }
}

function bad(
  ports: IdentityPorts,
  reason: string,
  words: "invalid credentials" | "expired" = "invalid credentials",
): Outcome {
  const result = refuse({ code: "invalid_credentials", status: 401, words, reason })
  return { result, untilMs: ports.now() + badForMs, issuer: undefined, keys: undefined }
}

/** Not remembered: the key set itself limits how often the issuer is asked. */
function away({ settings, keys }: Issuer): Outcome {
  const { ageMs, problem } = keys.state()
  const age = ageMs === undefined ? "no keys yet" : `keys are ${Math.round(ageMs / 1_000)} s old`
  const reason = `${settings.issuer}: ${age}; ${problem ?? "too old"}`
  const result = refuse({ code: "identity_unavailable", reason })
  return { result, untilMs: 0, issuer: undefined, keys: undefined }
}
