import type { Draft, Knob, Knobs } from "../draft.ts"
import type {
  AgentEntity,
  CallSite,
  Dependency,
  OneServer,
  Provision,
  SchemaEntity,
  ServerEntity,
  SourceServer,
  ToolEntity,
} from "../model.ts"
import type { Problem, Report } from "../problem.ts"
import { Named } from "./named.ts"

/** What the references of a document mean: for each one the entity, or nothing where there is none. */
export interface Links {
  readonly schemas: Named<SchemaEntity>
  /** Declared servers only. */
  readonly servers: Named<ServerEntity>
  readonly tools: Named<ToolEntity>
  readonly agents: Named<AgentEntity>
  /** In the order in which they are first named. */
  readonly impliedServers: readonly ImpliedServer[]
  /** By each server that a source names: see `serversOf`. */
  readonly sources: ReadonlyMap<OneServer | SourceServer, SourceLink>
  /** What an agent or tool may call: written, expanded or derived. Empty where nothing was declared. */
  readonly depends: ReadonlyMap<ToolEntity | AgentEntity, readonly DependencyLink[]>
  /** Compositions whose `depends` was drawn from their calls. */
  readonly derived: ReadonlySet<ToolEntity>
  readonly calls: ReadonlyMap<CallSite, CallLink>
  /** Agents that are reached as MCP servers. */
  readonly endpoints: ReadonlyMap<AgentEntity, ServerEntity>
}

/** A server nobody declared, and the first place that names it. */
export interface ImpliedServer extends ServerEntity {
  readonly implied: true
  readonly provides: Provision[]
}

export interface SourceLink {
  readonly server: ServerEntity | undefined
  readonly provision: Provision | undefined
}

export type Target =
  | { readonly kind: "tool"; readonly entity: ToolEntity }
  | { readonly kind: "agent"; readonly entity: AgentEntity }

export interface DependencyLink {
  /** As written, or for expanded and derived ones as it would be. */
  readonly dependency: Dependency
  /** The registered name it means: without a `virtual_` that the origin's documents put before names. */
  readonly name: string
  /** Where it is written; for derived ones the call. */
  readonly pointer: string
  readonly target: Target | undefined
}

export interface CallLink {
  /** The registered name of a registry or agent call. */
  readonly name: string
  readonly target: Target | undefined
  readonly skill: string | undefined
  /** Direct calls. */
  readonly source: SourceLink | undefined
}

/** What resolving is given, and the links it is making. */
export interface Resolving {
  readonly draft: Draft
  readonly knobs: Knobs
  readonly report: Report
  readonly links: {
    readonly schemas: Named<SchemaEntity>
    readonly servers: Named<ServerEntity>
    readonly tools: Named<ToolEntity>
    readonly agents: Named<AgentEntity>
    readonly impliedServers: ImpliedServer[]
    readonly sources: Map<OneServer | SourceServer, SourceLink>
    readonly depends: Map<ToolEntity | AgentEntity, readonly DependencyLink[]>
    readonly derived: Set<ToolEntity>
    readonly calls: Map<CallSite, CallLink>
    readonly endpoints: Map<AgentEntity, ServerEntity>
  }
  /** Implied servers by name and version, and what each provides by tool. */
  readonly implied: Named<ImpliedServer>
  readonly provisions: Map<ServerEntity, Map<string, Provision>>
  /** The tools whose source is on a server, in the order of the document. */
  readonly toolsOn: Map<ServerEntity, ToolEntity[]>
}

export const beginResolving = (draft: Draft, knobs: Knobs, report: Report): Resolving => ({
  draft,
  knobs,
  report,
  links: {
    schemas: new Named(),
    servers: new Named(),
    tools: new Named(),
    agents: new Named(),
    impliedServers: [],
    sources: new Map(),
    depends: new Map(),
    derived: new Set(),
    calls: new Map(),
    endpoints: new Map(),
  },
  implied: new Named(),
  provisions: new Map(),
  toolsOn: new Map(),
})

/** Reports a problem whose severity is the operator's to choose. */
export function reportAs(knob: Knob, report: Report, problem: Omit<Problem, "severity">): void {
  if (knob !== "ignore") report({ ...problem, severity: knob })
}
