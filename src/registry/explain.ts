import { nearest } from "../schema/nearest.ts"
import type { Catalog, CatalogAgent, CatalogTool, ChosenServer } from "./catalog.ts"
import { type Dependency, type Json, type Ref, refOf, type Select } from "./model.ts"

/** Where a call of a tool goes. */
export type Route =
  | ({ readonly kind: "server" } & Stop)
  /** One of them, as `select` says. */
  | { readonly kind: "servers"; readonly select: Select; readonly among: readonly Stop[] }
  | {
      readonly kind: "composition"
      readonly pattern: string
      readonly depends: readonly Dependency[]
    }

/** A server, and its own name for the tool. */
export interface Stop {
  readonly server: Ref
  readonly tool: string
  /** The calls that it takes, where it does not take all. */
  readonly when?: Json
}

/** Why an agent may call a tool, or why not. */
export type ToolExplanation =
  /** It sees and may call it, because of this dependency. */
  | {
      readonly kind: "granted"
      readonly tool: Ref
      readonly dependency: Dependency | undefined
      readonly route: Route
    }
  /** It depends on it, and it cannot be used. */
  | {
      readonly kind: "unavailable"
      readonly tool: Ref
      readonly dependency: Dependency | undefined
      readonly reason: string
    }
  /** It depends on another version than the one asked for: under the plain name it calls that one. */
  | { readonly kind: "other_version"; readonly tool: Ref; readonly sees: Ref }
  /** It names it in `depends`, in a version that is not registered. */
  | {
      readonly kind: "unresolved_dependency"
      readonly tool: Ref
      readonly dependency: Dependency
      readonly registered: readonly string[]
    }
  /** No tool has the name (or, where one was asked for, the version). */
  | {
      readonly kind: "not_registered"
      readonly tool: Ref
      readonly registered: readonly string[]
      readonly nearest: string | undefined
    }
  /** The tool exists and the agent does not depend on it. */
  | {
      readonly kind: "not_in_depends"
      readonly tool: Ref
      readonly registered: readonly string[]
      /** The agent declares no dependencies at all, not even none. */
      readonly declaresNothing: boolean
      /** Tools that it may call and that call this one for it: that reveals nothing of their parts. */
      readonly calledBy: readonly Ref[]
    }

export type AgentLookup =
  | { readonly found: true; readonly agent: CatalogAgent; readonly versionAssumed: boolean }
  | {
      readonly found: false
      readonly agent: Ref
      readonly registered: readonly string[]
      readonly nearest: string | undefined
    }

export interface ScopeExplanation {
  readonly lookup: AgentLookup
  /** What it sees or would see, in name order. */
  readonly tools: readonly ToolExplanation[]
  /** Dependencies on tools that are not registered: they grant nothing. */
  readonly unresolved: readonly ToolExplanation[]
  /** Skills of agents that it may call. */
  readonly agents: readonly Dependency[]
}

/** What an agent may call, each with the dependency that grants it, and what it names in vain. */
export function explainScope(catalog: Catalog, ref: Ref): ScopeExplanation {
  const lookup = lookUpAgent(catalog, ref)
  if (!lookup.found) return { lookup, tools: [], unresolved: [], agents: [] }
  const { agent } = lookup
  const depends = agent.entity.depends ?? []
  const unresolved = depends.filter(
    (dependency) => dependency.type === "tool" && grantedBy(agent, dependency) === undefined,
  )
  return {
    lookup,
    tools: [...agent.scope.tools.values()].map((tool) => explainSeen(agent, tool)),
    unresolved: unresolved.map((dependency) => explainUnresolved(catalog, dependency)),
    agents: depends.filter(({ type }) => type === "agent"),
  }
}

/** Why an agent may or may not call the tool `tool`, in whatever version it depends on, or in the one asked for. */
export function explainTool(
  catalog: Catalog,
  ref: Ref,
  tool: Ref,
): { readonly lookup: AgentLookup; readonly tool: ToolExplanation | undefined } {
  const lookup = lookUpAgent(catalog, ref)
  return { lookup, tool: lookup.found ? explainFor(catalog, lookup.agent, tool) : undefined }
}

/** One tool, whoever may call it. */
export type ToolLookup =
  | {
      readonly found: true
      readonly tool: CatalogTool
      readonly route: Route
      readonly seenBy: readonly Ref[]
    }
  | { readonly found: false; readonly explained: ToolExplanation }

/** The tool of this name, in its highest version where none is asked for, and the agents that see it. */
export function lookUpTool(catalog: Catalog, ref: Ref): ToolLookup {
  const tool = catalog
    .toolsNamed(ref.name)
    .find(
      ({ version }) =>
        ref.version === undefined || version === undefined || version === ref.version,
    )
  if (tool === undefined)
    return { found: false, explained: notRegistered(catalog, ref, versionsOf(catalog, ref.name)) }
  const seenBy = catalog.agents
    .filter(({ scope }) => scope.tools.get(tool.name) === tool)
    .map(refOf)
  return { found: true, tool, route: routeOf(tool), seenBy }
}

function lookUpAgent(catalog: Catalog, ref: Ref): AgentLookup {
  const match = catalog.findAgent(ref.name, ref.version)
  if (match.found) return match
  const near =
    match.registered.length > 0
      ? undefined
      : nearest(
          ref.name,
          catalog.agents.map(({ name }) => name),
        )
  return { found: false, agent: ref, registered: match.registered, nearest: near }
}

function explainFor(catalog: Catalog, agent: CatalogAgent, asked: Ref): ToolExplanation {
  const seen = agent.scope.tools.get(asked.name)
  if (seen !== undefined) {
    // A tool without a version stands for every one.
    const isAsked =
      [asked.version, seen.version].includes(undefined) || asked.version === seen.version
    return isAsked
      ? explainSeen(agent, seen)
      : { kind: "other_version", tool: asked, sees: refOf(seen) }
  }
  const named = agent.entity.depends?.find(
    ({ type, name, version }) =>
      type === "tool" &&
      name === asked.name &&
      (asked.version === undefined || asked.version === version),
  )
  if (named !== undefined) return explainUnresolved(catalog, named)
  const registered = versionsOf(catalog, asked.name)
  return isRegistered(catalog, asked)
    ? notInDepends(agent, asked, registered)
    : notRegistered(catalog, asked, registered)
}

function explainSeen(agent: CatalogAgent, tool: CatalogTool): ToolExplanation {
  const dependency = agent.entity.depends?.find(
    (candidate) => candidate.type === "tool" && grantedBy(agent, candidate) === tool,
  )
  const { unavailable } = tool
  if (unavailable !== undefined)
    return { kind: "unavailable", tool: refOf(tool), dependency, reason: unavailable }
  return { kind: "granted", tool: refOf(tool), dependency, route: routeOf(tool) }
}

/** The tool that a dependency put into the agent's scope. An unversioned tool stands for every version. */
function grantedBy(
  { scope }: CatalogAgent,
  { name, version }: Dependency,
): CatalogTool | undefined {
  const tool = scope.tools.get(name)
  if (tool === undefined || version === undefined || tool.version === undefined) return tool
  return tool.version === version ? tool : undefined
}

function routeOf({ implementation, entity }: CatalogTool): Route {
  if (implementation.kind === "composition")
    return {
      kind: "composition",
      pattern: implementation.pattern,
      depends: entity.depends ?? [],
    }
  const { choice } = implementation
  if (choice === undefined) return { kind: "server", ...stopOf(implementation) }
  return { kind: "servers", select: choice.select, among: choice.among.map(stopOf) }
}

const stopOf = ({ server, tool, when }: ChosenServer): Stop => ({
  server: refOf(server),
  tool,
  ...(when !== undefined && { when }),
})

const explainUnresolved = (catalog: Catalog, dependency: Dependency): ToolExplanation => ({
  kind: "unresolved_dependency",
  tool: refOf({ name: dependency.name, version: dependency.version }),
  dependency,
  registered: versionsOf(catalog, dependency.name),
})

const notRegistered = (
  catalog: Catalog,
  tool: Ref,
  registered: readonly string[],
): ToolExplanation => ({
  kind: "not_registered",
  tool,
  registered,
  nearest:
    registered.length > 0
      ? undefined
      : nearest(
          tool.name,
          catalog.tools.map(({ name }) => name),
        ),
})

const notInDepends = (
  { scope, entity }: CatalogAgent,
  tool: Ref,
  registered: readonly string[],
): ToolExplanation => ({
  kind: "not_in_depends",
  tool,
  registered,
  declaresNothing: entity.depends === undefined,
  calledBy: [...scope.tools.values()].filter((candidate) => calls(candidate, tool)).map(refOf),
})

/** Whether a composition may itself call `tool`, in the version asked for. */
function calls({ entity, implementation }: CatalogTool, tool: Ref): boolean {
  if (implementation.kind !== "composition") return false
  return (entity.depends ?? []).some(
    ({ type, name, version }) =>
      type === "tool" &&
      name === tool.name &&
      (tool.version === undefined || version === undefined || version === tool.version),
  )
}

function isRegistered(catalog: Catalog, { name, version }: Ref): boolean {
  const tools = catalog.toolsNamed(name)
  return version === undefined
    ? tools.length > 0
    : tools.some((tool) => tool.version === version || tool.version === undefined)
}

const versionsOf = (catalog: Catalog, name: string): readonly string[] =>
  catalog.toolsNamed(name).flatMap(({ version }) => version ?? [])
