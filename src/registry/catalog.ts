import type { Json, JsonObject, JsonSchema } from "../schema/json.ts"
import type { Template } from "./compile/defaults.ts"
import type {
  AgentEntity,
  RegistryDocument,
  Select,
  ServerEntity,
  ToolEntity,
  UnknownCallerPolicy,
} from "./model.ts"

/**
 * All that may be asked of a sound registry document: made once per document, never changed. A request takes one
 * reference to the current catalog and keeps it to its end; a reload swaps the reference.
 */
export interface Catalog {
  /** `sha256:` and 64 hex digits over the canonical form: spelling and comments do not change it. */
  readonly digest: string
  readonly document: RegistryDocument
  readonly unknownCallerPolicy: UnknownCallerPolicy | undefined
  readonly servers: readonly CatalogServer[]
  readonly tools: readonly CatalogTool[]
  readonly agents: readonly CatalogAgent[]
  /** Every registered version of `name`, highest first; empty when there is none. */
  toolsNamed(name: string): readonly CatalogTool[]
  tool(name: string, version: string | undefined): CatalogTool | undefined
  /** A tool of a server that a composition calls past the registry; undefined when none does. */
  directTool(server: string, version: string | undefined, tool: string): CatalogTool | undefined
  /** The rule of callers without a version: one registered version is assumed, several are ambiguous. */
  findAgent(name: string, version: string | undefined): AgentMatch
  /** The agent whose card's `url` is exactly this one, if exactly one has it. */
  agentByUrl(url: string): CatalogAgent | undefined
  /** Every tool in its highest version: what an unknown caller sees where configuration allows it. */
  readonly everything: Scope
  /** What an agent of this catalog is shown; without one, what an unknown caller is. */
  scopeOf(agent: CatalogAgent | undefined): Scope
}

export type AgentMatch =
  | { readonly found: true; readonly agent: CatalogAgent; readonly versionAssumed: boolean }
  | { readonly found: false; readonly registered: readonly string[] }

/** What one agent may see and call: exactly what its `depends` resolved to, by plain name, in name order. */
export interface Scope {
  readonly tools: ReadonlyMap<string, CatalogTool>
}

export interface CatalogAgent {
  readonly name: string
  readonly version: string | undefined
  readonly entity: AgentEntity
  readonly scope: Scope
}

export interface CatalogServer {
  readonly name: string
  readonly version: string | undefined
  readonly entity: ServerEntity
}

export interface CatalogTool {
  readonly name: string
  readonly version: string | undefined
  readonly entity: ToolEntity
  readonly implementation: SourceImplementation | CompositionImplementation
  /** What callers are shown; self-contained schemas; computed at first use. */
  readonly shown: ShownTool
  /** For a tool that nobody registered and that configuration lets through: as its server defines it, to print. */
  readonly definition?: JsonObject
  /** Why it cannot be listed or called (an unresolved reference, a missing variable), if so. */
  readonly unavailable: string | undefined
}

/** A tool as one server has it. */
export interface ServerTool {
  readonly server: CatalogServer
  /** The name on the server. */
  readonly tool: string
  /** The provision's contract: checked after defaults are added. Self-contained. */
  readonly inputSchema: JsonSchema | undefined
}

/** A tool of a server; of several the first, and `choice` has them all. */
export interface SourceImplementation extends ServerTool {
  readonly kind: "source"
  readonly choice: ServerChoice | undefined
  /** Arguments that are added in every call; `${NAME}` already replaced. */
  readonly defaults: JsonObject
  /** The same for arguments that depend on who calls. */
  readonly perCaller: ReadonlyMap<string, Template>
  readonly hidden: ReadonlySet<string>
}

/** The servers that provide one tool, in the order of the document. */
export interface ServerChoice {
  readonly select: Select
  readonly among: readonly ChosenServer[]
}

export interface ChosenServer extends ServerTool {
  /** CEL or a predicate on the arguments, defaults included: whether the server takes such calls; absent: all. */
  readonly when?: Json
}

export interface CompositionImplementation {
  readonly kind: "composition"
  readonly pattern: string
  /** The servers whose tools it calls past the registry. */
  readonly direct: readonly CatalogServer[]
}

export interface ShownTool {
  readonly title: string | undefined
  readonly description: string | undefined
  /** Root is `type: "object"`; hidden fields are gone, fields with defaults are not required. */
  readonly inputSchema: JsonObject
  readonly outputSchema: JsonSchema | undefined
  readonly annotations: JsonObject | undefined
  /** For legacy callers only: the modern era has tasks without it. */
  readonly execution?: JsonObject | undefined
  readonly icons?: readonly JsonObject[] | undefined
}
