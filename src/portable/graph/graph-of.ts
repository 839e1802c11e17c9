import type { Catalog, CatalogTool } from "../../registry/catalog.ts"
import {
  type AgentEntity,
  type Dependency,
  type JsonSchema,
  type Ref,
  refOf,
  type SchemaEntity,
  type ServerEntity,
  serversOf,
  type ToolEntity,
  written,
} from "../../registry/model.ts"
import { step } from "../../registry/normalise/pointer.ts"
import { Named } from "../../registry/resolve/named.ts"
import { lookUp } from "../../registry/resolve/rule.ts"
import { registryRefs } from "../../registry/schemas/registry-refs.ts"
import type { Model } from "./facts.ts"
import {
  compareText,
  type Edge,
  type Graph,
  type Node,
  nodeId,
  registryId,
  type Unresolved,
  type Why,
} from "./graph.ts"
import {
  agentNode,
  modelNode,
  nodeOfModel,
  packageNode,
  registryNode,
  schemaNode,
  serverNode,
  toolNode,
} from "./nodes.ts"
import { outgoing, reach } from "./slice.ts"

export interface GraphOptions {
  /** What the registry is called. */
  readonly name: string
  /** What agents run on whose cards do not say it. */
  readonly model?: Model
}

/**
 * The graph of a registry: the same for the same content, whatever the order in which the document has it. Versions are
 * those that references were resolved to, so the edges are what the gateway enforces.
 */
export function graphOf(catalog: Catalog, { name, model }: GraphOptions): Graph {
  const drawing = new Drawing(catalog)
  const { document } = catalog
  for (const entity of document.schemas) drawing.schema(entity)
  // Of two that name one package or model, the first may say more of it.
  for (const entity of document.servers.toSorted(compareRefs)) drawing.server(entity)
  for (const tool of catalog.tools) drawing.tool(tool)
  for (const entity of document.agents.toSorted(compareRefs)) drawing.agent(entity, model)
  return drawing.graph(name)
}

interface Contract {
  readonly inputSchema?: JsonSchema | undefined
  readonly outputSchema?: JsonSchema | undefined
}

type RefKind = Unresolved["kind"]

class Drawing {
  readonly #catalog: Catalog
  readonly #registered: Readonly<Record<RefKind, Named<Ref>>>
  readonly #servers: Named<ServerEntity>
  readonly #nodes = new Map<string, Node>()
  readonly #edges = new Map<string, Edge>()
  readonly #unresolved = new Map<string, Unresolved>()

  constructor(catalog: Catalog) {
    const { schemas, servers, tools, agents } = catalog.document
    this.#catalog = catalog
    this.#servers = named(servers)
    this.#registered = {
      schema: named(schemas),
      server: this.#servers,
      tool: named(tools),
      agent: named(agents),
    }
  }

  schema(entity: SchemaEntity): void {
    const { id } = this.#node(schemaNode(entity))
    this.#refs(id, "$ref", entity.schema)
  }

  server(entity: ServerEntity): void {
    const { id } = this.#node(serverNode(entity))
    for (const provision of entity.provides) this.#contract(id, provision)
    const software = packageNode(entity)
    if (software !== undefined) this.#edge(id, this.#node(software).id, "implementation")
  }

  tool(tool: CatalogTool): void {
    const { id } = this.#node(toolNode(tool))
    const { entity, implementation } = tool
    this.#contract(id, this.#shownContract(entity))
    for (const { server, serverVersion } of entity.source ? serversOf(entity.source) : [])
      this.#reference(id, "source", "server", refOf({ name: server, version: serverVersion }))
    for (const dependency of entity.depends ?? []) this.#depends(id, dependency)
    if (implementation.kind === "composition")
      for (const { entity: server } of implementation.direct)
        this.#reference(id, "direct", "server", server)
  }

  agent(entity: AgentEntity, assumed: Model | undefined): void {
    const { id } = this.#node(agentNode(entity))
    for (const skill of entity.skills) this.#contract(id, skill)
    for (const dependency of entity.depends ?? []) this.#depends(id, dependency)
    const mcp = step(step(entity.card, "endpoint"), "mcp")
    const server = step(mcp, "server")
    const version = step(mcp, "serverVersion")
    if (typeof server === "string")
      this.#reference(id, "endpoint", "server", refOf({ name: server, version: textOf(version) }))
    const model = modelNode(entity) ?? (assumed && nodeOfModel(assumed))
    if (model !== undefined) this.#edge(id, this.#node(model).id, "model")
  }

  graph(name: string): Graph {
    const nodes = [...this.#nodes.values()].sort((a, b) => compareText(a.id, b.id))
    const own = [...this.#edges.values()]
    const registered = registers(nodes, own)
    const root = registryNode(name, nodes, this.#catalog)
    return {
      root: registryId,
      nodes: [...nodes, root].sort((a, b) => compareText(a.id, b.id)),
      edges: [...own, ...registered].sort(compareEdges),
      unresolved: [...this.#unresolved.entries()]
        .sort(([left], [right]) => compareText(left, right))
        .map(([, one]) => one),
    }
  }

  #node(node: Node): Node {
    const known = this.#nodes.get(node.id)
    if (known !== undefined) return known
    this.#nodes.set(node.id, node)
    return node
  }

  #edge(from: string, to: string, why: Why, skill?: string): void {
    if (from === to) return // a schema may be recursive
    this.#edges.set(JSON.stringify([from, to, why, skill ?? null]), { from, to, why, skill })
  }

  #reference(from: string, why: Why, kind: RefKind, ref: Ref, skill?: string): void {
    const outcome = lookUp(this.#registered[kind], ref.name, ref.version)
    if (outcome.kind === "found") {
      const { name, version } = outcome.entity
      this.#edge(from, nodeId(kind, name, version), why, skill)
      return
    }
    const { name, version } = ref
    this.#unresolved.set(JSON.stringify([from, kind, name, version ?? null]), {
      from,
      kind,
      name,
      version,
    })
  }

  #depends(from: string, { type, name, version, skill }: Dependency): void {
    this.#reference(from, "depends", type, refOf({ name, version }), skill)
  }

  #contract(from: string, { inputSchema, outputSchema }: Contract): void {
    this.#refs(from, "inputSchema", inputSchema)
    this.#refs(from, "outputSchema", outputSchema)
  }

  #refs(from: string, why: Why, schema: JsonSchema | undefined): void {
    if (schema === undefined) return
    for (const { name, version } of registryRefs(schema))
      this.#reference(from, why, "schema", refOf({ name, version }))
  }

  /** Its own schemas, or where it has none those of its first server, which callers are then shown. */
  #shownContract(entity: ToolEntity): Contract {
    const { source, inputSchema, outputSchema, outputTransform } = entity
    const [first] = source === undefined ? [] : serversOf(source)
    const found = first && lookUp(this.#servers, first.server, first.serverVersion)
    const server = found?.kind === "found" ? found.entity : undefined
    const provision = server?.provides.find(({ tool }) => tool === (first?.tool ?? source?.tool))
    const inherited = outputTransform === undefined ? provision?.outputSchema : undefined
    return {
      inputSchema: inputSchema ?? provision?.inputSchema,
      outputSchema: outputSchema ?? inherited,
    }
  }
}

/**
 * What the registry leads to: every agent and server, and of the rest as little as makes everything reachable. What
 * nobody leads to comes first; then of things that lead to each other in a circle the first.
 */
function registers(nodes: readonly Node[], edges: readonly Edge[]): readonly Edge[] {
  const targets = new Set(edges.map(({ to }) => to))
  const always = nodes.filter(({ kind }) => kind === "agent" || kind === "server")
  const unused = nodes.filter(({ id }) => !targets.has(id))
  const begun = new Set([...always, ...unused].map(({ id }) => id))
  const next = outgoing(edges)
  const reached = new Set<string>()
  reach(reached, begun, next)
  for (const { id } of nodes) {
    if (reached.has(id)) continue
    begun.add(id)
    reach(reached, [id], next)
  }
  return [...begun].map((to) => ({ from: registryId, to, why: "registers", skill: undefined }))
}

const compareRefs = (left: Ref, right: Ref): number => compareText(written(left), written(right))

const compareEdges = (left: Edge, right: Edge): number =>
  compareText(left.from, right.from) ||
  compareText(left.to, right.to) ||
  compareText(left.why, right.why) ||
  compareText(left.skill ?? "", right.skill ?? "")

function named<T extends Ref>(entities: readonly T[]): Named<T> {
  const index = new Named<T>()
  for (const entity of entities) index.add(entity)
  return index
}

const textOf = (value: unknown): string | undefined =>
  typeof value === "string" ? value : undefined
