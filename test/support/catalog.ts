import type {
  AgentMatch,
  Catalog,
  CatalogAgent,
  CatalogServer,
  CatalogTool,
  Scope,
  SourceImplementation,
} from "../../src/registry/catalog.ts"
import type { UnknownCallerPolicy } from "../../src/registry/model.ts"
import type { JsonObject, JsonSchema } from "../../src/schema/json.ts"

/** What a test says of a tool; everything has a plain default. */
export interface ToolSketch {
  readonly inputSchema?: JsonObject
  readonly outputSchema?: JsonSchema
  readonly outputTransform?: JsonObject
  readonly contract?: JsonSchema
  readonly defaults?: JsonObject
  readonly hidden?: readonly string[]
  readonly unavailable?: string
  readonly composition?: true
  /** As `name@version`; without it, all tools are on one server. */
  readonly server?: string
  readonly tags?: readonly string[]
  readonly annotations?: JsonObject
}

export interface CatalogSketch {
  /** By `name@version`; the later of two versions is the higher. */
  readonly tools?: Readonly<Record<string, ToolSketch>>
  /** By `name@version`: the tools it depends on. */
  readonly agents?: Readonly<Record<string, readonly string[]>>
  /** Card URLs, by agent. */
  readonly urls?: Readonly<Record<string, string>>
  readonly policy?: UnknownCallerPolicy
}

/** A catalog as the registry would make it, for tests that are about callers and calls and not about documents. */
export function sketchCatalog(sketch: CatalogSketch): Catalog {
  const servers = new Map<string, CatalogServer>()
  const serverOf = (id: string) => {
    const server = servers.get(id) ?? sketchServer(id)
    servers.set(id, server)
    return server
  }
  const tools = Object.entries(sketch.tools ?? {}).map(([id, tool]) =>
    sketchTool(id, tool, serverOf(tool.server ?? "server@1.0.0")),
  )
  const byId = new Map(tools.map((tool) => [idOf(tool), tool]))
  const agents = Object.entries(sketch.agents ?? {}).map(([id, depends]) => {
    const scope = depends.flatMap((name) => byId.get(name) ?? [])
    return sketchAgent(id, scope, sketch.urls?.[id])
  })
  const named = (name: string) => tools.filter((tool) => tool.name === name).reverse()
  const everything = scopeOf(tools.flatMap(({ name }) => named(name)[0] ?? []))
  return {
    digest: "sha256:test",
    document: { schemaVersion: "2.0", schemas: [], servers: [], tools: [], agents: [], extra: {} },
    unknownCallerPolicy: sketch.policy,
    servers: [...servers.values()],
    tools,
    agents,
    toolsNamed: named,
    tool: (name, version) => tools.find((tool) => tool.name === name && tool.version === version),
    directTool: () => undefined,
    findAgent: (name, version) => findAgent(agents, name, version),
    agentByUrl: (url) => {
      const [agent, ...others] = agents.filter(({ entity }) => entity.card["url"] === url)
      return others.length === 0 ? agent : undefined
    },
    everything,
    scopeOf: (agent) => agent?.scope ?? everything,
  }
}

const idOf = ({ name, version }: { name: string; version: string | undefined }) =>
  version === undefined ? name : `${name}@${version}`

const split = (id: string): { name: string; version: string | undefined } => {
  const [name = "", version] = id.split("@")
  return { name, version }
}

const refOf = ({ name, version }: ReturnType<typeof split>) =>
  version === undefined ? { name } : { name, version }

const scopeOf = (tools: readonly CatalogTool[]): Scope => ({
  tools: new Map(
    tools.toSorted((a, b) => (a.name < b.name ? -1 : 1)).map((tool) => [tool.name, tool]),
  ),
})

function sketchAgent(id: string, tools: readonly CatalogTool[], url?: string): CatalogAgent {
  const ref = split(id)
  const card = url === undefined ? {} : { url }
  return { ...ref, entity: { ...refOf(ref), card, skills: [] }, scope: scopeOf(tools) }
}

const sketchServer = (id: string): CatalogServer => {
  const ref = split(id)
  return { ...ref, entity: { ...refOf(ref), provides: [], extra: {} } }
}

function sketchTool(id: string, sketch: ToolSketch, server: CatalogServer): CatalogTool {
  const ref = split(id)
  const { inputSchema = { type: "object" }, outputSchema, outputTransform, unavailable } = sketch
  return {
    ...ref,
    entity: {
      ...refOf(ref),
      extra: {},
      ...(outputTransform && { outputTransform }),
      ...(sketch.tags && { tags: sketch.tags }),
    },
    implementation: sketch.composition
      ? { kind: "composition", pattern: "pipeline", direct: [] }
      : sketchSource(ref.name, sketch, server),
    shown: {
      title: undefined,
      description: undefined,
      inputSchema,
      outputSchema,
      annotations: sketch.annotations,
    },
    unavailable,
  }
}

function sketchSource(
  name: string,
  sketch: ToolSketch,
  server: CatalogServer,
): SourceImplementation {
  return {
    kind: "source",
    server,
    choice: undefined,
    tool: `backend_${name}`,
    defaults: sketch.defaults ?? {},
    perCaller: new Map(),
    hidden: new Set(sketch.hidden),
    inputSchema: sketch.contract,
  }
}

function findAgent(
  agents: readonly CatalogAgent[],
  name: string,
  version: string | undefined,
): AgentMatch {
  const versions = agents.filter((agent) => agent.name === name)
  const exact = versions.find((agent) => agent.version === version || agent.version === undefined)
  if (exact) return { found: true, agent: exact, versionAssumed: false }
  const [only, ...more] = versions
  if (version === undefined && only && more.length === 0) {
    return { found: true, agent: only, versionAssumed: true }
  }
  return { found: false, registered: versions.map((agent) => agent.version ?? "") }
}
