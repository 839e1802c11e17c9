import type {
  Catalog,
  CatalogAgent,
  CatalogServer,
  CatalogTool,
  Scope,
} from "../../registry/catalog.ts"
import { isExposedTo, type ServerRules } from "../server-rules.ts"

/** The tools that servers expose, by server: none of them has the name of a registered tool. */
export type ExposedTools = ReadonlyMap<CatalogServer, readonly CatalogTool[]>

/** Told once for each name that two servers expose to one caller: neither has it. */
export type OnClash = (name: string, servers: readonly CatalogServer[]) => void

/**
 * A catalog with what configuration exposes beside it: all that is registered is as it was, and the scope of each agent
 * has the tools that are exposed to that agent. Immutable like any catalog.
 */
export function exposedCatalog(
  base: Catalog,
  rules: ServerRules,
  tools: ExposedTools,
  onClash: OnClash,
): Catalog {
  const byName = Map.groupBy([...tools.values()].flat(), ({ name }) => name)
  const scopes = new WeakMap<object, Scope>()

  function widened(agent: CatalogAgent | undefined): Scope {
    const mine = [...tools].filter(([server]) => {
      const { expose } = rules.of(server)
      return expose !== undefined && isExposedTo(expose, agent)
    })
    const own = base.scopeOf(agent)
    const added = new Map<string, CatalogTool | undefined>()
    for (const [, exposed] of mine) {
      for (const tool of exposed) added.set(tool.name, added.has(tool.name) ? undefined : tool)
    }
    const sole = [...added].flatMap(([name, tool]) => {
      if (tool === undefined) onClash(name, holders(mine, name))
      return tool ?? []
    })
    if (sole.length === 0) return own
    const all = [...own.tools.values(), ...sole].sort((a, b) => (a.name < b.name ? -1 : 1))
    return { tools: new Map(all.map((tool) => [tool.name, tool] as const)) }
  }

  return {
    digest: base.digest,
    document: base.document,
    unknownCallerPolicy: base.unknownCallerPolicy,
    servers: base.servers,
    tools: base.tools,
    agents: base.agents,
    everything: base.everything,
    toolsNamed(name) {
      const registered = base.toolsNamed(name)
      return registered.length > 0 ? registered : (byName.get(name) ?? [])
    },
    tool: (name, version) => base.tool(name, version),
    directTool: (server, version, tool) => base.directTool(server, version, tool),
    findAgent: (name, version) => base.findAgent(name, version),
    agentByUrl: (url) => base.agentByUrl(url),
    scopeOf(agent) {
      const key = agent ?? base
      const scope = scopes.get(key) ?? widened(agent)
      scopes.set(key, scope)
      return scope
    },
  }
}

const holders = (
  mine: readonly (readonly [CatalogServer, readonly CatalogTool[]])[],
  name: string,
): CatalogServer[] =>
  mine.flatMap(([server, exposed]) => (exposed.some((tool) => tool.name === name) ? [server] : []))
