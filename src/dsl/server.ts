import type { JsonObject, JsonSchema, ServerMember } from "../registry/model.ts"
import { type About, type Definition, defines, type Notes, named, refers } from "./definition.ts"
import type { Exact } from "./exact.ts"
import { type Operation, operates } from "./operation.ts"
import { madeBy } from "./site.ts"
import type { Predicate } from "./spelled.ts"

declare const sourceType: unique symbol

/** Where a tool comes from; made by `server.tool` and `anyOf`. */
export interface Source {
  readonly [sourceType]: true
}

/** A tool that a server provides, under its name there. */
export interface Provided<N extends string = string, V extends string = string> extends Notes {
  readonly tool: N
  readonly version?: Exact<V>
  readonly inputSchema?: JsonSchema
  readonly outputSchema?: JsonSchema
  /** What the server says of the tool (MCP `Tool`), for tools that say nothing else of themselves. */
  readonly title?: string
  readonly description?: string
  readonly annotations?: JsonObject
  readonly execution?: JsonObject
  readonly icons?: readonly JsonObject[]
}

export interface SourceOptions extends Notes {
  /** Arguments that are added to every call; `${NAME}` is filled from the gateway's environment. */
  readonly defaults?: JsonObject
  /** Arguments that nobody sees and nobody may give. */
  readonly hideFields?: readonly string[]
  /** How the tool takes an idempotency key. */
  readonly idempotency?: JsonObject
}

export interface MemberOptions extends Notes {
  /** Its name on this server, where it is another. */
  readonly tool?: string
  /** On the arguments: only then is the server asked. */
  readonly when?: string | Predicate
}

/** One of several servers of a source. */
export interface Member {
  readonly kind: "member"
}

/** A server of the registry; `N` are the tools that it provides. */
export interface Server<N extends string = string> {
  readonly kind: "server"
  readonly name: string
  readonly version: string | undefined
  /** The source of a tool: one that the server provides. */
  readonly tool: (name: N, options?: SourceOptions) => Source
  /** A direct call, in a composition, of what nobody registered as a tool. */
  readonly call: (name: N) => Operation
  /** The server as one of several. */
  readonly member: (options: MemberOptions) => Member
}

export interface ServerOptions<N extends string, V extends string> extends About {
  readonly provides?: readonly Provided<N, V>[]
}

/** A server in one version, and what it provides. Where it lives is for the configuration to say. */
export function server<
  const V extends string,
  const N extends string = never,
  const W extends string = never,
>(
  name: string,
  version: Exact<V> | undefined,
  { provides = [], ...about }: ServerOptions<N, W> = {},
): Server<N> {
  const entity = madeBy(server, { ...named(name, version), ...about, provides })
  return serverValue(name, version, { section: "servers", entity })
}

/** A server that is defined elsewhere; `validate` says when it is not. */
export const serverNamed = <const V extends string>(name: string, version?: Exact<V>): Server =>
  serverValue(name, version)

/** Servers of a source, as a document has them. */
const members = new WeakMap<object, object>()

function serverValue<N extends string>(
  name: string,
  version: string | undefined,
  definition?: Definition,
): Server<N> {
  const at: ServerMember = {
    server: name,
    ...(version !== undefined && { serverVersion: version }),
  }
  const own: Server<N> = {
    kind: "server",
    name,
    version,
    tool: (tool, options = {}) => {
      const json = refers(madeBy(own.tool, { ...at, tool, ...options }), own)
      return json as typeof json & Source
    },
    call: (tool) => operates({}, { tool: refers({ name: tool, ...at }, own) }),
    member: (options) => {
      const value: Member = { kind: "member" }
      members.set(value, refers(madeBy(own.member, { ...at, ...options }), own))
      return value
    },
  }
  if (definition !== undefined) defines(own, definition)
  members.set(own, refers({ ...at }, own))
  return own
}

export interface SeveralOptions extends SourceOptions {
  readonly select?: "first_available" | "round_robin"
}

/** A source on several servers that provide the same tool, in the order of preference. */
export function anyOf<const N extends string>(
  tool: N,
  servers: readonly (Server<NoInfer<N>> | Member)[],
  options: SeveralOptions = {},
): Source {
  const written = servers.map((each) => members.get(each))
  const json = madeBy(anyOf, { servers: written, tool, ...options })
  return json as typeof json & Source
}
