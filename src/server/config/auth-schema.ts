import { z } from "zod"
import { assertionAlgorithms } from "../../mcp/backend/credentials/client-assertion.ts"
import { protectedUrl, secret } from "./scalars.ts"

const text = z.string().min(1)
const oneOrMore = z.union([text, z.array(text).min(1)], {
  error: "expected a name or a list of names",
})
const address = z.string().refine((uri) => URL.canParse(uri) && !uri.includes("#"), {
  error: "expected an absolute address without a fragment",
})
const oneOrMoreAddresses = z.union([address, z.array(address).min(1)], {
  error: "expected an address or a list of them",
})
const scope = z
  .string()
  .regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, { error: "expected a scope: no spaces, no quotes" })

const issuer = protectedUrl.refine((url) => !/[?#]/.test(url), {
  error: "an issuer has neither a query nor a fragment",
})
const tokenEndpoint = protectedUrl.refine((url) => !url.includes("#"), {
  error: "a token endpoint has no fragment",
})

const privateKeyJwt = z.strictObject({
  key: secret.describe("The client's private key, as PEM or JWK."),
  keyId: text.optional().describe("The `kid` under which the authorization server knows it."),
  algorithm: z
    .enum(assertionAlgorithms)
    .optional()
    .describe("How assertions are signed; otherwise as the key is made for."),
  audience: text
    .optional()
    .describe(
      "The `aud` of assertions; otherwise the issuer, or the token endpoint where no issuer is named.",
    ),
})

/** What both grants have in common. */
const grant = {
  issuer: issuer
    .optional()
    .describe("The authorization server, whose metadata (RFC 8414) name the token endpoint."),
  tokenEndpoint: tokenEndpoint
    .optional()
    .describe("The token endpoint itself, in place of issuer."),
  clientId: text.describe("The gateway's name at the authorization server."),
  clientSecret: secret.optional().describe("The gateway's secret there."),
  clientAuthentication: z
    .enum(["basic", "post"])
    .optional()
    .describe("How the secret is sent; otherwise as the metadata say, or basic."),
  privateKeyJwt: privateKeyJwt
    .optional()
    .describe("Signed assertions in place of a secret (RFC 7523)."),
  scopes: z.array(scope).default([]).describe("The scopes to ask for."),
  audience: oneOrMore.optional().describe("The audience of the token, by name."),
  resource: oneOrMoreAddresses
    .optional()
    .describe("The resource that the token is for, by address (RFC 8707)."),
} as const

const tokenTypes = ["access_token", "jwt", "id_token"] as const

export const clientCredentials = z.strictObject(grant).superRefine(checkGrant)

const tokenExchange = z
  .strictObject({
    ...grant,
    subjectTokenType: z
      .enum(tokenTypes)
      .default("access_token")
      .describe("The type of the callers' own tokens (RFC 8693)."),
    actor: z
      .strictObject({
        token: secret.describe(
          "A token of the party that acts for the caller, such as the gateway's own.",
        ),
        type: z.enum(tokenTypes).default("jwt").describe("The type of that token."),
      })
      .optional()
      .describe("Who acts for the caller, where the client's own proof does not say it."),
  })
  .superRefine(checkGrant)

interface Checked {
  addIssue(issue: { code: "custom"; path: string[]; message: string }): void
}

function checkGrant(entry: Partial<Record<keyof typeof grant, unknown>>, context: Checked): void {
  const wrong = (path: string[], message: string) =>
    context.addIssue({ code: "custom", path, message })
  const { clientAuthentication, clientSecret, issuer, privateKeyJwt, tokenEndpoint } = entry
  if (issuer === undefined && tokenEndpoint === undefined)
    wrong([], "expected an issuer, or a tokenEndpoint")
  if (issuer !== undefined && tokenEndpoint !== undefined)
    wrong(["tokenEndpoint"], "the issuer says where that is; keep one of them")
  if (clientSecret === undefined && privateKeyJwt === undefined)
    wrong([], "expected a clientSecret, or a privateKeyJwt")
  if (clientSecret !== undefined && privateKeyJwt !== undefined)
    wrong(["clientSecret"], "a privateKeyJwt proves the same; keep one of them")
  if (clientAuthentication !== undefined && clientSecret === undefined)
    wrong(["clientAuthentication"], "belongs to a clientSecret, and there is none")
}

/** How the gateway proves itself to a server with what changes from time to time. */
export const auth = z
  .strictObject({
    bearer: secret
      .regex(/^[A-Za-z0-9\-._~+/]+=*$/, { error: "holds a character that no bearer token has" })
      .optional()
      .describe("A bearer token; one in a file is read again when it changes."),
    clientCredentials: clientCredentials
      .optional()
      .describe("A token of the gateway's own, from an authorization server (OAuth 2.1)."),
    tokenExchange: tokenExchange
      .optional()
      .describe("A token for each caller, in exchange for the caller's own (RFC 8693)."),
  })
  .superRefine((entry, context) => {
    const [first, second] = Object.keys(entry)
    if (first === undefined)
      context.addIssue({
        code: "custom",
        path: [],
        message: "expected bearer, clientCredentials or tokenExchange",
      })
    else if (second !== undefined)
      context.addIssue({
        code: "custom",
        path: [second],
        message: `there is ${first} already; keep one of them`,
      })
  })
export type AuthFile = z.infer<typeof auth>
export type GrantFile = z.infer<typeof clientCredentials> & Partial<z.infer<typeof tokenExchange>>
