import type { Catalog } from "../../registry/catalog.ts"
import type { Evidence } from "../caller.ts"
import type { Finding } from "./finding.ts"

/**
 * What a client says of itself. MCP 2026-07-28: not to be relied on for security. It is never more than a claim, and a
 * name that no registered agent has is the name of a program, not of an agent.
 */
export function findClientInfo(
  { clientInfo }: Pick<Evidence, "clientInfo">,
  catalog: Catalog,
): Finding | undefined {
  if (clientInfo === undefined) return
  const { name, version } = clientInfo
  const isLabel = !isRegistered(catalog, name)
  return { source: "clientInfo", trust: "claimed", name, version, isLabel }
}

/** In any version. */
function isRegistered(catalog: Catalog, name: string): boolean {
  const match = catalog.findAgent(name, undefined)
  return match.found || match.registered.length > 0
}
