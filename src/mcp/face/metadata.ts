import type { Hono } from "hono"

/** What an agent needs to know to get a token for this gateway. */
export interface ResourceMetadata {
  readonly authorizationServers: readonly string[]
  readonly scopes?: readonly string[]
}

const wellKnown = "/.well-known/oauth-protected-resource"

/** Where the document about `endpoint` lies: the well-known path goes between host and path (RFC 9728 §3.1). */
export function metadataUrl(endpoint: string): string {
  const { origin, pathname } = new URL(endpoint)
  return `${origin}${wellKnown}${pathname === "/" ? "" : pathname}`
}

/**
 * Serves the document (RFC 9728 §2) under the endpoint's own well-known path and at the root. The URL in it is the
 * configured one, never the request's: a request can claim any host. Public, and the only answer any page may read.
 */
export function serveMetadata(
  app: Hono,
  endpoint: { readonly url: string; readonly path: string; readonly name: string },
  { authorizationServers, scopes }: ResourceMetadata,
): void {
  const document = JSON.stringify({
    resource: endpoint.url,
    authorization_servers: authorizationServers,
    ...(scopes === undefined ? {} : { scopes_supported: scopes }),
    bearer_methods_supported: ["header"],
    resource_name: endpoint.name,
  })
  const headers = {
    "content-type": "application/json",
    "access-control-allow-origin": "*",
    "cache-control": "max-age=300",
    "x-content-type-options": "nosniff",
  }
  const { pathname } = new URL(endpoint.url) // what is in front of us may shorten paths, or not
  const paths = [wellKnown, `${wellKnown}${endpoint.path}`, `${wellKnown}${pathname}`]
  for (const path of new Set(paths)) app.get(path, () => new Response(document, { headers }))
}
