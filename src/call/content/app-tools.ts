import type { Catalog, CatalogServer, CatalogTool } from "../../registry/catalog.ts"
import { asCaller } from "../as-caller.ts"
import type { Caller, Evidence } from "../caller.ts"
import type { Gateway } from "../gateway.ts"
import { reachOf } from "../permit.ts"
import { metaOf, uiOf } from "./links.ts"
import type { ResourceView } from "./resource-view.ts"
import { seeResources } from "./views.ts"

type Tools = readonly CatalogTool[]

/** Whether one of them says which resource shows it (MCP Apps). Only a tool that its server defines can. */
export function nameApps(tools: Tools): boolean {
  const known = naming.get(tools) ?? tools.some(namesApp)
  naming.set(tools, known)
  return known
}

const naming = new WeakMap<Tools, boolean>()
const namesApp = ({ definition }: CatalogTool): boolean => uiOf(definition?.["_meta"]) !== undefined

/**
 * The same tools, with those resources under this caller's names, so that it can read them. The same array as long as
 * the names are the same, so that what is derived from it can be cached.
 */
export async function inCallersNames(
  tools: Tools,
  { caller, catalog, evidence }: Seer,
  gateway: Gateway,
): Promise<Tools> {
  const reach = reachOf(catalog, caller, gateway.levels, gateway.rules(catalog))
  const backends = asCaller(gateway.backends, caller, evidence)
  const { view } = await seeResources(reach, backends, "known")
  const last = made.get(tools)
  if (last?.view === view) return last.tools
  const named = tools.map((tool) => (namesApp(tool) ? withName(tool, view) : tool))
  made.set(tools, { view, tools: named })
  return named
}

/** Who is shown them. */
export interface Seer {
  readonly caller: Caller
  readonly catalog: Catalog
  readonly evidence: Evidence
}

const made = new WeakMap<Tools, { readonly view: ResourceView; readonly tools: Tools }>()

function withName(tool: CatalogTool, view: ResourceView): CatalogTool {
  const { definition = {}, implementation } = tool
  if (implementation.kind !== "source") return tool
  const { server }: { readonly server: CatalogServer } = implementation
  const _meta = metaOf(definition["_meta"], (uri) => view.nameOf(server, uri))
  return { ...tool, definition: { ...definition, _meta } }
}
