import { registered } from "../compose/plan/callee.ts"
import type { Target } from "../compose/plan/plan.ts"
import type { Authority } from "../compose/run/ports.ts"
import type { Catalog, CatalogServer, CatalogTool, Scope } from "../registry/catalog.ts"
import { type Ref, refOf, written } from "../registry/model.ts"
import type { JsonObject } from "../schema/json.ts"
import { allows, allowsUri } from "./allowance.ts"
import type { Caller } from "./caller.ts"
import { missingFor } from "./caller-defaults.ts"
import type { Levels, Withheld } from "./gateway.ts"
import { ok, type Refusal, type Result, refuse } from "./refusal.ts"
import type { Denial } from "./rules/tool-rules.ts"
import { isExposedTo, type ServerRule, type ServerRules } from "./server-rules.ts"
import { sourcesOf } from "./servers.ts"
import { unknownCallerLevel } from "./unknown-caller.ts"

declare const proof: unique symbol // a type without a value: no other file can name the key

/** Proof that this caller may use this tool, for one call. Only {@link permit} and {@link permitInside} make one. */
export interface Permit {
  readonly caller: Caller
  readonly tool: CatalogTool
  /** Why a strict configuration would have refused: for the audit. */
  readonly warnings: readonly string[]
  readonly [proof]: true
}

/**
 * May this caller use the tool of this name, and which version of it? Asked by `tools/list` for each tool and by every
 * call, so that the two cannot disagree. Pure; looks the tool up before it looks at rights, so that what is refused and
 * what does not exist take the same way.
 *
 * An agent has exactly what its `depends` resolved to, nothing transitive; an empty `depends` is nothing. Rules take away
 * from that; those that look at arguments are asked where there are any, which is to say by calls.
 */
export function permit(
  catalog: Catalog,
  caller: Caller,
  name: string,
  levels: Levels,
  args?: JsonObject,
): Result<Permit> {
  const scope = scopeOf(catalog, caller, levels)
  if (scope === undefined) {
    const reason = "callers that are not registered are denied"
    return refuse({ code: "unknown_caller", reason, challenge: false })
  }
  const declared = scope.tools.get(name)
  if (declared !== undefined)
    return grant(
      { caller, tool: declared, via: undefined, args },
      levels,
      declared.definition === undefined ? none : exposed,
    )
  const highest = catalog.toolsNamed(name)[0]
  if (highest === undefined) return refuse({ code: "unknown_tool", tool: name })
  // What is exposed to some is never more than that, whatever the level.
  const isOpen = highest.definition === undefined && levels.undeclaredDependency !== "deny"
  if (caller.agent === undefined || !isOpen) {
    const reason = `${describe(caller)} does not depend on ${written(highest)}`
    return refuse({ code: "undeclared_dependency", tool: name, reason })
  }
  const isQuiet = levels.undeclaredDependency === "allow"
  return grant({ caller, tool: highest, via: undefined, args }, levels, isQuiet ? none : undeclared)
}

const exposed: readonly string[] = ["exposed"]
const undeclared: readonly string[] = ["undeclared_dependency"]

/**
 * May this composition make this call? Its own `depends` say so and nothing else: neither who called it nor any level
 * widens them. A call past the registry is permitted by being written in a composition that was registered. Rules are
 * asked for the caller of the whole: nobody gets through a composition what a rule takes away from him.
 */
export function permitInside(
  catalog: Catalog,
  caller: Caller,
  { tool: by, depends }: Authority,
  target: Exclude<Target, { kind: "agent" }>,
  levels: Pick<Levels, "withheld" | "toolRules">,
  args?: JsonObject,
): Result<Permit> {
  if (target.kind === "direct") {
    const { server, serverVersion, tool: name } = target
    const tool = catalog.directTool(server, serverVersion, name)
    return tool === undefined
      ? refuse({ code: "unknown_tool", tool: name })
      : grant({ caller, tool, via: by, args }, levels, none)
  }
  const tool = registered(target, catalog)
  const isGranted = depends.some((one) => {
    // By what it means: a tool without a version stands for every version of its name.
    return one.type === "tool" && one.name === target.name && registered(one, catalog) === tool
  })
  if (isGranted && tool === undefined) return refuse({ code: "unknown_tool", tool: target.name })
  if (isGranted && tool !== undefined) return grant({ caller, tool, via: by, args }, levels, none)
  const reason = `${written(by)} does not depend on ${written(target)}`
  return refuse({ code: "undeclared_dependency", tool: target.name, reason })
}

/**
 * Proof that a caller may ask a server for what is no tool: its resources, its prompts, completions of both. Only
 * {@link reachOf} makes one. What of them the caller may have is for {@link mayRead} and {@link mayGet} to say.
 */
export interface Reach {
  readonly server: CatalogServer
  readonly rule: ServerRule
  readonly [proof]: true
}

/**
 * The servers that a caller reaches: those of the tools it is shown, and those that configuration exposes to it. A
 * composition reaches none by itself. Asked by every list and every request alike. Pure, and therefore worked out once:
 * the same array for the same agent of a catalog.
 */
export function reachOf(
  catalog: Catalog,
  caller: Caller,
  levels: Levels,
  rules: ServerRules,
): readonly Reach[] {
  const scope = scopeOf(catalog, caller, levels)
  if (scope === undefined) return none
  const who = caller.agent ?? catalog
  const hidden = hiddenFrom(caller, scope, levels)
  const closed = closedTo(caller, rules, levels, { scope, hidden })
  const known = reaches.get(rules) ?? new WeakMap<object, Map<string, readonly Reach[]>>()
  reaches.set(rules, known)
  const kept = known.get(who) ?? new Map<string, readonly Reach[]>()
  known.set(who, kept)
  const key = JSON.stringify([hidden, closed].map((all) => all.map(refOf)))
  const reach = kept.get(key) ?? reached(catalog, caller, { scope, hidden, closed, rules })
  if (kept.size < reachesMax) kept.set(key, reach)
  return reach
}

const none: readonly never[] = []
const reaches = new WeakMap<ServerRules, WeakMap<object, Map<string, readonly Reach[]>>>()

/** How many are kept of one agent, whose callers differ in what rules hide from them. */
const reachesMax = 64

/** Tools of a scope that a rule takes away from this caller, whatever it called them with. */
function hiddenFrom(
  caller: Caller,
  scope: Scope,
  { toolRules }: Pick<Levels, "toolRules">,
): readonly CatalogTool[] {
  if (toolRules === undefined) return none
  return toolRules
    .about(scope)
    .filter((tool) => toolRules.judge({ caller, tool, via: undefined }, undefined).denial)
}

/** Servers with an exposure of which rules take everything away from this caller, or all that is known of their tools. */
function closedTo(
  caller: Caller,
  { exposed }: ServerRules,
  { toolRules }: Pick<Levels, "toolRules">,
  { scope, hidden }: Pick<Shown, "scope" | "hidden">,
): readonly CatalogServer[] {
  if (toolRules === undefined || exposed.length === 0) return none
  const emptied = new Set(hidden.flatMap(serversOf))
  if (emptied.size > 0)
    for (const tool of scope.tools.values())
      if (!hidden.includes(tool)) for (const server of serversOf(tool)) emptied.delete(server)
  return exposed.filter((server) => emptied.has(server) || toolRules.closes(server, caller))
}

interface Shown {
  readonly scope: Scope
  readonly hidden: readonly CatalogTool[]
  readonly closed: readonly CatalogServer[]
  readonly rules: ServerRules
}

function reached(catalog: Catalog, { agent }: Caller, { scope, hidden, closed, rules }: Shown) {
  const shown = new Set<CatalogServer>()
  for (const tool of scope.tools.values())
    if (!hidden.includes(tool)) for (const server of serversOf(tool)) shown.add(server)
  const registered = catalog.servers.filter((server) => shown.has(server))
  const exposed = rules.exposed.filter((server) => {
    const { expose } = rules.of(server)
    return expose !== undefined && !closed.includes(server) && isExposedTo(expose, agent)
  })
  return [...new Set([...registered, ...exposed])].map((server) => {
    return { server, rule: rules.of(server) } as Reach // minted here, as above
  })
}

const serversOf = ({ implementation }: CatalogTool): readonly CatalogServer[] =>
  sourcesOf(implementation).map(({ server }) => server)

/** A tool of several servers is there as long as it is there on one. */
function withheldReason({ implementation }: CatalogTool, withheld: Withheld): string | undefined {
  const reasons = sourcesOf(implementation).map(({ server, tool }) => withheld.reason(server, tool))
  return reasons.includes(undefined) ? undefined : reasons[0]
}

/** Whether a caller with this reach may read the resource; also what a list shows. */
export const mayRead = ({ rule }: Reach, uri: string): boolean => allowsUri(rule.resources, uri)

/** Whether a caller with this reach may get the prompt; also what a list shows. */
export const mayGet = ({ rule }: Reach, prompt: string): boolean => allows(rule.prompts, prompt)

/** What the caller is shown; undefined when it is nobody we serve. No level ever widens the scope of an agent. */
export function scopeOf(catalog: Catalog, caller: Caller, levels: Levels): Scope | undefined {
  if (caller.agent !== undefined) return catalog.scopeOf(caller.agent)
  const policy = catalog.unknownCallerPolicy
  const level = unknownCallerLevel(levels.unknownCaller, policy, caller.name !== undefined)
  return level === "deny" ? undefined : catalog.scopeOf(undefined)
}

/** What a permit is for: the call, or a tool that is not called yet. */
interface Wish {
  readonly caller: Caller
  readonly tool: CatalogTool
  readonly via: Ref | undefined
  readonly args: JsonObject | undefined
}

function grant(
  { caller, tool, via, args }: Wish,
  { toolRules, withheld }: Pick<Levels, "withheld" | "toolRules">,
  noted: readonly string[],
): Result<Permit> {
  const { name, implementation, unavailable } = tool
  const verdict = toolRules?.judge({ caller, tool, via }, args)
  if (verdict?.denial !== undefined) return refuse(denied(verdict.denial, tool))
  const reason = withheld && withheldReason(tool, withheld)
  if (reason !== undefined)
    return refuse({ code: "definition_drift", tool: name, reason, fate: "unsent" })
  if (unavailable !== undefined) {
    return refuse({
      code: "backend_unavailable",
      subject: name,
      reason: unavailable,
      fate: "unsent",
    })
  }
  const missing = implementation.kind === "source" ? missingFor(implementation, caller) : undefined
  if (missing !== undefined) {
    const reason = `the tool needs ${missing}`
    return refuse({ code: "insufficient_trust", reason, challenge: caller.challenge })
  }
  const tried = verdict?.warnings ?? none
  const warnings = tried.length === 0 ? noted : [...noted, ...tried]
  return ok({ caller, tool, warnings } as Permit) // the one cast: here the proof is minted
}

function denied(
  { rule, reason, isAboutArguments, scopes }: Denial,
  { name }: CatalogTool,
): Refusal {
  const refusal = { code: "denied_by_rule", tool: name, reason } as const
  if (isAboutArguments)
    return {
      ...refusal,
      words: rule.message ?? "not with these arguments, by a rule of the gateway",
    }
  return scopes.length === 0 ? refusal : { ...refusal, scopes }
}

const describe = ({ name, version }: Caller) =>
  name === undefined ? "a caller without a name" : written({ name, version })
