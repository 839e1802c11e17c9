import type { ServerResponse } from "node:http"

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
 * The document (RFC 9728 §2) by the paths where it lies: under the endpoint's own well-known path and at the root. The URL
 * in it is the configured one, never the request's: a request can claim any host.
 */
export function metadataDocuments(
  endpoint: { readonly url: string; readonly path: string; readonly name: string },
  { authorizationServers, scopes }: ResourceMetadata,
): ReadonlyMap<string, string> {
  const document = JSON.stringify({
    resource: endpoint.url,
    authorization_servers: authorizationServers,
    ...(scopes === undefined ? {} : { scopes_supported: scopes }),
    bearer_methods_supported: ["header"],
    resource_name: endpoint.name,
  })
  const { pathname } = new URL(endpoint.url) // what is in front of us may shorten paths, or not
  const paths = [wellKnown, `${wellKnown}${endpoint.path}`, `${wellKnown}${pathname}`]
  return new Map(paths.map((path) => [path, document]))
}

/** A document is public, and the only answer any page may read; undefined is that there is none. */
export function writeDocument(outgoing: ServerResponse, document: string | undefined): void {
  const text = document ?? '{"error":"not found"}'
  outgoing.writeHead(document === undefined ? 404 : 200, {
    ...(document === undefined ? unread : read),
    "content-type": "application/json",
    "content-length": Buffer.byteLength(text),
    "x-content-type-options": "nosniff",
  })
  outgoing.end(text)
}
const read = { "access-control-allow-origin": "*", "cache-control": "max-age=300" }
const unread = { "cache-control": "no-store" }
