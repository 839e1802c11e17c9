import { z } from "zod"
import { trustLevels } from "../../call/caller.ts"
import { faultOfTemplate } from "../../call/identity/certificates.ts"
import { defaults } from "./defaults.ts"
import { cidr, duration, protectedUrl } from "./scalars.ts"

const day = 86_400_000

const agentUri = z.string().superRefine((template, context) => {
  const message = faultOfTemplate(template)
  if (message !== undefined) context.addIssue({ code: "custom", message })
})

const hop = z.union([cidr, z.string().regex(/^[a-z][a-z0-9+.-]*:\/\/[^\s{}]+$/)], {
  error: "expected an address range such as 10.0.0.0/8, or the URI of a certificate",
})

const publicKey = z
  .looseObject({ kty: z.enum(["EC", "RSA", "OKP"]).describe("The kind of key.") })
  .refine((key) => !("d" in key), { error: "this is a private key; the public half is enough" })

const keySet = z
  .union(
    [
      protectedUrl,
      z.string().regex(/^file:/),
      z.strictObject({ keys: z.array(publicKey).min(1).describe("Public keys (RFC 7517).") }),
    ],
    { error: "expected an https address, file:./keys.json or { keys: […] }" },
  )
  .describe("The issuer's public keys: an address, file:./keys.json, or the set itself.")

const families = {
  elliptic: ["ES256", "ES384", "ES512", "EdDSA", "Ed25519"],
  rsa: ["PS256", "PS384", "PS512", "RS256", "RS384", "RS512"],
} as const
const algorithms = z.array(z.enum([...families.elliptic, ...families.rsa])).min(1)

const jwt = z.strictObject({
  issuer: z.string().min(1).describe("The `iss` of its tokens, character by character."),
  audience: z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)], {
      error: "expected a name or a list of names",
    })
    .describe("What must stand in `aud`: this gateway, as the issuer names it."),
  jwks: keySet,
  claims: z
    .strictObject({
      name: z.string().min(1).default(defaults.claimName).describe("The claim with its name."),
      version: z
        .string()
        .min(1)
        .default(defaults.claimVersion)
        .describe("The claim with its version."),
    })
    .prefault({})
    .describe("Where a token says which agent calls."),
  callerClaims: z
    .array(z.string().min(1).max(256))
    .max(64)
    .default([])
    .describe("Further claims that tools may have, as ${caller.claims.NAME} in their defaults."),
  algorithms: algorithms
    .default([...defaults.algorithms])
    .describe("Signature algorithms to accept; asymmetric ones only."),
  type: z.string().min(1).optional().describe("The `typ` a token must have, such as at+jwt."),
  maxTokenAge: duration({ min: 1_000, max: 365 * day })
    .optional()
    .describe("How long ago a token may have been issued."),
  clockTolerance: duration({ min: 0, max: 300_000 })
    .prefault(defaults.clockTolerance)
    .describe("How far the issuer's clock may differ."),
})

export const identity = z
  .strictObject({
    jwt: z
      .union([jwt, z.array(jwt).min(1).max(16)])
      .optional()
      .describe("Issuers of tokens that name the calling agent: one, or a list."),
    mtls: z
      .strictObject({
        agents: z
          .array(agentUri)
          .min(1)
          .max(64)
          .describe(
            "What the one URI of an agent's certificate looks like, as spiffe://example.org/agent/{name}/{version}; the first that fits decides.",
          ),
      })
      .optional()
      .describe("Certificates (listen.tls.ca) that name the calling agent."),
    headers: z
      .strictObject({
        trustedFrom: z
          .array(hop)
          .default([...defaults.trustedFrom])
          .describe(
            "Peers whose X-Agent-Name, X-Agent-Version and X-Forwarded-Client-Cert are believed: address ranges, and URIs of client certificates.",
          ),
      })
      .prefault({})
      .describe("Identity by header."),
    clientInfo: z
      .boolean()
      .default(false)
      .describe("Take the name an MCP client gives itself as a claim. Proves nothing."),
    minTrust: z
      .enum(trustLevels)
      .default(defaults.minTrust)
      .describe("How well a caller's name must be established to count."),
    onConflict: z
      .enum(["deny", "warn"])
      .default(defaults.onConflict)
      .describe("What happens when the evidence names two different agents."),
  })
  .prefault({})
