import type { Catalog, CatalogTool, Scope, SourceImplementation } from "../registry/catalog.ts"
import type { Caller } from "./caller.ts"
import { missingFor } from "./caller-defaults.ts"
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
  /** In name order. The same array for all who are shown the same: what is made from it can be kept beside it (a WeakMap). */
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

/** What a scope comes to. Permits are pure, so it is worked out once for all callers that can prove the same. */
interface Shown {
  /** Its tools that need something of their caller; few have any. */
  readonly needy: readonly SourceImplementation[]
  /** Its tools that some rule is about. */
  readonly ruled: readonly CatalogTool[]
  /** By which of those have what they need, and which of these no rule hides. */
  readonly lists: Map<string, readonly CatalogTool[]>
  /** Where there are rules: callers are frozen, and the same evidence is the same one. */
  readonly ofCaller: WeakMap<Caller, readonly CatalogTool[]>
}

/** Under one gateway's levels. */
const shown = new WeakMap<Levels, WeakMap<Scope, Shown>>()

/** More lists of one scope are not kept. */
const listsMax = 64

/** What {@link permit} would let this caller call, under the names of its definitions. */
export function visibleTools(
  catalog: Catalog,
  caller: Caller,
  levels: Levels,
): readonly CatalogTool[] {
  const scope = scopeOf(catalog, caller, levels)
  if (scope === undefined) return none
  const known = shown.get(levels) ?? new WeakMap<Scope, Shown>()
  shown.set(levels, known)
  const { lists, needy, ofCaller, ruled } = known.get(scope) ?? begin(known, scope, levels)
  const mine = ofCaller.get(caller)
  if (mine !== undefined) return mine
  const has = needy.map((one) => (missingFor(one, caller) === undefined ? 1 : 0)).join("")
  const left = ruled.map((tool) => (isHidden(tool, caller, levels) ? 0 : 1)).join("")
  const key = `${has} ${left}`
  const tools = lists.get(key) ?? permitted(catalog, caller, scope, levels)
  if (lists.size < listsMax) lists.set(key, tools)
  if (ruled.length > 0) ofCaller.set(caller, tools)
  return tools
}

const isHidden = (tool: CatalogTool, caller: Caller, { toolRules }: Levels): boolean =>
  toolRules?.judge({ caller, tool, via: undefined }, undefined).denial !== undefined

function begin(known: WeakMap<Scope, Shown>, scope: Scope, { toolRules }: Levels): Shown {
  const needy = [...scope.tools.values()].flatMap(({ implementation }) =>
    implementation.kind === "source" && implementation.perCaller.size > 0 ? [implementation] : [],
  )
  const ruled = toolRules?.about(scope) ?? none
  const made = { needy, ruled, lists: new Map(), ofCaller: new WeakMap() }
  known.set(scope, made)
  return made
}

const permitted = (catalog: Catalog, caller: Caller, scope: Scope, levels: Levels) =>
  [...scope.tools.keys()].flatMap((name) => {
    const answer = permit(catalog, caller, name, levels)
    return answer.ok ? [answer.value.tool] : []
  })

const none: readonly CatalogTool[] = []
