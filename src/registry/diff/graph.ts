import type { Catalog } from "../catalog.ts"
import type { Details } from "../details.ts"
import {
  type AgentEntity,
  type Dependency,
  type Ref,
  refKey,
  refOf,
  serversOf,
  type ToolEntity,
} from "../model.ts"
import type { Contract } from "./shown.ts"

/** An entity of a document, or a part of one. */
export interface Node extends Ref {
  readonly kind: EntityKind | "skill" | "provision"
  /** The skill of the agent, or the tool of the server, that `name` and `version` are of. */
  readonly part?: string
}

export type EntityKind = "schema" | "server" | "tool" | "agent"

/** What uses what, the other way round: for each node those that name it themselves. */
export type Users = ReadonlyMap<string, readonly Use[]>

export interface Use {
  readonly by: Node
  /** How a schema is used. */
  readonly as?: "taken" | "given"
}

export const nodeKey = ({ kind, name, version, part }: Node): string =>
  `${kind} ${refKey(name, version)}${part === undefined ? "" : `#${part}`}`

/** All uses in a sound document. */
export function usersIn(catalog: Catalog, details: Details): Users {
  const { document } = catalog
  const uses = new UseBook(catalog, details)
  for (const { schema, ...entity } of document.schemas)
    uses.schemas(nodeOf("schema", entity), schema, undefined)
  for (const server of document.servers)
    for (const provision of server.provides)
      uses.contract(uses.provision(server, provision.tool), provision)
  for (const tool of document.tools) uses.tool(tool)
  for (const agent of document.agents) uses.agent(agent)
  return uses.users
}

/** The node of an entity, or of its part. */
export const nodeOf = (kind: Node["kind"], { name, version }: Ref, part?: string): Node => ({
  kind,
  name,
  ...(version !== undefined && { version }),
  ...(part !== undefined && { part }),
})

class UseBook {
  readonly users = new Map<string, Use[]>()
  readonly #details: Details
  readonly #there: ReadonlySet<string>
  readonly #provisions = new Set<string>()

  constructor({ document }: Catalog, details: Details) {
    this.#details = details
    this.#there = new Set(
      [
        document.servers.map((one) => nodeOf("server", one)),
        document.tools.map((one) => nodeOf("tool", one)),
        document.agents.map((one) => nodeOf("agent", one)),
      ]
        .flat()
        .map(nodeKey),
    )
  }

  tool(tool: ToolEntity): void {
    const by = nodeOf("tool", tool)
    this.contract(by, tool)
    const { source } = tool
    for (const { server, serverVersion, tool: named } of source ? serversOf(source) : [])
      this.#server(server, serverVersion, named ?? source?.tool, by)
    for (const { kind, server, serverVersion, name } of this.#details.calls(tool))
      if (kind === "direct") this.#server(server, serverVersion, name, by)
    this.#depends(by, tool.depends)
  }

  agent(agent: AgentEntity): void {
    const node = nodeOf("agent", agent)
    this.#depends(node, agent.depends)
    for (const skill of agent.skills) {
      const by = nodeOf("skill", agent, skill.id)
      this.contract(by, skill)
      this.#add(node, { by })
    }
  }

  /** A tool that a server provides, which is something of the server. */
  provision(server: Ref, tool: string): Node {
    const node = nodeOf("provision", server, tool)
    if (!this.#provisions.has(nodeKey(node))) this.#add(nodeOf("server", server), { by: node })
    this.#provisions.add(nodeKey(node))
    return node
  }

  contract(by: Node, { inputSchema, outputSchema }: Contract): void {
    if (inputSchema !== undefined) this.schemas(by, inputSchema, "taken")
    if (outputSchema !== undefined) this.schemas(by, outputSchema, "given")
  }

  schemas(by: Node, schema: Parameters<Details["references"]>[0], as: Use["as"]): void {
    for (const entity of this.#details.references(schema))
      this.#add(nodeOf("schema", entity), { by, ...(as !== undefined && { as }) })
  }

  #server(
    name: string | undefined,
    version: string | undefined,
    tool: string | undefined,
    by: Node,
  ): void {
    if (name === undefined || tool === undefined) return
    this.#add(this.provision(this.#meant("server", name, version), tool), { by })
  }

  #depends(by: Node, depends: readonly Dependency[] = []): void {
    for (const { type, name, version, skill } of depends) {
      const target = this.#meant(type, name, version)
      if (type === "tool" || skill === undefined) this.#add(target, { by })
      else this.#add(nodeOf("skill", target, skill), { by })
    }
  }

  /** An entity without a version stands for every one of its name. */
  #meant(kind: Node["kind"], name: string, version: string | undefined): Node {
    const exact = nodeOf(kind, refOf({ name, version }))
    return this.#there.has(nodeKey(exact)) ? exact : { kind, name }
  }

  #add(target: Node, use: Use): void {
    const key = nodeKey(target)
    const known = this.users.get(key)
    if (known === undefined) this.users.set(key, [use])
    else known.push(use)
  }
}

/** Something that a change reaches, and on which way. */
export interface Reached {
  readonly node: Node
  /** From what uses the changed entity itself to `node`. */
  readonly path: readonly Node[]
}

/** Everything that uses one of `from`, itself or through others, nearest first, each on one shortest way. */
export function* reachedFrom(from: readonly Node[], users: Users): Generator<Reached> {
  const seen = new Set(from.map(nodeKey))
  const queue: Reached[] = from.map((node) => ({ node, path: [] }))
  for (const { node, path } of queue)
    for (const { by } of users.get(nodeKey(node)) ?? []) {
      const key = nodeKey(by)
      if (seen.has(key)) continue
      seen.add(key)
      const reached = { node: by, path: [...path, by] }
      queue.push(reached)
      yield reached
    }
}
