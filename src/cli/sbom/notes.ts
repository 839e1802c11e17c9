import type { Graph, ModelNode, Node, PackageNode, Unresolved } from "../../portable/graph/graph.ts"
import { readPurl } from "../../portable/graph/purl.ts"
import type { Catalog } from "../../registry/catalog.ts"
import { type ServerEntity, written } from "../../registry/model.ts"
import { isObject, member } from "../../schema/json.ts"

/** What is in the registry and cannot be in its SBOM as it is written there, and what an auditor would miss. */
export const notesOn = (
  { document }: Pick<Catalog, "document">,
  { nodes, unresolved }: Graph,
): readonly string[] => [
  ...document.servers.flatMap(purlNote),
  ...nodes.filter(isForeign).flatMap(supplierNote),
  ...unresolved.map(unresolvedNote),
]

function purlNote(server: ServerEntity): readonly string[] {
  const purl = isObject(server.metadata) ? member(server.metadata, "purl") : undefined
  const isGood = purl === undefined || (typeof purl === "string" && readPurl(purl) !== undefined)
  return isGood
    ? []
    : [`server ${written(server)}: metadata.purl is no package URL, and is left out`]
}

function supplierNote({ id, kind, supplier }: PackageNode | ModelNode): readonly string[] {
  if (supplier !== undefined) return []
  const key =
    kind === "package" ? "metadata.supplier of the server" : "metadata.model.supplier of the agent"
  return [`${id} has no supplier: say it in ${key}`]
}

function unresolvedNote({ from, kind, name, version }: Unresolved): string {
  return `${from} refers to ${kind} ${written({ name, version })}, which is not registered: the SBOM is marked incomplete`
}

const isForeign = (node: Node): node is PackageNode | ModelNode =>
  node.kind === "package" || node.kind === "model"
