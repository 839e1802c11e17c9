import { nodeId } from "../../portable/graph/graph.ts"
import type { Extra, Property } from "../../portable/sbom/inventory.ts"
import type { Catalog, CatalogTool } from "../../registry/catalog.ts"
import { refOf, serversOf } from "../../registry/model.ts"
import { type Lock, serverPin } from "../../registry/pins/lock.ts"

/** The digests that the definitions of servers' tools are pinned to, by the tools that are made of them. */
export const pinnedExtras = (
  { tools }: Pick<Catalog, "tools">,
  lock: Lock,
): ReadonlyMap<string, Extra> => new Map(tools.map((tool) => [idOf(tool), extraOf(tool, lock)]))

const idOf = ({ name, version }: CatalogTool): string => nodeId("tool", name, version)

function extraOf({ entity: { source } }: CatalogTool, lock: Lock): Extra {
  const among = source === undefined ? [] : serversOf(source)
  const pinned = among.flatMap(({ server: name, serverVersion, tool }) => {
    const ref = refOf({ name, version: serverVersion })
    const pin = serverPin(lock, ref)?.tools.find((one) => one.name === (tool ?? source?.tool))
    return pin === undefined ? [] : [["pinned-digest", pin.digest] satisfies Property]
  })
  return { properties: pinned }
}
