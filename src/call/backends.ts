import type { CatalogServer } from "../registry/catalog.ts"
import type { JsonObject } from "../schema/json.ts"
import type { Caller } from "./caller.ts"
import type { Cancellation } from "./cancellation.ts"
import type { Following, FollowRequest } from "./following.ts"
import type { Peer, Rounds } from "./interaction/peer.ts"
import type { Refusal } from "./refusal.ts"
import type { Redacting } from "./results/redaction.ts"
import type { TracedMessage } from "./trace/message.ts"
import type { Span } from "./trace/tracing.ts"

/** The port through which a permitted call leaves: `mcp/backend/` implements it. */
export interface Backends {
  /** Whether any server is called with its caller's own identity. Only then do requests carry their caller's token. */
  readonly takesSubjectTokens?: boolean
  /** Never throws or rejects: what goes wrong is a refusal. A cancellation reaches the backend, too. */
  request(server: CatalogServer, request: BackendRequest): Promise<BackendReply>
  /**
   * What a server lists of one kind, all pages of it. `fresh`: as fresh as the server asks for; where the server must
   * be asked it is given a short while, and after that the answer is what was last known. `known`: what was last known;
   * only a server of which nothing is known is asked. Never rejects. A server that is called with its caller's own
   * identity has a list for each caller, and none without a `subjectToken`.
   */
  list(
    server: CatalogServer,
    kind: ListKind,
    need: "fresh" | "known",
    subjectToken?: SubjectToken,
  ): Promise<Listed>
  /**
   * From now on the follower hears when a list or a resource of the server changes. The server is asked to tell only while
   * somebody follows. Never rejects.
   */
  follow(server: CatalogServer, request: FollowRequest, subjectToken?: SubjectToken): Following
  /** The `capabilities` that the server declared when it was last connected; undefined before. Asks nobody. */
  capabilities(server: CatalogServer, subjectToken?: SubjectToken): JsonObject | undefined
  /**
   * The roots of a client changed, in this session of the legacy era. Passed on to legacy servers, in those of their
   * sessions or processes that belong to this session and were told that it has roots; to nobody else.
   */
  rootsChanged(session: string): void
}

export type ListKind = "tools" | "resources" | "resourceTemplates" | "prompts"

export interface Listed {
  /** As they were sent, to print. The same array until the server lists something else. */
  readonly items: readonly JsonObject[]
  /** The same to look at: without raw JSON (see {@link BackendReply}). */
  readonly plain: readonly JsonObject[]
  /** How long the server lets this be kept from now on, in milliseconds. 0 where it is old already. */
  readonly ttlMs: number
  /** False where the server has never said what it lists. */
  readonly isKnown: boolean
}

/** One request of MCP, `tools/call` and any other, in the words of both eras: a backend's codec adds its envelope. */
export interface BackendRequest {
  readonly method: string
  /** What refusals name: the registry's name of a tool, a URI, a prompt; never the server's own name for it. */
  readonly subject: string
  /** What `Mcp-Name` says: the server's own name of what is asked for, where the method has such a header. */
  readonly name: string | undefined
  /** The server's own names, and no `_meta`. Numbers may stand in it as raw JSON (see `parseExact`). */
  readonly params: JsonObject
  /** The caller's `_meta` without reserved keys; undefined when there is nothing to carry. */
  readonly meta: JsonObject | undefined
  /** The span that it belongs to, where that is traced. */
  readonly span?: Span | undefined
  /** Called when it goes to the server, with the message that it goes as; again each time it is sent again. */
  readonly onSent?: ((message: TracedMessage) => void) | undefined
  /**
   * The caller's own token, where a server is called with that and the caller showed one that was verified: see
   * {@link asCaller}.
   */
  readonly subjectToken?: SubjectToken | undefined
  /** Whose request it is, and in which session of the legacy era; undefined where that makes no difference. */
  readonly caller?: Caller | undefined
  readonly session?: string | undefined
  /** Whom the backend can ask while it works on the request; undefined where nobody can be asked. */
  readonly peer?: Peer | undefined
  /**
   * Set where the caller accepts a result that asks it something, and comes back with the answers. Undefined where the
   * next result has to be final.
   */
  readonly rounds?: Rounds | undefined
  /** What is taken out of what the server says and asks meanwhile; undefined: nothing. */
  readonly redacting?: Redacting | undefined
  /**
   * The caller takes a task in place of the result: what a legacy server is sent as `task`, such as `{ttl}`. A modern one is
   * told that its client has the extension, and decides itself.
   */
  readonly task?: JsonObject | undefined
  /** The registry says that doing it twice does no harm, and nobody else retries it. */
  readonly isRepeatable?: boolean
  readonly cancellation: Cancellation | undefined
  /** The log messages that the caller wants; undefined: none. */
  readonly logs?: LogWish | undefined
  /** Progress and log notifications that belong to this call, in the caller's terms, in order. */
  readonly onNotification: ((notification: JsonObject) => void) | undefined
  /** The server lets us poll for the answer (SEP-1699): the caller may do the same, and hold no stream open. */
  readonly onPause?: (() => void) | undefined
}

/** From which level up a caller wants log messages, in the words of MCP, and whether it has said so itself. */
export interface LogWish {
  readonly level: string
  /** False where the caller never set a level: then a legacy server says what it likes, and a modern one is told this. */
  readonly isStated: boolean
}

/**
 * The caller's own token, verified. It goes to one place only: the token endpoint that configuration names for a server
 * with token exchange (RFC 8693), and never to a server. It lives as long as the request.
 */
export interface SubjectToken {
  /** Equal for the same caller with tokens that say the same: what was exchanged for one holds for the other. */
  readonly key: string
  /** A function, so that what prints a request does not print the token. */
  reveal(): string
}

export type BackendReply =
  /**
   * The result as it was sent. Where it may hold numbers that a double cannot carry, `result` is to be printed only
   * (those numbers stand in it as raw JSON) and `plain` is the same with doubles, to be looked at and validated.
   */
  | {
      readonly kind: "result"
      readonly result: JsonObject
      readonly plain?: JsonObject
      /** `result` as JSON text, where somebody has printed it already. */
      readonly text?: string
    }
  /** The backend's own JSON-RPC error, relayed as it is. */
  | { readonly kind: "error"; readonly error: RpcError }
  | { readonly kind: "refusal"; readonly refusal: Refusal }

export interface RpcError {
  readonly code: number
  readonly message: string
  readonly data?: unknown
}

export const refused = (refusal: Refusal): BackendReply => ({ kind: "refusal", refusal })
