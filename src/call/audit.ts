import type { Ref } from "../registry/model.ts"
import type { JsonObject } from "../schema/json.ts"
import type { Caller } from "./caller.ts"
import type { RefusalCode } from "./refusal.ts"

/** One decision, before the sink gives it its place in the chain (`seq`, `prev`). See docs/reference/audit.md. */
export interface AuditRecord {
  readonly kind:
    | "call"
    | "list"
    | "session"
    | "identity"
    | "catalog"
    | "config"
    | "checkpoint"
    | "recovered"
    | "begin"
  readonly id: string
  /** Milliseconds since the epoch. */
  readonly timeMs: number
  readonly trace: string | undefined
  readonly era: "legacy" | "modern" | undefined
  readonly method: string | undefined
  readonly caller: Caller | undefined
  readonly remote: string | undefined
  readonly target: Ref | undefined
  readonly server: Ref | undefined
  readonly decision: "allow" | "refuse" | "note"
  readonly refusal: RefusalCode | undefined
  /** The internal reason of a refusal. */
  readonly reason: string | undefined
  readonly warnings: readonly string[]
  readonly outcome: "ok" | "tool_error" | "rpc_error" | "refused" | "bug" | undefined
  readonly ms: number | undefined
  readonly backendMs: number | undefined
  readonly in: Digested | undefined
  readonly out: Digested | undefined
  readonly catalog: string | undefined
  /** What only this kind of record has. */
  readonly note?: JsonObject
}

/** What stands in the audit for arguments and results: never the values. */
export interface Digested {
  readonly digest: string
  readonly bytes: number
}
