import { createHash } from "node:crypto"
import type { Catalog, CatalogTool } from "../../registry/catalog.ts"
import type { AgentEntity, SchemaEntity, ServerEntity } from "../../registry/model.ts"
import { step } from "../../registry/normalise/pointer.ts"
import {
  agentDigest,
  digestOfAll,
  schemaDigest,
  schemaText,
  serverDigest,
  toolDigest,
} from "../../registry/write/entity-digest.ts"
import { factsOf, type Model, modelIn, purlIn, urlIn } from "./facts.ts"
import {
  type AgentNode,
  type ModelNode,
  type Node,
  nodeId,
  type PackageNode,
  type RegistryNode,
  registryId,
  type SchemaNode,
  type ServerNode,
  type ToolNode,
} from "./graph.ts"

export const schemaNode = (entity: SchemaEntity): SchemaNode => ({
  kind: "schema",
  ...identity("schema", entity),
  description: entity.description,
  digest: schemaDigest(entity),
  deprecated: deprecation(entity),
  ...factsOf(entity.metadata),
  text: schemaText(entity),
})

export const serverNode = (entity: ServerEntity): ServerNode => ({
  kind: "server",
  ...identity("server", entity),
  description: entity.description,
  digest: serverDigest(entity),
  deprecated: deprecation(entity),
  ...factsOf(entity.metadata),
})

export function toolNode(tool: CatalogTool): ToolNode {
  const { entity, implementation, shown } = tool
  const isSource = implementation.kind === "source"
  const among = isSource ? (implementation.choice?.among ?? [implementation]) : []
  return {
    kind: "tool",
    ...identity("tool", entity),
    description: shown.description,
    digest: toolDigest(tool),
    deprecated: deprecation(entity),
    ...factsOf(entity.metadata),
    pattern: isSource ? undefined : implementation.pattern,
    sourceTools: [...new Set(among.map(({ tool: name }) => name))],
  }
}

export function agentNode(entity: AgentEntity): AgentNode {
  const description = step(entity.card, "description")
  return {
    kind: "agent",
    ...identity("agent", entity),
    description: typeof description === "string" ? description : undefined,
    digest: agentDigest(entity),
    deprecated: deprecation(entity),
    ...factsOf(step(entity.card, "metadata")),
    skills: entity.skills.map(({ id }) => id),
    url: urlIn(entity.card),
  }
}

/** The software that the server's metadata names; its namespace is part of its name. */
export function packageNode({ metadata }: ServerEntity): PackageNode | undefined {
  const purl = purlIn(metadata)
  if (purl === undefined) return
  const { type, version, text } = purl
  const name = purl.namespace === undefined ? purl.name : `${purl.namespace}/${purl.name}`
  const id = nodeId("package", plain(`${type}/${name}`), version && plain(version))
  const unknown = { description: undefined, digest: undefined }
  return { kind: "package", id, name, version, ...unknown, purl: text, ...factsOf(metadata) }
}

/** The model that the agent's card names. */
export function modelNode({ card }: AgentEntity): ModelNode | undefined {
  const model = modelIn(step(card, "metadata"))
  return model && nodeOfModel(model)
}

export const nodeOfModel = ({ name, version, purl, supplier }: Model): ModelNode => ({
  kind: "model",
  id: nodeId("model", plain(name), version && plain(version)),
  name,
  version,
  description: undefined,
  digest: undefined,
  purl,
  supplier,
})

export function registryNode(
  name: string,
  nodes: readonly Node[],
  { document }: Catalog,
): RegistryNode {
  const digest = digestOfAll(
    nodes.flatMap((node) => (node.digest === undefined ? [] : [[node.id, node.digest] as const])),
  )
  const version = digest.slice("sha256:".length, "sha256:".length + 12)
  return {
    kind: "registry",
    id: registryId,
    name,
    version,
    description: document.description,
    digest,
  }
}

const identity = (
  kind: Node["kind"],
  { name, version }: { readonly name: string; readonly version?: string },
) => ({ id: nodeId(kind, name, version), name, version })

const deprecation = ({
  deprecated,
  deprecationMessage,
}: {
  readonly deprecated?: boolean
  readonly deprecationMessage?: string
}): string | undefined => (deprecated === true ? (deprecationMessage ?? "") : undefined)

const foreign = /[^A-Za-z0-9._+/-]/g

/** A name from elsewhere as part of an id: where characters had to be replaced, a digest keeps it apart from others. */
function plain(text: string): string {
  const made = text.replace(foreign, "-")
  if (made === text) return text
  return `${made}-${createHash("sha256").update(text).digest("hex").slice(0, 8)}`
}
