import type {
  IdentityPorts,
  IdentitySettings,
  JwksSource,
  JwtSettings,
} from "../call/identity/settings.ts"
import type { Config, JwtConfig, KeySource } from "./config/config.ts"

const day = 86_400_000
const keySetBytesMax = 64 * 1024

/** How the configuration's `identity` reads to the way of a call. */
export function identitySettings({ identity, registry }: Config): IdentitySettings {
  return {
    jwt: identity.jwt.map(jwtSettings),
    mtls: { agents: identity.agentUris },
    headers: { trustedFrom: identity.trustedFrom },
    clientInfo: identity.clientInfo,
    minTrust: identity.minTrust,
    onConflict: identity.onConflict,
    unknownCaller: registry.levels.unknownCaller,
  }
}

/** The claims that some issuer's tokens may give to tools. */
export const callerClaims = ({ identity }: Config): ReadonlySet<string> =>
  new Set(identity.jwt.flatMap((jwt) => jwt.callerClaims))

function jwtSettings(jwt: JwtConfig): JwtSettings {
  const { issuer, audience, algorithms, claims, callerClaims, type, maxTokenAgeMs } = jwt
  return {
    issuer,
    audience,
    algorithms,
    claims,
    callerClaims,
    jwks: keySource(jwt.jwks),
    clockTolerance: jwt.clockToleranceMs / 1000,
    maxStaleMs: day,
    ...(type !== undefined && { typ: type }),
    ...(maxTokenAgeMs !== undefined && { maxTokenAge: maxTokenAgeMs / 1000 }),
  }
}

function keySource(source: KeySource): JwksSource {
  switch (source.kind) {
    case "url":
      return { url: source.url }
    case "file":
      return { file: source.file }
    case "keys":
      return { keys: source.keys }
  }
}

/** The clock, and the one place from which an issuer's keys are fetched. The address is the operator's own. */
export const identityPorts: IdentityPorts = {
  now: Date.now,
  async fetchJwks(url, signal) {
    const answer = await fetch(url, {
      signal,
      redirect: "error",
      headers: { accept: "application/json" },
    })
    if (answer.status !== 200) throw new Error(`the issuer answered ${answer.status}`)
    const chunks: Uint8Array[] = []
    let bytes = 0
    for await (const chunk of answer.body ?? []) {
      bytes += chunk.length
      if (bytes > keySetBytesMax)
        throw new Error(`the key set is larger than ${keySetBytesMax} bytes`)
      chunks.push(chunk)
    }
    return Buffer.concat(chunks).toString("utf8")
  },
}
