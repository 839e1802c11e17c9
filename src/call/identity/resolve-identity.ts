import { hash } from "node:crypto"
import type { Catalog, CatalogAgent } from "../../registry/catalog.ts"
import { written } from "../../registry/model.ts"
import { atLeast, type Caller, type Trust, trustLevels } from "../caller.ts"
import { ok, type Refusal, type Result, refuse } from "../refusal.ts"
import { unknownCallerLevel } from "../unknown-caller.ts"
import type { Finding, TokenFinding } from "./finding.ts"
import type { IdentitySettings } from "./settings.ts"

/** What was found, and what is to be made of it. */
export interface Case {
  /** In the order that decides between equals: mtls, jwt, header, xfcc, card, clientInfo. */
  readonly findings: readonly Finding[]
  /** A clientInfo that names a registered agent where the configuration does not look at it. */
  readonly ignored: Finding | undefined
  readonly token: TokenFinding | undefined
  /** When the first of the verified proofs expires, in milliseconds since the epoch; undefined where there is none. */
  readonly untilMs: number | undefined
  readonly remote: string
  readonly catalog: Catalog
  readonly settings: Omit<IdentitySettings, "jwt" | "mtls" | "headers">
  /** A token would help, and none was sent. */
  readonly challenge: boolean
}

interface Named extends Finding {
  readonly name: string
}

interface Principal extends Named {
  readonly by: Caller["by"]
  readonly warnings: readonly string[]
}

/**
 * Turns what the sources say into one caller, or a refusal. The strongest evidence decides, weaker evidence may only
 * agree with it: any contradiction is refused. Then the floor is checked, then the registry. Pure.
 */
export function resolveIdentity(given: Case): Result<Caller> {
  const principal = choosePrincipal(given)
  if (principal === undefined) return admitUnknown(given, undefined, [])
  if (!principal.ok) return principal
  const { settings, challenge } = given
  const { trust, name, version } = principal.value
  if (!atLeast(trust, settings.minTrust)) {
    const reason = `${written({ name, version })} is ${trust}, needed is ${settings.minTrust}`
    return refuse({ code: "insufficient_trust", reason, challenge })
  }
  return findRegistered(given, principal.value)
}

/** Undefined when nobody is named. */
function choosePrincipal({ findings, settings }: Case): Result<Principal> | undefined {
  const ranked = findings.toSorted((a, b) => rank(b.trust) - rank(a.trust)) // stable: equals keep their order
  const strongest = ranked.filter(isNamed).find((named) => isMeant(named, settings.minTrust))
  if (strongest === undefined) return
  const version = strongest.version ?? completion(ranked, strongest, settings.minTrust)
  const completed = { ...strongest, version }
  const others = ranked.filter((other) => other !== strongest && !other.isLabel)
  const against = others.filter((other) => contradicts(other, completed))
  const by = [strongest, ...others.filter((other) => !against.includes(other))].map(sourceOf)
  const reason = [completed, ...against].map(say).join("; ")
  if (against.length === 0) return ok({ ...completed, by, warnings: [] })
  if (settings.onConflict === "deny") return refuse({ code: "identity_conflict", reason })
  return ok({ ...completed, by, warnings: [`identity_conflict: ${reason}`] })
}

const rank = (trust: Trust) => trustLevels.indexOf(trust)
const sourceOf = ({ source }: Finding) => source
const isNamed = (finding: Finding): finding is Named => finding.name !== undefined

/** A label that is not good enough is no attempt at an identity: its sender is as anonymous as without it. */
const isMeant = ({ isLabel, trust }: Named, floor: Trust) => !isLabel || atLeast(trust, floor)
const say = ({ source, name, version }: Finding) =>
  `${source} says ${written({ name: name ?? "version", version })}`

/** A version may come from weaker evidence that names the same agent, if that is good enough on its own. */
const completion = (ranked: readonly Finding[], { name }: Named, floor: Trust) =>
  ranked.find(
    (other) =>
      other.version !== undefined && (other.name ?? name) === name && atLeast(other.trust, floor),
  )?.version

/** Names another agent, or the same in another version. A principal without a version is contradicted by no version. */
const contradicts = (other: Finding, principal: Named) =>
  (other.name ?? principal.name) !== principal.name ||
  (other.version !== undefined &&
    principal.version !== undefined &&
    other.version !== principal.version)

function findRegistered(given: Case, principal: Principal): Result<Caller> {
  const match = given.catalog.findAgent(principal.name, principal.version)
  if (!match.found) return admitUnknown(given, principal, match.registered)
  const { agent, versionAssumed } = match
  const version = principal.version ?? agent.version
  const warnings = [...principal.warnings, ...(versionAssumed ? ["version_assumed"] : [])]
  return ok(callerOf(given, { ...principal, version, warnings }, agent))
}

/** A caller that is no registered agent: let in only where document and configuration both allow it. */
function admitUnknown(
  given: Case,
  principal: Principal | undefined,
  registered: readonly string[],
): Result<Caller> {
  const policy = given.catalog.unknownCallerPolicy
  const isNamed = principal !== undefined
  const level = unknownCallerLevel(given.settings.unknownCaller, policy, isNamed)
  if (level === "deny") return refuse(unknownCaller(given, principal, registered))
  const caller = callerOf(given, principal, undefined)
  if (level === "allow") return ok(caller)
  return ok(Object.freeze({ ...caller, warnings: [...caller.warnings, "unknown_caller"] }))
}

function unknownCaller(
  { challenge, token }: Case,
  principal: Principal | undefined,
  registered: readonly string[],
): Refusal {
  if (principal === undefined) {
    const reason = token === undefined ? "no identity was presented" : "the token names no agent"
    return { code: "unknown_caller", reason, challenge }
  }
  const { version } = principal
  const known = registered.length === 0 ? "under no version" : `as ${registered.join(", ")}`
  const reason = `${say(principal)}; that name is registered ${known}`
  if (version !== undefined || registered.length < 2) {
    return { code: "unknown_caller", reason, challenge }
  }
  return { code: "unknown_caller", reason, challenge, hint: "send X-Agent-Version" }
}

function callerOf(
  { token, untilMs, remote, ignored, challenge }: Case,
  principal: Principal | undefined,
  agent: CatalogAgent | undefined,
): Caller {
  const { name, version } = principal ?? { name: undefined, version: undefined }
  const user = token?.agent === undefined ? token?.subject : undefined
  const subject = token?.agent === undefined ? undefined : token.subject
  const issuer = token?.issuer
  const isIgnored = ignored !== undefined && ignored.name !== name
  return Object.freeze({
    name,
    version,
    agent,
    trust: principal?.trust ?? "anonymous",
    by: principal?.by ?? [],
    ...(issuer !== undefined && { issuer }),
    ...(subject !== undefined && { subject }),
    ...(user !== undefined && { onBehalfOf: user }),
    scopes: token?.scopes ?? [],
    ...(token !== undefined && { tokenSays: token.says }),
    ...(untilMs !== undefined && { untilMs }),
    claims: token?.claims ?? {},
    challenge,
    remote,
    warnings: [...(principal?.warnings ?? []), ...(isIgnored ? ["client_info_ignored"] : [])],
    principal: hash("sha256", JSON.stringify([name, version, issuer, subject, user])),
  })
}
