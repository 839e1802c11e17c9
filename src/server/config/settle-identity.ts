import { agentUris } from "../../call/identity/certificates.ts"
import type { Config, JwtConfig, KeySource } from "./config.ts"
import type { ConfigFile } from "./schema.ts"
import type { Path } from "./walk.ts"

interface Surroundings {
  wrong(path: Path, message: string): void
  /** A path as it is meant: from the folder of the configuration. */
  inFolder(path: string): string
}

type Written = ConfigFile["identity"]

/** How callers are identified. */
export function settleIdentity(identity: Written, around: Surroundings): Config["identity"] {
  const jwt = [identity.jwt ?? []].flat()
  const issuers = jwt.map(({ issuer }) => issuer)
  for (const [index, issuer] of issuers.entries())
    if (issuers.indexOf(issuer) < index)
      around.wrong(["identity", "jwt", index, "issuer"], "is the issuer of an earlier entry, too")
  checkHops(identity, around)
  return {
    jwt: jwt.map((entry) => settleJwt(entry, around)),
    agentUris: identity.mtls?.agents ?? [],
    trustedFrom: identity.headers.trustedFrom,
    clientInfo: identity.clientInfo,
    minTrust: identity.minTrust,
    onConflict: identity.onConflict,
  }
}

/** A certificate is an agent's or a proxy's: which agents a proxy speaks for, its own name cannot say. */
function checkHops({ headers, mtls }: Written, { wrong }: Surroundings): void {
  const read = agentUris(mtls?.agents ?? [])
  for (const [index, hop] of headers.trustedFrom.entries())
    if (read(hop) !== undefined)
      wrong(
        ["identity", "headers", "trustedFrom", index],
        "is the URI of an agent, by identity.mtls.agents; a proxy needs one that no template fits",
      )
}

type JwtFile = Extract<NonNullable<Written["jwt"]>, { issuer: string }>

function settleJwt(jwt: JwtFile, around: Surroundings): JwtConfig {
  return {
    issuer: jwt.issuer,
    audience: [jwt.audience].flat(),
    jwks: keySource(jwt.jwks, around),
    claims: jwt.claims,
    callerClaims: jwt.callerClaims,
    algorithms: jwt.algorithms,
    type: jwt.type,
    maxTokenAgeMs: jwt.maxTokenAge,
    clockToleranceMs: jwt.clockTolerance,
  }
}

function keySource(jwks: JwtFile["jwks"], { inFolder }: Surroundings): KeySource {
  if (typeof jwks !== "string") return { kind: "keys", keys: jwks.keys }
  if (!jwks.startsWith("file:")) return { kind: "url", url: jwks }
  return { kind: "file", file: inFolder(jwks.replace(/^file:(?:\/\/(?=[/.]))?/, "")) }
}
