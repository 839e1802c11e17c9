import { publicAddress } from "../../portable/graph/facts.ts"
import { nodeId } from "../../portable/graph/graph.ts"
import type { Extra, Service } from "../../portable/sbom/inventory.ts"
import type { Catalog } from "../../registry/catalog.ts"
import type { Config, ServerConfig } from "../../server/config/config.ts"

/** Headers that carry a credential. */
const credentials = new Set(["authorization", "cookie", "x-api-key", "api-key"])

/** What the configuration knows of registered servers: where they are, how they are spoken to, and no secret. */
export function serverExtras(
  { servers }: Pick<Catalog, "servers">,
  config: Pick<Config, "servers">,
): ReadonlyMap<string, Extra> {
  const found = servers.flatMap(({ name, version }) => {
    const named = config.servers.filter((server) => server.name === name)
    const exact = named.find((server) => server.version === version)
    const isOnly = servers.filter((server) => server.name === name).length === 1
    const place = exact ?? (isOnly ? named.find((one) => one.version === undefined) : undefined)
    return place === undefined ? [] : [[nodeId("server", name, version), extraOf(place)] as const]
  })
  return new Map(found)
}

const extraOf = (server: ServerConfig): Extra => ({
  properties: [["transport", server.url === undefined ? "stdio" : "http"]],
  service: serviceOf(server),
})

function serviceOf({ url, headers, authorization }: ServerConfig): Service {
  const endpoint = url === undefined ? undefined : publicAddress(url)
  // A program that is started here, or listens here, is on this side of every boundary; of others nothing is known.
  const isHere = url === undefined || isLoopback(new URL(url).hostname)
  const hasCredential =
    authorization !== undefined || headers.keys().some((name) => credentials.has(name))
  return {
    endpoints: endpoint === undefined ? [] : [endpoint],
    authenticated: url === undefined ? undefined : hasCredential,
    crossesBoundary: isHere ? false : undefined,
  }
}

const isLoopback = (host: string) => /^(?:localhost|127\.[\d.]+|\[::1\])$/.test(host)
