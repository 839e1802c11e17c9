import type { Catalog, CatalogServer } from "../../registry/catalog.ts"
import type { Caller } from "../caller.ts"
import type { ChangingList } from "../following.ts"
import type { Gateway } from "../gateway.ts"
import { reachOf } from "../permit.ts"
import { isExposedTo } from "../server-rules.ts"
import { reachFor } from "./offers.ts"

/**
 * The servers whose own lists make up a caller's lists. Not those of the registry's tools: their list is the
 * registry's, whatever their server says.
 */
export function interestsOf(
  catalog: Catalog,
  caller: Caller,
  { backends, levels, rules }: Pick<Gateway, "backends" | "levels" | "rules">,
): Readonly<Record<ChangingList, readonly CatalogServer[]>> {
  const reach = reachOf(catalog, caller, levels, rules(catalog))
  const exposed = reach.filter(
    ({ rule: { expose } }) => expose !== undefined && isExposedTo(expose, caller.agent),
  )
  return {
    tools: exposed.map(({ server }) => server),
    prompts: reachFor("prompts", reach, backends).map(({ server }) => server),
    resources: reachFor("resources", reach, backends).map(({ server }) => server),
  }
}
