import type { CatalogServer } from "../../registry/catalog.ts"
import { asCaller } from "../as-caller.ts"
import type { BackendReply } from "../backends.ts"
import type { Way } from "../call.ts"
import { type Permit, reachOf } from "../permit.ts"
import { renamed } from "./links.ts"
import { seeResources } from "./views.ts"

type Result = Extract<BackendReply, { kind: "result" }>

/**
 * A tool's result with the resources that it names as this caller calls them, so that it can read them. What a composition
 * is told stays as it was: it is no caller, and reads nothing.
 */
export async function inCallersNames(
  reply: Result,
  {
    permit: { caller },
    server,
  }: { readonly permit: Permit; readonly server: CatalogServer | undefined },
  { kind, catalog, gateway, request }: Way,
): Promise<Result> {
  if (kind !== "call" || server === undefined) return reply
  const reach = reachOf(catalog, caller, gateway.levels, gateway.rules(catalog))
  const backends = asCaller(gateway.backends, caller, request.evidence)
  const { view } = await seeResources(reach, backends, "known")
  return renamed(reply, (uri) => view.nameOf(server, uri))
}
