import type { Ref } from "../../registry/model.ts"
import type { Era } from "../revisions.ts"
import type { TokenStatus } from "./credentials/server-credentials.ts"
import type { FailureKind } from "./failure.ts"
import type { Link } from "./link.ts"

export type BackendState = "idle" | "connecting" | "up" | "down" | "closing"

/** How one server version is doing. */
export interface Status {
  readonly server: Ref
  readonly transport: Link["transport"]
  readonly era: Era | undefined
  readonly state: BackendState
  /** The last failure since the start, whatever came after it: `state` says how it is, this what there was. */
  readonly lastError: FailureKind | undefined
  /** When that was, in ISO 8601. */
  readonly lastErrorAt: string | undefined
  readonly inFlight: number
  readonly queued: number
  /** Since the start, refused ones included. */
  readonly calls: number
  /** How often a connection or process that was up was lost. */
  readonly restarts: number
  readonly pid: number | undefined
  /** Messages that fitted nothing we asked, and output that is no message. */
  readonly strays: number
  /** How many tools the server offered when its list was last read; undefined before. */
  readonly toolCount: number | undefined
  /** Tools that the registry says the server provides and that were not in its list. */
  readonly missing: readonly string[]
  /** Lists and resources of the server whose changes somebody follows. */
  readonly followed: number
  /** The state of its tokens, where it is called with tokens. */
  readonly tokens: TokenStatus | undefined
  /** Callers with connections of their own, where the server is called with its callers' identities. */
  readonly callers?: number
  /** Processes, where its callers do not share one. */
  readonly processes?: number
}
