import type { CatalogServer } from "../registry/catalog.ts"
import type { JsonObject } from "../schema/json.ts"
import type { Cancellation } from "./cancellation.ts"
import type { Refusal } from "./refusal.ts"

/** The port through which a permitted call leaves: `mcp/backend/` implements it. */
export interface Backends {
  /** Never throws or rejects: what goes wrong is a refusal. A cancellation reaches the backend, too. */
  call(server: CatalogServer, request: BackendRequest): Promise<BackendReply>
}

export interface BackendRequest {
  /** The registry's name of the tool, for the words of refusals. */
  readonly tool: string
  /** The tool's name on the server. */
  readonly name: string
  readonly arguments: JsonObject | undefined
  /** The caller's `_meta` without reserved keys; undefined when there is nothing to carry. */
  readonly meta: JsonObject | undefined
  readonly cancellation: Cancellation | undefined
  /** Progress and log notifications that belong to this call, in the caller's terms, in order. */
  readonly onNotification: ((notification: JsonObject) => void) | undefined
}

export type BackendReply =
  /**
   * The result as it was sent. Where it may hold numbers that a double cannot carry, `result` is to be printed only
   * (those numbers stand in it as raw JSON) and `plain` is the same with doubles, to be looked at and validated.
   */
  | { readonly kind: "result"; readonly result: JsonObject; readonly plain?: JsonObject }
  /** The backend's own JSON-RPC error, relayed as it is. */
  | { readonly kind: "error"; readonly error: RpcError }
  | { readonly kind: "refusal"; readonly refusal: Refusal }

export interface RpcError {
  readonly code: number
  readonly message: string
  readonly data?: unknown
}
