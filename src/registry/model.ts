import type { Json, JsonObject, JsonSchema } from "../schema/json.ts"

/** Identity of an entity of one kind. Without a version only where the document wrote none. */
export interface Ref {
  readonly name: string
  readonly version?: string
}

/** What is known by name and version, whether it says that it has none or has no such member. */
type Named = { readonly name: string; readonly version?: string | undefined }

/** The identity of an entity, without more. */
export const refOf = ({ name, version }: Named): Ref =>
  version === undefined ? { name } : { name, version }

/** How a ref is written for people: `name@version`. */
export const written = ({ name, version }: Named): string =>
  version === undefined ? name : `${name}@${version}`

/** The key of a ref in maps: a name holds no `@`, so no two refs share one. */
export const refKey = (name: string, version: string | undefined): string =>
  `${name}@${version ?? ""}`

/**
 * The canonical form of a registry document: seed 004's v2, no dialect left. It is plain JSON and what
 * `postern migrate` prints. Nothing behind the normaliser knows another form.
 */
export interface RegistryDocument {
  readonly schemaVersion: string
  readonly description?: string
  readonly metadata?: JsonObject
  readonly unknownCallerPolicy?: UnknownCallerPolicy
  readonly schemas: readonly SchemaEntity[]
  readonly servers: readonly ServerEntity[]
  readonly tools: readonly ToolEntity[]
  readonly agents: readonly AgentEntity[]
  /** Members that begin with `$` or `x-`: carried, without meaning. */
  readonly extra: JsonObject
}

export type UnknownCallerPolicy = "allowAll" | "denyAll" | "allowUnregistered"

export interface Entity extends Ref {
  readonly description?: string
  readonly metadata?: JsonObject
  readonly deprecated?: boolean
  readonly deprecationMessage?: string
  readonly extra: JsonObject
}

export interface SchemaEntity extends Entity {
  readonly schema: JsonSchema
}

export interface ServerEntity extends Entity {
  readonly provides: readonly Provision[]
  /** Not written in the document: drawn from the sources and direct calls that name it. */
  readonly implied?: true
}

/** A tool that a server offers under `tool`, and its contract where it is written. */
export interface Provision {
  readonly tool: string
  readonly version?: string
  readonly inputSchema?: JsonSchema
  readonly outputSchema?: JsonSchema
  /** What the server says of the tool (MCP `Tool`), for tools that say nothing else of themselves. */
  readonly title?: string
  readonly description?: string
  readonly annotations?: JsonObject
  readonly execution?: JsonObject
  /** MCP `Icon`s. */
  readonly icons?: readonly JsonObject[]
  readonly extra: JsonObject
}

export interface ToolEntity extends Entity {
  readonly title?: string
  readonly annotations?: JsonObject
  /** Of tools with a source: whether legacy callers may call it as a task (MCP `ToolExecution`). */
  readonly execution?: JsonObject
  /** Shown to callers (MCP `Icon`). */
  readonly icons?: readonly JsonObject[]
  readonly tags?: readonly string[]
  /** Exactly one of source and spec in a sound document. */
  readonly source?: ToolSource
  /** In canonical spelling; see registry/spec/. */
  readonly spec?: JsonObject
  /** Absent: derived from the calls. Empty: nothing may be called. */
  readonly depends?: readonly Dependency[]
  readonly inputSchema?: JsonSchema
  readonly outputSchema?: JsonSchema
  readonly outputTransform?: JsonObject
}

/** Where a tool comes from: one server, or several that provide the same tool. */
export type ToolSource = OneServer | SeveralServers

/** A server, in the exact version that a call goes to. */
export interface ServerMember {
  readonly server: string
  readonly serverVersion?: string
}

interface SourceMembers {
  /** Its name on the server. */
  readonly tool: string
  readonly defaults?: JsonObject
  readonly hideFields?: readonly string[]
  /** How the tool takes an idempotency key: `{argument: "name"}`, `{header: true}` or `{meta: true}`. */
  readonly idempotency?: JsonObject
  readonly extra: JsonObject
}

export interface OneServer extends ServerMember, SourceMembers {
  readonly servers?: undefined
  readonly when?: undefined
}

export interface SeveralServers extends SourceMembers {
  /** In the order of preference; at least one. */
  readonly servers: readonly SourceServer[]
  /** Absent: `first_available`. */
  readonly select?: Select
}

export const selects = ["first_available", "round_robin"] as const
export type Select = (typeof selects)[number]

export interface SourceServer extends ServerMember {
  /** Its name on this server, where it is another. */
  readonly tool?: string
  /** On the arguments, CEL or a predicate: only then is the server asked. */
  readonly when?: Json
  readonly extra: JsonObject
}

/** Every server that a source may draw on. What is found out about each is kept under these objects. */
export const serversOf = (source: ToolSource): readonly (OneServer | SourceServer)[] =>
  source.servers ?? [source]

export interface Dependency {
  readonly type: "tool" | "agent"
  readonly name: string
  readonly version?: string
  readonly skill?: string
}

export interface AgentEntity extends Ref {
  /** The A2A card, carried verbatim but for dialect forms; its SBOM extension is written from `depends`. */
  readonly card: JsonObject
  readonly skills: readonly Skill[]
  readonly deprecated?: boolean
  readonly deprecationMessage?: string
  /** Undefined when the agent declares no SBOM at all: it may call nothing, like `[]`. */
  readonly depends?: readonly Dependency[]
}

export interface Skill {
  readonly id: string
  readonly inputSchema?: JsonSchema
  readonly outputSchema?: JsonSchema
}

/** A call written in a composition, after reading; `pointer` is "the call" of the problem table. */
export interface CallSite {
  readonly kind: "tool" | "agent" | "direct"
  readonly name: string
  readonly version?: string
  /** Direct calls: the server, and how it was spelled (a `target` may imply a server). */
  readonly server?: string
  readonly serverVersion?: string
  readonly spelledTarget?: true
  readonly skill?: string
  readonly pointer: string
  /** The member that holds the name, for `virtual_prefix_stripped`. */
  readonly namePointer: string
  /** Names the place of this call in the canonical spec: the object (or array) and key to pin on migrate. */
  readonly place: { readonly holder: object; readonly key: string | number }
}

/** What reading a spec found: its canonical form is `ToolEntity.spec`. */
export interface Composition {
  readonly pattern: string
  readonly calls: readonly CallSite[]
  /** Chooses callees at run time (recipientList, capabilityRouter, `choose`): needs explicit `depends`. */
  readonly isDynamic: boolean
  /** Where a dynamic pattern stands, for `depends_required`. */
  readonly dynamicPointer?: string
}

export type { Json, JsonObject, JsonSchema }
