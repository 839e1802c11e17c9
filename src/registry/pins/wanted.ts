import type { Catalog, CatalogServer } from "../catalog.ts"
import { type Ref, refKey, refOf } from "../model.ts"

/** What of a server is worth a pin: what callers of the gateway may come to see or call. */
export interface Wanted {
  readonly server: Ref
  /** The server's own names of tools that the registry knows, with the registry's tools behind each. */
  readonly tools: ReadonlyMap<string, readonly Ref[]>
  /** Whatever else it lists is carried, too. */
  readonly isExposed: boolean
}

/** By `refKey`: the servers of a catalog, and those that configuration exposes beside it. */
export function wantedOf(
  catalog: Pick<Catalog, "servers" | "tools">,
  exposed: readonly CatalogServer[],
): ReadonlyMap<string, Wanted> {
  const found = new Map<string, Map<string, Ref[]>>()
  const servers = new Set([...catalog.servers, ...exposed])
  for (const { name, version, entity } of servers) {
    const provided = entity.provides.map(({ tool }) => [tool, []] as [string, Ref[]])
    found.set(refKey(name, version), new Map(provided))
  }
  for (const { entity, implementation } of catalog.tools) {
    if (implementation.kind !== "source") continue
    for (const { server, tool } of implementation.choice?.among ?? [implementation]) {
      const tools = found.get(refKey(server.name, server.version))
      tools?.set(tool, [...(tools.get(tool) ?? []), refOf(entity)])
    }
  }
  return new Map(
    [...servers].map((server) => {
      const key = refKey(server.name, server.version)
      const wanted: Wanted = {
        server: refOf(server),
        tools: found.get(key) ?? new Map(),
        isExposed: exposed.includes(server),
      }
      return [key, wanted] as const
    }),
  )
}
