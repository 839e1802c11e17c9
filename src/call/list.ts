import type { Catalog, CatalogTool, Scope } from "../registry/catalog.ts"
import type { Caller } from "./caller.ts"
import { inCallersNames, nameApps, type Seer } from "./content/app-tools.ts"
import type { Gateway, Levels } from "./gateway.ts"
import type { Inquiry } from "./inquiry.ts"
import { permit, scopeOf } from "./permit.ts"
import { ok, type Result } from "./refusal.ts"
import { withCaller } from "./with-caller.ts"

/** What a caller is shown of a catalog. */
export interface Listing {
  readonly caller: Caller
  readonly catalog: Catalog
  /** In name order. The same array for the same scope: what is made from it can be kept beside it (a WeakMap). */
  readonly tools: readonly CatalogTool[]
}

/**
 * `tools/list`: what {@link permit} would let this caller call. No backend is asked but those that expose their tools to
 * this caller, and these not for long. One audit record.
 */
export function list(inquiry: Inquiry, gateway: Gateway): Promise<Result<Listing>> {
  return withCaller(
    {
      inquiry,
      answer(caller, catalog, facts) {
        const tell = (known: Catalog) => {
          const seer = { caller, catalog: known, evidence: inquiry.evidence }
          const told = (tools: readonly CatalogTool[]) => {
            facts.note = { listed: tools.length }
            return ok({ caller, catalog: known, tools })
          }
          const tools = shownTools(seer, gateway)
          return tools instanceof Promise ? tools.then(told) : told(tools)
        }
        const learned = gateway.learn?.(catalog, caller.agent)
        return learned === undefined ? tell(catalog) : learned.then(tell)
      },
      kind: () => "list",
    },
    gateway,
  )
}

/** What a caller is shown. Nobody asked, so nothing is recorded. */
export function shownTools(
  seer: Seer,
  gateway: Gateway,
): readonly CatalogTool[] | Promise<readonly CatalogTool[]> {
  const tools = visibleTools(seer.catalog, seer.caller, gateway.levels)
  return nameApps(tools) ? inCallersNames(tools, seer, gateway) : tools
}

/** What a scope comes to under one gateway's levels. Permits are pure, so it is worked out once. */
const shown = new WeakMap<Levels, WeakMap<Scope, readonly CatalogTool[]>>()

/** What {@link permit} would let this caller call, under the names of its definitions. */
export function visibleTools(
  catalog: Catalog,
  caller: Caller,
  levels: Levels,
): readonly CatalogTool[] {
  const scope = scopeOf(catalog, caller, levels)
  if (scope === undefined) return none
  const known = shown.get(levels) ?? new WeakMap<Scope, readonly CatalogTool[]>()
  shown.set(levels, known)
  const tools = known.get(scope) ?? permitted(catalog, caller, scope, levels)
  known.set(scope, tools)
  return tools
}

const permitted = (catalog: Catalog, caller: Caller, scope: Scope, levels: Levels) =>
  [...scope.tools.keys()].flatMap((name) => {
    const answer = permit(catalog, caller, name, levels)
    return answer.ok ? [answer.value.tool] : []
  })

const none: readonly CatalogTool[] = []
