import type { Catalog, CatalogServer, CatalogTool } from "../../registry/catalog.ts"
import type { Listed } from "../backends.ts"
import { sourcesOf } from "../servers.ts"
import { exposedTool } from "./exposed-tool.ts"

/** One server that exposes its tools. */
interface Exposing {
  readonly base: Catalog
  readonly server: CatalogServer
  readonly prefix: string | undefined
  /** What it lists. */
  readonly listed: Listed
  /** Told of each tool that is left out though nobody registered it. */
  leave(tool: string, why: string): void
}

/** The tools of a server that nobody registered, as callers see them. A registered name belongs to the registry alone. */
export function exposedTools({ base, server, prefix, listed, leave }: Exposing): CatalogTool[] {
  const registered = registeredOn(base, server)
  return listed.items.flatMap((definition, index) => {
    const own = definition["name"]
    if (typeof own !== "string" || registered.has(own)) return []
    const name = prefix === undefined ? own : `${prefix}__${own}`
    const plain = listed.plain[index] ?? definition
    const made =
      base.toolsNamed(name).length > 0
        ? { ok: false as const, why: `a registered tool is called ${name}` }
        : exposedTool(name, server, { definition, plain })
    if (made.ok) return made.tool
    leave(own, made.why)
    return []
  })
}

/** What of a server's own tools is registered, under whatever name: that is not carried past its registration. */
const registeredOn = ({ tools }: Catalog, server: CatalogServer): ReadonlySet<string> =>
  new Set(
    tools.flatMap(({ implementation }) =>
      sourcesOf(implementation).flatMap((one) => (one.server === server ? [one.tool] : [])),
    ),
  )
