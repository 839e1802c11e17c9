import type { Address, HttpAddress } from "../../mcp/backend/address.ts"
import { publicAddress } from "../../portable/graph/facts.ts"
import { nodeId } from "../../portable/graph/graph.ts"
import type { Extra, Service } from "../../portable/sbom/inventory.ts"
import type { Catalog } from "../../registry/catalog.ts"
import { refKey } from "../../registry/model.ts"
import type { Config } from "../../server/config/config.ts"
import { planRoutes } from "../../server/routes.ts"

/** What the configuration knows of registered servers: where they are, how they are spoken to, and no secret. */
export function serverExtras(
  catalog: Catalog,
  { servers, registry: { levels } }: Pick<Config, "servers" | "registry">,
): ReadonlyMap<string, Extra> {
  const { addresses } = planRoutes({ catalog, servers, levels })
  const found = catalog.servers.flatMap(({ name, version }) => {
    const address = addresses.get(refKey(name, version))
    return address === undefined
      ? []
      : [[nodeId("server", name, version), extraOf(address)] as const]
  })
  return new Map(found)
}

const extraOf = (address: Address): Extra => ({
  properties: [["transport", address.kind]],
  service: address.kind === "http" ? httpService(address) : stdioService,
})

/** A program that is started here is on this side of every boundary. */
const stdioService: Service = { endpoints: [], authenticated: undefined, crossesBoundary: false }

function httpService({ url, headers, headerFiles, authorization }: HttpAddress): Service {
  const endpoint = publicAddress(url)
  const names = new Set([...headers.keys(), ...(headerFiles?.keys() ?? [])])
  return {
    endpoints: endpoint === undefined ? [] : [endpoint],
    authenticated: authorization !== undefined || !names.isDisjointFrom(credentials),
    // What listens on another machine may be on either side.
    crossesBoundary: isLoopback(new URL(url).hostname) ? false : undefined,
  }
}

/** Headers that carry a credential. */
const credentials: ReadonlySet<string> = new Set([
  "authorization",
  "cookie",
  "x-api-key",
  "api-key",
])

const isLoopback = (host: string) => /^(?:localhost|127\.[\d.]+|\[::1\])$/.test(host)
