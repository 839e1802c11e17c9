/**
 * The registry as a graph: what there is, what each thing needs, and why. SBOMs and drawings are printed from it, so
 * there is nothing in it that must not leave the house: no values or names of hidden arguments, no credentials, no
 * metadata but what is named here.
 */
export interface Graph {
  /** The id of the registry, or of the entity that the graph was cut out around. */
  readonly root: string
  /** In the order of their ids. */
  readonly nodes: readonly Node[]
  /** In the order of `from`, `to`, `why`, `skill`. Both ends are nodes, and no edge leads back to where it begins. */
  readonly edges: readonly Edge[]
  /** What is referred to and not registered: a document may have some where its configuration allows it. */
  readonly unresolved: readonly Unresolved[]
}

export type Node =
  | RegistryNode
  | AgentNode
  | ToolNode
  | ServerNode
  | SchemaNode
  | PackageNode
  | ModelNode
export type NodeKind = Node["kind"]

interface Common {
  /** `urn:postern:<kind>:<name>:<version>`, where no version is `unversioned`; the registry's is `urn:postern:registry`. */
  readonly id: string
  readonly name: string
  readonly version: string | undefined
  readonly description: string | undefined
  /** `sha256:` and 64 hex digits; packages and models, which the registry only names, have none. */
  readonly digest: string | undefined
}

/** What the registry registers, and may say of it. */
interface Registered extends Common {
  readonly digest: string
  /** What to use instead, "" where that is not said; undefined for what is not deprecated. */
  readonly deprecated: string | undefined
  /** `metadata.license`, as it is written. */
  readonly license: string | undefined
  /** `metadata.supplier` */
  readonly supplier: Party | undefined
}

/** Its version is the beginning of its digest, which is over the digests of all that is registered. */
export interface RegistryNode extends Common {
  readonly kind: "registry"
  readonly version: string
  readonly digest: string
}

export interface AgentNode extends Registered {
  readonly kind: "agent"
  /** The ids of its skills, in the order of the card. */
  readonly skills: readonly string[]
  /** Where its card says that it is: origin and path. */
  readonly url: string | undefined
}

export interface ToolNode extends Registered {
  readonly kind: "tool"
  /** The pattern of a composition; undefined for the tool of a server. */
  readonly pattern: string | undefined
  /** The names under which its servers know it, in their order; none for a composition. */
  readonly sourceTools: readonly string[]
}

export interface ServerNode extends Registered {
  readonly kind: "server"
}

export interface SchemaNode extends Registered {
  readonly kind: "schema"
  /** The JSON Schema as canonical JSON (RFC 8785): what the digest is taken of. */
  readonly text: string
}

/** The software that implements a server, by the `metadata` of the server: `purl`, `license`, `supplier`. */
export interface PackageNode extends Common {
  readonly kind: "package"
  readonly purl: string
  readonly license: string | undefined
  readonly supplier: Party | undefined
}

/** The model that an agent runs on, by the `metadata.model` of its card. */
export interface ModelNode extends Common {
  readonly kind: "model"
  readonly purl: string | undefined
  readonly supplier: Party | undefined
}

export interface Party {
  readonly name: string
  readonly url: string | undefined
  readonly email: string | undefined
}

/** `from` needs `to`; the registry has it. */
export interface Edge {
  readonly from: string
  readonly to: string
  readonly why: Why
  /** Of a dependency on an agent: the skill that is called. */
  readonly skill: string | undefined
}

export type Why =
  /** The registry has it, and nothing else in the registry leads there. Agents and servers it always leads to. */
  | "registers"
  /** It may call the tool or agent. */
  | "depends"
  /** Calls of the tool go to the server. */
  | "source"
  /** The composition calls a tool of the server past the registry. */
  | "direct"
  /** The agent is reached as an MCP server. */
  | "endpoint"
  | "inputSchema"
  | "outputSchema"
  | "$ref"
  | "implementation"
  | "model"

export interface Unresolved {
  readonly from: string
  readonly kind: "agent" | "tool" | "server" | "schema"
  readonly name: string
  readonly version: string | undefined
}

export const registryId = "urn:postern:registry"

/** Stands for the version of what is registered without one. */
export const unversioned = "unversioned"

/** The id of a node. Names and versions are what the registry allows: they hold no `:`. */
export const nodeId = (kind: NodeKind, name: string, version: string | undefined): string =>
  `urn:postern:${kind}:${name}:${version ?? unversioned}`

/** The order of ids, the same on every machine. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0
  return left < right ? -1 : 1
}
