import type { Graph, ModelNode, Node, PackageNode } from "../../portable/graph/graph.ts"
import { readPurl } from "../../portable/graph/purl.ts"
import type { Catalog } from "../../registry/catalog.ts"
import { written } from "../../registry/model.ts"
import { isObject, member } from "../../schema/json.ts"

/** What is in the registry and cannot be in its SBOM as it is written there. */
export function* notesOn({ document }: Pick<Catalog, "document">, graph: Graph): Generator<string> {
  for (const server of document.servers) {
    const purl = isObject(server.metadata) ? member(server.metadata, "purl") : undefined
    if (purl === undefined) continue
    if (typeof purl !== "string" || readPurl(purl) === undefined)
      yield `server ${written(server)}: metadata.purl is no package URL, and is left out`
  }
  for (const { id, kind, supplier } of graph.nodes.filter(isForeign))
    if (supplier === undefined)
      yield `${id} has no supplier: say it in ${kind === "package" ? "metadata.supplier of the server" : "metadata.model.supplier of the agent"}`
  for (const { from, kind, name, version } of graph.unresolved) {
    const what = version === undefined ? name : `${name}@${version}`
    yield `${from} refers to ${kind} ${what}, which is not registered: the SBOM is marked incomplete`
  }
}

const isForeign = (node: Node): node is PackageNode | ModelNode =>
  node.kind === "package" || node.kind === "model"
