import { isObject, member } from "../../../schema/json.ts"
import type { SecretMethod } from "./authorization.ts"
import type { JsonAnswer, JsonRequests } from "./json-request.ts"

/** What is needed of an authorization server's metadata (RFC 8414 §2). */
export interface Metadata {
  readonly tokenEndpoint: string
  readonly secretMethod: SecretMethod
}

export type Discovery =
  | { readonly ok: true; readonly metadata: Metadata }
  | { readonly ok: false; readonly reason: string }

/**
 * Reads the metadata of an issuer, from the issuer itself and from no other place, and believes them only if they say
 * that they are that issuer's (RFC 8414 §3.3). Never rejects.
 */
export async function discover(issuer: string, requests: JsonRequests): Promise<Discovery> {
  let last: JsonAnswer | undefined
  for (const url of wellKnown(issuer)) {
    last = await requests.ask(url)
    const isElsewhere = last.status !== undefined && last.status >= 400 && last.status < 500
    if (!isElsewhere) break
  }
  if (last === undefined || !last.ok)
    return wrong(`its metadata cannot be had: ${last?.reason ?? "no address"}`)
  if (last.status !== 200) return wrong(`its metadata cannot be had: it answered ${last.status}`)
  return readMetadata(issuer, last.value)
}

/** RFC 8414 §3.1 and, for servers that know only OpenID Connect's form of it, §5. */
function wellKnown(issuer: string): Set<string> {
  const { origin, pathname } = new URL(issuer)
  const path = pathname.replace(/\/$/, "")
  return new Set([
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}/.well-known/openid-configuration${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ])
}

function readMetadata(issuer: string, value: unknown): Discovery {
  if (!isObject(value)) return wrong("its metadata are no object")
  if (member(value, "issuer") !== issuer)
    return wrong("its metadata are another issuer's: `issuer` is not the one that is configured")
  const tokenEndpoint = member(value, "token_endpoint")
  if (typeof tokenEndpoint !== "string" || !isTokenEndpoint(tokenEndpoint, issuer))
    return wrong("its metadata name no token endpoint with https")
  const methods = member(value, "token_endpoint_auth_methods_supported")
  const isPostOnly =
    Array.isArray(methods) &&
    methods.includes("client_secret_post") &&
    !methods.includes("client_secret_basic")
  const secretMethod = isPostOnly ? "client_secret_post" : "client_secret_basic"
  return { ok: true, metadata: { tokenEndpoint, secretMethod } }
}

/** An issuer on this machine, without TLS, may name an endpoint like itself. */
function isTokenEndpoint(text: string, issuer: string): boolean {
  if (!URL.canParse(text)) return false
  const { protocol, origin, username, password } = new URL(text)
  if (username !== "" || password !== "") return false
  return protocol === "https:" || origin === new URL(issuer).origin
}

const wrong = (reason: string): Discovery => ({ ok: false, reason })
