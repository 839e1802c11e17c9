import type { Caller } from "../../src/call/caller.ts"
import { createIdentify } from "../../src/call/identify.ts"
import type { IdentitySettings } from "../../src/call/identity/settings.ts"
import type { Result } from "../../src/call/refusal.ts"
import { sketchCatalog } from "./catalog.ts"
import { evidence, identity } from "./evidence.ts"
import { jwtSettings, makeKey, testPorts } from "./issuer.ts"

/** Two agents of one version, and one of two. */
export const agents = sketchCatalog({
  agents: { "a@1": [], "b@1": [], "twin@1": [], "twin@2": [] },
  urls: { "a@1": "https://a.example/", "b@1": "https://b.example/" },
})

const key = await makeKey("k1")
export const clock = testPorts()

/** An `Authorization` header with a good token but for these claims. */
export async function bearer(claims: object): Promise<string> {
  const good = { iss: "https://idp.example", aud: "postern", exp: clock.seconds() + 600 }
  return `Bearer ${await key.sign({ ...good, ...claims })}`
}

/** Settings that believe such tokens. */
export const withJwt = { jwt: [jwtSettings({ keys: [key.jwk] })] }

export type Shown = Parameters<typeof evidence>[0]

export async function identify(
  shown: Shown,
  set: Partial<IdentitySettings> = {},
  of = agents,
): Promise<Result<Caller>> {
  return createIdentify(identity(set), clock.ports).identify(evidence(shown), of)
}

/** Who it is, how well that is established and by what; or why it is nobody. */
export async function verdict(...args: Parameters<typeof identify>): Promise<string> {
  const result = await identify(...args)
  if (!result.ok) return result.refusal.code
  const { agent, trust, by } = result.value
  return `${agent ? `${agent.name}@${agent.version}` : "unregistered"} ${trust} by ${by.join("+")}`
}
