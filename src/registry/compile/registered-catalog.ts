import type {
  AgentMatch,
  Catalog,
  CatalogAgent,
  CatalogServer,
  CatalogTool,
  Scope,
} from "../catalog.ts"
import { type RegistryDocument, refOf } from "../model.ts"
import { type DirectTools, directKey } from "./direct-tools.ts"
import { highestFirst } from "./highest.ts"

export interface CatalogParts {
  readonly digest: string
  readonly document: RegistryDocument
  readonly servers: readonly CatalogServer[]
  readonly tools: readonly CatalogTool[]
  readonly agents: readonly CatalogAgent[]
  readonly direct: DirectTools
  readonly everything: Scope
}

/** The catalog's indexes. Maps, never objects: `constructor` is a name like any other. */
export class RegisteredCatalog implements Catalog {
  readonly digest: string
  readonly document: RegistryDocument
  readonly servers: readonly CatalogServer[]
  readonly tools: readonly CatalogTool[]
  readonly agents: readonly CatalogAgent[]
  readonly everything: Scope
  readonly #direct: DirectTools
  readonly #toolsByName: ReadonlyMap<string, readonly CatalogTool[]>
  readonly #agentsByName: ReadonlyMap<string, readonly CatalogAgent[]>
  /** Undefined for an address that several agents share. */
  readonly #agentsByUrl = new Map<string, CatalogAgent | undefined>()

  constructor(parts: CatalogParts) {
    this.digest = parts.digest
    this.document = parts.document
    this.servers = parts.servers
    this.tools = parts.tools
    this.agents = parts.agents
    this.everything = parts.everything
    this.#direct = parts.direct
    this.#toolsByName = byName(parts.tools)
    this.#agentsByName = byName(parts.agents)
    for (const agent of parts.agents) {
      const url = agent.entity.card["url"]
      if (typeof url !== "string") continue
      this.#agentsByUrl.set(url, this.#agentsByUrl.has(url) ? undefined : agent)
    }
  }

  get unknownCallerPolicy() {
    return this.document.unknownCallerPolicy
  }

  scopeOf(agent: CatalogAgent | undefined): Scope {
    return agent?.scope ?? this.everything
  }

  toolsNamed(name: string): readonly CatalogTool[] {
    return this.#toolsByName.get(name) ?? []
  }

  tool(name: string, version: string | undefined): CatalogTool | undefined {
    return this.toolsNamed(name).find((tool) => tool.version === version)
  }

  directTool(server: string, version: string | undefined, tool: string): CatalogTool | undefined {
    return this.#direct.get(directKey(server, version, tool))
  }

  findAgent(name: string, version: string | undefined): AgentMatch {
    const named = this.#agentsByName.get(name) ?? []
    const exact = named.find((agent) => agent.version === version)
    if (exact !== undefined) return { found: true, agent: exact, versionAssumed: false }
    const [first] = named
    if (version === undefined && first !== undefined && named.length === 1)
      return { found: true, agent: first, versionAssumed: true }
    // An agent without a version stands for every version of its name.
    const unversioned = named.find((agent) => agent.version === undefined)
    if (unversioned !== undefined) return { found: true, agent: unversioned, versionAssumed: false }
    return { found: false, registered: named.flatMap(({ version: known }) => known ?? []) }
  }

  agentByUrl(url: string): CatalogAgent | undefined {
    return this.#agentsByUrl.get(url)
  }
}

/** Highest version first. */
export function byName<T extends { readonly name: string; readonly version: string | undefined }>(
  entities: readonly T[],
): ReadonlyMap<string, readonly T[]> {
  const index = new Map<string, T[]>()
  for (const entity of entities) {
    const same = index.get(entity.name)
    if (same === undefined) index.set(entity.name, [entity])
    else same.push(entity)
  }
  for (const same of index.values())
    if (same.length > 1) same.sort((left, right) => highestFirst(refOf(left), refOf(right)))
  return index
}
